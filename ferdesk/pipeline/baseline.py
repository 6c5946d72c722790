"""How a face looks at rest, and how far a reading is from that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.types import Change, FaceReading

SECONDS: Final = 5.0
"""How long a face is asked to be neutral."""
LEAST_READINGS: Final = 10
LEAST_IN_VIEW: Final = 0.8
"""Share of the readings in which the face has to be found, face the camera and be whole."""
MOST_TURNED: Final = 30.0
"""Degrees of yaw or pitch: beyond, the same face looks like another one."""
LEAST_INSIDE: Final = 0.9
"""Share of the landmarks within the picture."""
FLOOR: Final = 1e-4
"""Probabilities below count as this: what the logarithm of a smaller one says is noise."""


class BaselineError(FerdeskError):
    """A stretch that gives no baseline, with the reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """The mean of a face over a stretch in which it was neutral.

    Over the readings t of the stretch, with q(t) the probabilities shown (calibrated and smoothed
    over time) and s(t) the blendshapes:

        b_k = mean over t of ln max(q_k(t), FLOOR)        m_j = mean over t of s_j(t)

    The change of a later reading is ln max(q_k, FLOOR) - b_k and s_j - m_j. exp of the first is how
    many times as likely expression k is as at rest (against the geometric mean). It takes a resting
    face's lean away; it is no probability, and no promise about mistakes holds for it.
    """

    log_probabilities: NDArray[np.float64]
    """(7,) b."""
    blendshapes: NDArray[np.float64]
    """(52,) m; NaN where they are not known."""
    readings: int
    """How many it is the mean of."""

    @classmethod
    def of(cls, face: int, stretch: Iterable[Sequence[FaceReading]]) -> Self:
        """The mean of `face` (its id) over the readings of a stretch, as their faces.

        BaselineError, one sentence, when there are fewer than `LEAST_READINGS`, or when in more
        than a fifth of them the face is missing, turned away or cut off.
        """
        frames = list(stretch)
        found = [f for faces in frames for f in faces if f.face_id == face]
        _check(found, len(frames))
        logs = np.log(np.maximum([f.probabilities for f in found], FLOOR), dtype=np.float64)
        scores = np.asarray([f.landmarks.blendshapes for f in found], np.float64)
        return cls(logs.mean(0), scores.mean(0), len(found))

    def change(self, face: FaceReading) -> Change:
        """How far a reading of the face is from its baseline."""
        logs = np.log(np.maximum(face.probabilities, FLOOR), dtype=np.float64)
        return Change(
            (logs - self.log_probabilities).astype(np.float32),
            (face.landmarks.blendshapes - self.blendshapes).astype(np.float32),
        )

    def with_change(self, face: FaceReading) -> FaceReading:
        """The same face with its `change`; nothing else of it is touched."""
        return replace(face, change=self.change(face))


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A baseline of a face that was taken live."""

    face: int
    """Face id."""
    since: float
    until: float
    """Capture times of its first and last reading, as `time.perf_counter()`."""
    baseline: Baseline


def with_changes(
    faces: tuple[FaceReading, ...], baselines: Mapping[int, Baseline]
) -> tuple[FaceReading, ...]:
    """The same faces; those whose id has a baseline with their `change`."""
    if not baselines:
        return faces
    return tuple(
        baselines[face.face_id].with_change(face) if face.face_id in baselines else face
        for face in faces
    )


def _check(found: list[FaceReading], frames: int) -> None:
    if frames < LEAST_READINGS:
        raise BaselineError(
            f"No baseline: there were only {frames} readings in that time and {LEAST_READINGS} are "
            "needed; wait until more come per second, or choose a longer stretch."
        )
    if not found:
        raise BaselineError("No baseline: the face was not in view; stay in view and try again.")
    least = LEAST_IN_VIEW * frames
    if len(found) < max(least, LEAST_READINGS):
        raise BaselineError(
            f"No baseline: the face was found in only {len(found)} of {frames} readings; stay in "
            "view and try again."
        )
    turned = [max(abs(f.pose.yaw), abs(f.pose.pitch)) > MOST_TURNED for f in found]
    if len(found) - sum(turned) < least:
        raise BaselineError(
            "No baseline: the face was turned away; look at the camera and try again."
        )
    whole = [f.quality.inside >= LEAST_INSIDE for f in found]
    if sum(whole) < least:
        raise BaselineError(
            "No baseline: a part of the face was outside the picture; move into it and try again."
        )
