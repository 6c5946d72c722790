"""Lab Streaming Layer: readings, face movements and events with the time of their capture.

Channels and metadata follow the conventions of XDF (https://github.com/sccn/xdf/wiki).
"""

from __future__ import annotations

import hashlib
import math
import platform
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import FaceReading, Reading
from ferdesk.streams.clock import ClockMap
from ferdesk.streams.outlet import StreamError
from ferdesk.vision.blendshapes import BLENDSHAPES

if TYPE_CHECKING:
    import pylsl

NAME: Final = "ferdesk"
BLENDSHAPES_NAME: Final = "ferdesk-blendshapes"
CHANGE_NAME: Final = "ferdesk-change"
MARKERS_NAME: Final = "ferdesk-markers"

Channel = tuple[str, str, str]
"""Label, type, unit."""

_WHOSE: Final[tuple[Channel, ...]] = (("frame", "Index", "none"), ("face", "Index", "none"))
CHANNELS: Final[tuple[Channel, ...]] = (
    *((f"probability_{name}", "Probability", "normalized") for name in EXPRESSIONS),
    ("reliability", "Confidence", "normalized"),
    ("unsure", "Flag", "none"),
    *_WHOSE,
    ("yaw", "Orientation", "degrees"),
    ("pitch", "Orientation", "degrees"),
    ("roll", "Orientation", "degrees"),
)
CHANGE_CHANNELS: Final[tuple[Channel, ...]] = (
    *((f"change_{name}", "LogProbabilityChange", "none") for name in EXPRESSIONS),
    *((f"change_{name}", "BlendshapeChange", "none") for name in BLENDSHAPES),
    *_WHOSE,
)
"""Differences of natural logarithms, then of scores, from the face's neutral baseline."""
BLENDSHAPE_CHANNELS: Final[tuple[Channel, ...]] = (
    *((name, "Blendshape", "normalized") for name in BLENDSHAPES),
    *_WHOSE,
)


def source_id(source: str) -> str:
    """The same for one source on one computer, every time; says nothing about either."""
    return hashlib.sha256(f"{platform.node()}\n{source}".encode()).hexdigest()[:16]


def import_pylsl() -> ModuleType:
    """pylsl with its native library. StreamError, with what to do, where one is missing."""
    try:
        import pylsl
    except ImportError as error:
        raise StreamError(
            "LSL needs the package pylsl; install it with 'pip install ferdesk[stream]'."
        ) from error
    except (OSError, RuntimeError) as error:
        raise StreamError(f"pylsl is installed, but not its library liblsl; {_remedy()}") from error
    return pylsl


def _remedy() -> str:
    system, version = platform.libc_ver()
    if system == "glibc" and tuple(map(int, version.split(".")[:2])) < (2, 35):
        return (
            f"pylsl brings it for glibc 2.35 or newer and this system has {version}: install "
            "liblsl from https://github.com/sccn/liblsl/releases, or set PYLSL_LIB to its file."
        )
    return "install liblsl from https://github.com/sccn/liblsl/releases, or set PYLSL_LIB to it."


class LslOutlet:
    """One sample per face and reading; a reading without a face is a sample with face 0 and NaN.
    Changes are sent for faces with a neutral baseline only.

    LSL keeps what a slow receiver has not fetched, 360 s at most, and never waits for it.
    """

    name = "LSL"
    lost = 0

    def __init__(self, source: str, detail: str = "", version: str = "") -> None:
        """`source` names the source in the metadata and, hashed with this computer's name, makes
        the source id, so that a receiver finds the same stream again. StreamError without pylsl.
        """
        lsl = import_pylsl()
        self._clock = ClockMap(lsl.local_clock)
        self._lsl = lsl
        facts = {"software": "ferdesk", "version": version, "source": detail or source}
        key = source_id(source)
        self._readings = self._outlet(NAME, "Expression", CHANNELS, f"ferdesk-{key}", facts)
        self._movements = self._outlet(
            BLENDSHAPES_NAME, "Blendshapes", BLENDSHAPE_CHANNELS, f"ferdesk-blendshapes-{key}",
            facts,
        )  # fmt: skip
        self._changes = self._outlet(
            CHANGE_NAME, "Change", CHANGE_CHANNELS, f"ferdesk-change-{key}", facts
        )
        markers = lsl.StreamInfo(
            MARKERS_NAME, "Markers", 1, lsl.IRREGULAR_RATE, lsl.cf_string, f"ferdesk-markers-{key}"
        )
        self._markers: Any = lsl.StreamOutlet(markers)

    @property
    def address(self) -> str:
        return f"streams {NAME}, {BLENDSHAPES_NAME}, {CHANGE_NAME}, {MARKERS_NAME}"

    @property
    def receivers(self) -> str:
        outlets = (self._readings, self._movements, self._changes, self._markers)
        listening = any(outlet is not None and outlet.have_consumers() for outlet in outlets)
        return "somebody listens" if listening else "nobody listens"

    def send(self, reading: Reading, threshold: float) -> None:
        at = self._clock.theirs(reading.frame.captured_at)
        index = float(reading.frame.index)
        if not reading.faces:
            missing = [math.nan] * (len(EXPRESSIONS) + 2)
            self._readings.push_sample([*missing, index, 0.0, *[math.nan] * 3], at)
        # Most receivers take the readings alone.
        wanted = self._movements.have_consumers()
        for face in reading.faces:
            self._readings.push_sample(sample(face, index, threshold), at)
            movements = face.landmarks.blendshapes
            if wanted and len(movements) == len(BLENDSHAPES):
                self._movements.push_sample([*movements.tolist(), index, float(face.face_id)], at)
            if face.change is not None:
                changed = (*face.change.log_probabilities, *face.change.blendshapes)
                self._changes.push_sample([*map(float, changed), index, float(face.face_id)], at)

    def mark(self, label: str, at: float) -> None:
        self._markers.push_sample([label], self._clock.theirs(at))

    def close(self) -> None:
        # An outlet of pylsl ends with its last reference.
        self._readings = self._movements = self._changes = self._markers = None

    def _outlet(
        self, name: str, kind: str, channels: tuple[Channel, ...], source_id: str,
        facts: dict[str, str],
    ) -> Any:  # fmt: skip
        lsl = self._lsl
        info: pylsl.StreamInfo = lsl.StreamInfo(
            name, kind, len(channels), lsl.IRREGULAR_RATE, lsl.cf_float32, source_id
        )
        described = info.desc().append_child("channels")
        for label, what, unit in channels:
            channel = described.append_child("channel")
            channel.append_child_value("label", label)
            channel.append_child_value("type", what)
            channel.append_child_value("unit", unit)
        # Time stamps are the capture's as ferdesk saw it; the delay of the camera is not known.
        synchronization = info.desc().append_child("synchronization")
        synchronization.append_child_value("offset_mean", "0")
        synchronization.append_child_value("can_drop_samples", "true")
        acquisition = info.desc().append_child("acquisition")
        for key, value in facts.items():
            acquisition.append_child_value(key, value)
        return lsl.StreamOutlet(info)


def sample(face: FaceReading, index: float, threshold: float) -> list[float]:
    """The values of `CHANNELS` for a face."""
    reliability = math.nan if face.reliability is None else face.reliability
    pose = face.pose
    return [
        *face.probabilities.tolist(), reliability, float(face.abstains(threshold)), index,
        float(face.face_id), pose.yaw, pose.pitch, pose.roll,
    ]  # fmt: skip
