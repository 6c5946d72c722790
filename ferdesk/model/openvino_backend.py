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

from ferdesk.model.inputs import Inputs
from ferdesk.model.purified import FIELDS, Purified, concatenate
from ferdesk.quiet_openvino import cpu_settings, ov

log = logging.getLogger(__name__)

Precision = Literal["f32", "bf16"]
Blob = bytes
P = TypeVar("P", ov.Model, Blob)

GROUP: Final = 4
"""Faces that the model for several takes at once."""
_WORTH_A_GROUP: Final = 3
"""From so many faces on a group is quicker than each face by itself, even if it is not full."""


@dataclass(frozen=True, slots=True)
class Models(Generic[P]):
    """One network for one face and for several, and what makes its inputs."""

    inputs: Inputs
    single: P
    """B = 1."""
    group: Callable[[], P | None] = lambda: None
    """B = GROUP, asked for when it is needed first: most people look at one face. None for a
    network that gains nothing by it."""


def capabilities(core: ov.Core) -> list[str]:
    """What OpenVINO says this CPU can do."""
    return list(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


class _Request:
    """The faces of one batch through the network."""

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        self._faces: tuple[NDArray[np.float32], ...] = ()

    def begin(self, faces: tuple[NDArray[np.float32], ...]) -> None:
        self._faces = faces  # read while it runs
        self._request.start_async(dict(enumerate(faces)), share_inputs=True)

    def end(self) -> Purified[NDArray[np.float32]]:
        self._request.wait()
        outputs = (self._request.get_output_tensor(i).data.copy() for i in range(len(FIELDS)))
        return Purified(*outputs)


class OpenVinoBackend:
    """Compiled models of fixed shapes. One or two faces run by themselves, one after the other, on
    all threads; more run in groups, for which the weights are fetched once.

    A face's answer is the same in both, whatever is beside it, and no batch size has to be compiled
    while a video plays.
    """

    def __init__(
        self,
        models: Models[ov.Model] | Models[Blob],
        threads: int,
        precision: Precision | None = None,
    ) -> None:
        """`models`, or what `blobs` gave of a backend.

        `precision` None: bf16 on CPUs with units for it, where it saves a quarter of the time.
        Raises RuntimeError for blobs that OpenVINO cannot import.
        """
        if precision is None:
            precision = "bf16" if "BF16" in capabilities(ov.Core()) else "f32"
        self.precision: Precision = precision
        self.name = "OpenVINO (CPU, bf16)" if precision == "bf16" else "OpenVINO (CPU)"
        self._threads, self._group_models = threads, models.group
        self._inputs = models.inputs
        self._single = self._compile(models.single)
        # The second one's inputs are made while the first one runs.
        self._requests = [_Request(self._single) for _ in range(2)]

    def _compile(self, model: ov.Model | Blob) -> Any:
        settings = cpu_settings(self._threads, 1, self.precision)
        if isinstance(model, Blob):
            return ov.Core().import_model(io.BytesIO(model), "CPU", settings)
        return ov.Core().compile_model(model, "CPU", settings)

    @cached_property
    def _group(self) -> Any | None:
        model = self._group_models()
        try:
            return None if model is None else self._compile(model)
        except RuntimeError as error:
            log.warning("every face runs by itself: %s", error)
            return None

    @cached_property
    def _group_request(self) -> _Request | None:
        return None if self._group is None else _Request(self._group)

    def blobs(self) -> Models[Blob]:
        """All compiled, for the same OpenVINO on the same kind of CPU."""
        group = None if self._group is None else self._group.export_model().getvalue()
        return Models(self._inputs, self._single.export_model().getvalue(), lambda: group)

    def run(
        self, crops: NDArray[np.uint8], geometry: NDArray[np.float32]
    ) -> Purified[NDArray[np.float32]]:
        """See `Backend`."""
        faces = []
        done = 0
        while len(crops) - done >= _WORTH_A_GROUP and self._group_request is not None:
            part = slice(done, done + GROUP)
            faces.append(_of_group(self._group_request, self._inputs(crops[part], geometry[part])))
            done += GROUP
        busy: deque[_Request] = deque()
        for i in range(done, len(crops)):
            if len(busy) == len(self._requests):
                faces.append(busy.popleft().end())
            busy.append(self._requests[i % len(self._requests)])
            busy[-1].begin(self._inputs(crops[i : i + 1], geometry[i : i + 1]))
        return concatenate(faces + [request.end() for request in busy])


def _of_group(
    request: _Request, faces: tuple[NDArray[np.float32], ...]
) -> Purified[NDArray[np.float32]]:
    """Of at most GROUP faces; zeros fill it up."""
    count = len(faces[0])
    missing = (0, GROUP - count)
    request.begin(tuple(np.pad(x, (missing, *[(0, 0)] * (x.ndim - 1))) for x in faces))
    return request.end()[:count]
