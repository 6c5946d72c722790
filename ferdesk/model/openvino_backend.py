"""The network on OpenVINO: the default on a CPU, several times faster than eager torch there.

Imports no torch: what torch has to do is done once, in `conversion`.
"""

from __future__ import annotations

import io
from collections import deque
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.purified import FIELDS, Purified, concatenate
from ferdesk.quiet_openvino import ov

Precision = Literal["f32", "bf16"]
Models = tuple[ov.Model, ov.Model]
Blobs = tuple[bytes, bytes]


def capabilities(core: ov.Core) -> list[str]:
    """What OpenVINO says this CPU can do."""
    return list(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def _compiled(
    core: ov.Core, model: ov.Model | bytes, threads: int, streams: int, kind: Precision
) -> Any:
    settings = {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": kind,
        # Pinned threads wake up later beside MediaPipe's.
        "ENABLE_CPU_PINNING": False,
    }
    if isinstance(model, bytes):
        return core.import_model(io.BytesIO(model), "CPU", settings)
    return core.compile_model(model, "CPU", settings)


class _Request:
    """One face at a time through both models."""

    def __init__(self, inputs: Any, answer: Any) -> None:
        self._inputs, self._answer = inputs.create_infer_request(), answer.create_infer_request()
        self._takes_geometry = len(inputs.inputs) == 2
        for i in range(len(answer.inputs)):
            self._answer.set_input_tensor(i, self._inputs.get_output_tensor(i))

    def begin(self, crop: NDArray[np.uint8], known: NDArray[np.float32]) -> None:
        face: dict[int, NDArray[Any]] = {0: crop[None]}
        if self._takes_geometry:
            face[1] = known[None]
        self._inputs.infer(face, share_inputs=True, share_outputs=True)
        self._answer.start_async()

    def end(self) -> Purified[NDArray[np.float32]]:
        self._answer.wait()
        outputs = (self._answer.get_output_tensor(i).data.copy() for i in range(len(FIELDS)))
        return Purified(*outputs)


class OpenVinoBackend:
    """One compiled batch-1 model; several faces run one by one, or as many side by side as it has
    streams.

    That costs nothing on a CPU, keeps every face's answer independent of the others and spares the
    recompilation that a changing batch size would cause.
    """

    def __init__(
        self,
        models: Models | Blobs,
        threads: int,
        precision: Precision | None = None,
        streams: int = 1,
    ) -> None:
        """`models`: what takes (1, S, S, 3) uint8, and (1, GEOMETRY_SIZE) where the network wants
        it, and what takes its outputs; or both compiled, with as many `streams`.

        `precision` None: bf16 on CPUs with units for it, where it saves a third of the time.
        `streams` share the threads: 1 for a large network, which several threads make faster; as
        many as threads for a small one, where a second thread only waits for the first. Raises
        RuntimeError for blobs that OpenVINO cannot import.
        """
        core = ov.Core()
        if precision is None:
            precision = "bf16" if "BF16" in capabilities(core) else "f32"
        self.precision: Precision = precision
        self.streams = streams
        self.name = "OpenVINO (CPU, bf16)" if precision == "bf16" else "OpenVINO (CPU)"
        # Grey values between 0 and 255 lose their fractions in bf16, which costs accuracy.
        kinds: tuple[Precision, Precision] = ("f32", precision)
        self._compiled = [
            _compiled(core, model, threads, streams, kind)
            for model, kind in zip(models, kinds, strict=True)
        ]
        # One more than run at once: it is filled while they run.
        self._requests = [_Request(*self._compiled) for _ in range(streams + 1)]

    def blobs(self) -> Blobs:
        """Both compiled models, for the same OpenVINO on the same kind of CPU."""
        inputs, answer = (model.export_model().getvalue() for model in self._compiled)
        return inputs, answer

    def run(
        self, crops: NDArray[np.uint8], geometry: NDArray[np.float32]
    ) -> Purified[NDArray[np.float32]]:
        """See `Backend`."""
        faces = []
        busy: deque[_Request] = deque()
        for i, (crop, known) in enumerate(zip(crops, geometry, strict=True)):
            if len(busy) == len(self._requests):
                faces.append(busy.popleft().end())
            busy.append(self._requests[i % len(self._requests)])
            busy[-1].begin(crop, known)
        return concatenate(faces + [request.end() for request in busy])
