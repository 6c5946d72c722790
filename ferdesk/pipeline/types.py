"""The only values that cross threads. All frozen; arrays in them are never written again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.purified import Purified
from ferdesk.sources.base import Frame
from ferdesk.vision.types import FaceLandmarks, FaceQuality, HeadPose

UNSURE = "unsure"
"""What a label reads below the operating point."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """How far a face is from its neutral baseline; equation in `ferdesk.pipeline.baseline`."""

    log_probabilities: NDArray[np.float32]
    """(7,) natural logarithms: ln 2 = 0.69 is twice as likely as at rest; 0 is as at rest."""
    blendshapes: NDArray[np.float32]
    """(52,) differences of scores, -1 to 1; NaN where they are not known."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceReading:
    """Everything known about one face in one frame."""

    face_id: int
    """Stable across frames, counted from 1."""
    landmarks: FaceLandmarks
    pose: HeadPose
    quality: FaceQuality
    purified: Purified[NDArray[np.float32]]
    """The network's answer for this frame alone: fields of shape (7,), () and (128,)."""
    calibrated: NDArray[np.float32]
    """(7,) `purified.final` as the judge calibrated it, for this frame alone; equal to it when the
    checkpoint has no calibration."""
    probabilities: NDArray[np.float32]
    """(7,) `calibrated` smoothed over time; equal to it when smoothing is off."""
    reliability: float | None = None
    """Chance that `label` is right, smoothed over time; None when the checkpoint cannot tell."""
    reason: str = ""
    """Why the reliability is low, in a few words; "" when it is not."""
    prediction_set: tuple[str, ...] = ()
    """The expressions that remain possible at 90 %, likeliest first; () without a calibration."""
    change: Change | None = None
    """From the face's neutral baseline; None where it has none."""

    @property
    def label(self) -> str:
        """The expression shown: argmax of the smoothed probabilities."""
        return EXPRESSIONS[int(self.probabilities.argmax())]

    def abstains(self, threshold: float) -> bool:
        """Whether the label is better not told at this operating point (a reliability)."""
        return self.reliability is not None and self.reliability < threshold

    def answer(self, threshold: float) -> str:
        """`label`, or `UNSURE` below the operating point."""
        return UNSURE if self.abstains(threshold) else self.label


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds spent on one frame, stage by stage."""

    capture: float
    """Reading and decoding the frame in the source."""
    waiting: float
    """Lying in the mailbox until the analysis was free."""
    landmarks: float
    crop: float
    """Face ids and aligned crops."""
    model: float
    judgement: float = 0.0
    """Pose, quality, smoothing and reliability."""

    @property
    def analysis(self) -> float:
        """From the frame in hand to its `Purified` values, without the judgement."""
        return self.landmarks + self.crop + self.model


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """How a reading came about."""

    checkpoint: str
    """Display name."""
    checkpoint_sha256: str
    """Of its weights; "" where the card does not say."""
    device: str
    smoothing_seconds: float
    max_faces: int


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One analysed frame. The overlay belongs on `frame.image` and on no other."""

    frame: Frame
    faces: tuple[FaceReading, ...]
    """Largest face first."""
    timings: Timings
    finished_at: float
    """`time.perf_counter()` when the analysis ended."""
    settings: ReadingSettings | None = None
    """None where it is not known."""
    unread: int = 0
    """Faces that were seen but not read: more than `max_faces`, or too small. Small faces of a
    video are seen only when it is searched for them."""


class EngineState(StrEnum):
    """The states of the one machine behind the window."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FAULTED = "faulted"


class EventKind(StrEnum):
    """Rare things the engine tells its listener about."""

    STATE = "state"
    """`state` changed; `message` says what is going on ("Opening camera …")."""
    SOURCE_OPENED = "source-opened"
    """`message` describes the granted mode ("Integrated Camera, 640x480, 30 fps")."""
    SOURCE_ENDED = "source-ended"
    """A file was played to its end."""
    CHECKPOINT_LOADED = "checkpoint-loaded"
    """A checkpoint is in use from now on; `checkpoint` and `device` of the stats changed."""
    WARNING = "warning"
    """Something the program goes on from (a refused checkpoint, a camera that is reconnecting)."""
    ERROR = "error"
    """The source or the analysis cannot go on; the state becomes FAULTED."""


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """What happened, in one sentence for the person at the screen."""

    kind: EventKind
    message: str
    state: EngineState
    detail: str = ""
    """Traceback or further text for the log; never needed to understand `message`."""


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Counters and names for the status bar, taken at one instant."""

    state: EngineState
    readings_per_second: float
    """Over the last two seconds."""
    capture_per_second: float
    latency_ms: float
    """Median over the last two seconds, from capture to the end of the analysis."""
    dropped: int
    """Frames overwritten in the mailbox since the source was opened."""
    analysed: int
    source: str
    """Display name of the source, with the granted mode."""
    device: str
    """For example "OpenVINO CPU" or "CUDA (NVIDIA RTX 4090, bf16)"."""
    checkpoint: str
    """Display name of the checkpoint in use; "" before one is loaded."""


class Sink(Protocol):
    """Hears everything that goes through the engine. Every method returns at once: the caller is
    the thread that has something to tell, and the next frame waits for it."""

    def frame(self, frame: Frame) -> None:
        """A captured frame, analysed or not; on the capture thread."""
        ...

    def reading(self, reading: Reading) -> None:
        """A finished reading; on the analysis thread."""
        ...

    def event(self, event: EngineEvent) -> None:
        """What the engine's listener hears, too; on any thread."""
        ...
