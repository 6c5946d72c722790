"""The network on OpenVINO: the default on a CPU, several times faster than eager torch there.

Imports no torch: what torch has to do is done once, in `conversion`.
"""

from __future__ import annotations

import io
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.purified import FIELDS, Purified, concatenate
from ferdesk.quiet_openvino import cpu_settings, ov

log = logging.getLogger(__name__)

Precision = Literal["f32", "bf16"]
Pair = tuple[ov.Model, ov.Model]
BlobPair = tuple[bytes, bytes]
P = TypeVar("P", Pair, BlobPair)

GROUP: Final = 4
"""Faces that the second pair of models takes at once."""
_WORTH_A_GROUP: Final = 3
"""From so many faces on a group is quicker than each face by itself, even if it is not full."""


@dataclass(frozen=True, slots=True)
class Models(Generic[P]):
    """One network twice, each time in two parts: what takes (B, S, S, 3) uint8, and
    (B, GEOMETRY_SIZE) where the network wants it, and what takes the outputs of that."""

    single: P
    """B = 1."""
    group: Callable[[], P | None] = lambda: None
    """B = GROUP, asked for when it is needed first: most people look at one face. None for a
    network that gains nothing by it."""


def capabilities(core: ov.Core) -> list[str]:
    """What OpenVINO says this CPU can do."""
    return list(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def _compiled(
    core: ov.Core, model: ov.Model | bytes, threads: int, streams: int, kind: Precision
) -> Any:
    settings = cpu_settings(threads, streams, kind)
    if isinstance(model, bytes):
        return core.import_model(io.BytesIO(model), "CPU", settings)
    return core.compile_model(model, "CPU", settings)


class _Request:
    """The faces of one batch through both models."""

    def __init__(self, inputs: Any, answer: Any) -> None:
        self._inputs, self._answer = inputs.create_infer_request(), answer.create_infer_request()
        self._takes_geometry = len(inputs.inputs) == 2
        for i in range(len(answer.inputs)):
            self._answer.set_input_tensor(i, self._inputs.get_output_tensor(i))

    def begin(self, crops: NDArray[np.uint8], known: NDArray[np.float32]) -> None:
        faces: dict[int, NDArray[Any]] = {0: crops}
        if self._takes_geometry:
            faces[1] = known
        self._inputs.infer(faces, share_inputs=True, share_outputs=True)
        self._answer.start_async()

    def end(self) -> Purified[NDArray[np.float32]]:
        self._answer.wait()
        outputs = (self._answer.get_output_tensor(i).data.copy() for i in range(len(FIELDS)))
        return Purified(*outputs)


class OpenVinoBackend:
    """Compiled models of fixed shapes. One or two faces run by themselves, as many side by side as
    there are streams; more run in groups, for which the weights are fetched once.

    A face's answer is the same in both, whatever is beside it, and no batch size has to be compiled
    while a video plays.
    """

    def __init__(
        self,
        models: Models[Pair] | Models[BlobPair],
        threads: int,
        precision: Precision | None = None,
        streams: int = 1,
    ) -> None:
        """`models`, or what `blobs` gave of a backend with as many `streams`.

        `precision` None: bf16 on CPUs with units for it, where it saves a third of the time.
        `streams` share the threads: 1 for a large network, which several threads make faster; as
        many as threads for a small one, where a second thread only waits for the first. Raises
        RuntimeError for blobs that OpenVINO cannot import.
        """
        if precision is None:
            precision = "bf16" if "BF16" in capabilities(ov.Core()) else "f32"
        self.precision: Precision = precision
        self.streams = streams
        self.name = "OpenVINO (CPU, bf16)" if precision == "bf16" else "OpenVINO (CPU)"
        self._threads, self._group_models = threads, models.group
        self._single = self._compile(models.single, streams)
        # One more than run at once: it is filled while they run.
        self._requests = [_Request(*self._single) for _ in range(streams + 1)]

    def _compile(self, pair: Pair | BlobPair, streams: int) -> tuple[Any, Any]:
        core = ov.Core()
        # Grey values between 0 and 255 lose their fractions in bf16, which costs accuracy.
        inputs = _compiled(core, pair[0], self._threads, streams, "f32")
        return inputs, _compiled(core, pair[1], self._threads, streams, self.precision)

    @cached_property
    def _group(self) -> tuple[Any, Any] | None:
        models = self._group_models()
        try:
            return None if models is None else self._compile(models, 1)
        except RuntimeError as error:
            log.warning("every face runs by itself: %s", error)
            return None

    @cached_property
    def _group_request(self) -> _Request | None:
        return None if self._group is None else _Request(*self._group)

    def blobs(self) -> Models[BlobPair]:
        """All compiled, for the same OpenVINO on the same kind of CPU."""
        group = None if self._group is None else _exported(self._group)
        return Models(_exported(self._single), lambda: group)

    def run(
        self, crops: NDArray[np.uint8], geometry: NDArray[np.float32]
    ) -> Purified[NDArray[np.float32]]:
        """See `Backend`."""
        faces = []
        done = 0
        while len(crops) - done >= _WORTH_A_GROUP and self._group_request is not None:
            part = slice(done, done + GROUP)
            faces.append(_of_group(self._group_request, crops[part], geometry[part]))
            done += GROUP
        busy: deque[_Request] = deque()
        for i in range(done, len(crops)):
            if len(busy) == len(self._requests):
                faces.append(busy.popleft().end())
            busy.append(self._requests[i % len(self._requests)])
            busy[-1].begin(crops[i : i + 1], geometry[i : i + 1])
        return concatenate(faces + [request.end() for request in busy])


def _of_group(
    request: _Request, crops: NDArray[np.uint8], geometry: NDArray[np.float32]
) -> Purified[NDArray[np.float32]]:
    """Of at most GROUP faces; black pictures fill it up."""
    missing = (0, GROUP - len(crops))
    request.begin(np.pad(crops, (missing, *[(0, 0)] * 3)), np.pad(geometry, (missing, (0, 0))))
    return request.end()[: len(crops)]


def _exported(pair: tuple[Any, Any]) -> BlobPair:
    inputs, answer = (model.export_model().getvalue() for model in pair)
    return inputs, answer
