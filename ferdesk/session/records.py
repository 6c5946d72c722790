"""The rows of a session as values: see docs/data.md for every column and its unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ferdesk.model.labels import EXPRESSIONS

CANNOT_TELL: Final = "cannot tell"
EXCLUDED: Final = "excluded"
CORRECTIONS: Final = (*EXPRESSIONS, CANNOT_TELL, EXCLUDED)
"""What a person may say about a stretch: one of the seven, not to be told, not to be counted."""


class SessionState(StrEnum):
    """Where a session is in its life."""

    RECORDING = "recording"
    COMPLETE = "complete"
    RECOVERED = "recovered"
    """The recording was cut off; what had reached the disk by then is all there."""


class Origin(StrEnum):
    """Where an event came from."""

    KEY = "key"
    LSL = "lsl"
    FILE = "file"
    FERDESK = "ferdesk"
    """Noted by the program: a camera lost or back, another resolution, a clock that jumped."""


@dataclass(frozen=True, slots=True)
class AnalysisRecord:
    """One way in which frames were read, from some moment on."""

    pass_number: int
    """0: as recorded. 1, 2, …: the same frames read again."""
    checkpoint: str
    """Display name."""
    device: str
    smoothing_seconds: float
    max_faces: int
    threshold: float = 0.0
    """The operating point: labels less reliable than this read "unsure"."""
    checkpoint_sha256: str = ""
    checkpoint_card: str = ""
    """JSON of the card's summary; "" when it is not known."""
    started: float = 0.0
    """Seconds of the session at which it came into use."""
    id: int = 0
    """0: not stored yet."""


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One captured frame."""

    id: int
    """0, 1, 2, … within the session."""
    time: float
    """Seconds since the session's first frame on the capture clock; never decreases."""
    source_index: int
    media_time: float
    """Index and seconds as the source counts them; a camera starts anew when it comes back."""
    width: int
    height: int
    dropped: int = 0
    """Frames before this one that the recorder had no room to note."""
    video_ms: int | None = None
    """Presentation time in video.mkv in milliseconds; None: the picture was not kept."""
    analysed: bool = False
    latency_ms: float | None = None
    """From capture to the end of the analysis; None for a frame that was not analysed."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened at a moment or during a stretch."""

    onset: float
    label: str
    duration: float = 0.0
    note: str = ""
    origin: Origin = Origin.KEY
    id: int = 0


@dataclass(frozen=True, slots=True)
class CorrectionRecord:
    """What a person said about a face, or about everybody, during a stretch."""

    onset: float
    duration: float
    label: str
    """One of `CORRECTIONS`."""
    face: int | None = None
    """Face id; None: every face."""
    id: int = 0

    def __post_init__(self) -> None:
        if self.label not in CORRECTIONS:
            raise ValueError(f"a correction cannot be {self.label!r}")

    def covers(self, time: float, face: int) -> bool:
        """Whether this is said about `face` at `time` (seconds); a moment covers 1 ms."""
        inside = self.onset <= time <= self.onset + max(self.duration, 1e-3)
        return inside and self.face in (None, face)


@dataclass(frozen=True, slots=True)
class CropRecord:
    """The picture of a corrected face in one frame, where keeping pictures was agreed to."""

    frame: int
    """`FrameRecord.id`."""
    face: int
    """Face id."""
    png: bytes
    """The aligned 112 px crop."""


@dataclass(frozen=True, slots=True)
class BaselineRecord:
    """A stretch in which a face was neutral."""

    onset: float
    """Below 0: before the recording began."""
    duration: float
    face: int | None = None
    """Face id; None: every face."""
    log_probabilities: bytes = b""
    """7 float64, little endian: `ferdesk.pipeline.baseline.Baseline`, as it was computed live."""
    blendshapes: bytes = b""
    """52 float64, little endian. Both b"": to be computed from what was read in the stretch."""
    readings: int = 0
    """How many readings they are the mean of."""
    id: int = 0

    @property
    def without_means(self) -> BaselineRecord:
        """The stretch alone: means are of one checkpoint."""
        return replace(self, log_probabilities=b"", blendshapes=b"", readings=0)
