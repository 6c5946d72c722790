"""Every column a table of readings may have: name, meaning, unit, levels.

The one definition for `ferdesk analyze`, for sessions, and for the descriptions beside both
(docs/data.md, "Columns").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import UNSURE
from ferdesk.vision.blendshapes import MOVEMENTS

Kind = Literal["text", "count", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table."""

    name: str
    description: str
    unit: str = ""
    kind: Kind = "number"
    levels: Mapping[str, str] = field(default_factory=dict)
    """What each value of a column of words means, where they can be counted."""
    digits: str = ".6f"
    """How a number is written."""

    def described(self) -> dict[str, Any]:
        """The entry of a JSON sidecar, with the keys of BIDS."""
        entry: dict[str, Any] = {"Description": self.description}
        if self.unit:
            entry["Units"] = self.unit
        if self.levels:
            entry["Levels"] = dict(self.levels)
        return entry


_DISTRIBUTIONS: Final = {
    "probability": "the distribution shown: calibrated and smoothed over time",
    "calibrated": "the final answer of this frame alone, calibrated",
    "p": "the first guess of the network, this frame alone",
    "t_g": "the geometric correction, this frame alone",
    "t_a": "the attentive correction, this frame alone",
    "t": "the corrections together, this frame alone",
    "p_lm": "what the landmarks alone say, without the picture, this frame alone",
    "final": "the final answer of this frame alone, before the calibration",
}
"""docs/method.md has the equations."""

_CONFIDENCES: Final = {"c_p": "p", "c_g": "t_g", "c_a": "t_a", "c_t": "t", "c_lm": "p_lm"}
"""Confidence and the distribution it belongs to."""


def distribution(name: str) -> tuple[str, ...]:
    """The seven columns of a distribution."""
    return tuple(f"{name}_{expression}" for expression in EXPRESSIONS)


def _columns() -> Iterable[Column]:
    yield Column(
        "file",
        "File the frame was read from; empty for cameras, streams and the sample",
        kind="text",
    )
    yield Column("time", "Capture time since the first frame of the session", "s", digits=".4f")
    yield Column("frame", "Number of the frame, counted from 0", kind="count")
    yield Column(
        "media_time",
        "Time since the first frame of the file by its own timestamps (camera, stream: since the "
        "first frame); empty for pictures",
        "s",
        digits=".4f",
    )
    yield Column("source_frame", "Number of the frame as its source counts", kind="count")
    yield Column(
        "face",
        "Id of the face, counted from 1, the same from frame to frame; 0: there is no face, and "
        "all that would be about one is empty",
        kind="count",
    )
    yield Column(
        "label",
        "Likeliest expression: the largest probability_…",
        kind="text",
        levels={
            **{name: f"The face shows {name}" for name in EXPRESSIONS},
            UNSURE: "Withheld: less reliable than the operating point",
        },
    )
    yield Column(
        "reliability",
        "Chance that the label is right, 0 to 1; empty when the checkpoint cannot tell",
        digits=".4f",
    )
    yield Column("reason", "Why the reliability is low, in words; else empty", kind="text")
    yield Column(
        "prediction_set",
        "Expressions that remain possible at 90 %, joined by +; empty without a calibration",
        kind="text",
    )
    yield Column(
        "correction",
        "What a person said about this face at this time",
        kind="text",
        levels={
            **{name: f"A person said: {name}" for name in EXPRESSIONS},
            "cannot tell": "A person could not tell",
            "excluded": "A person took it out of the count",
        },
    )
    for name, what in _DISTRIBUTIONS.items():
        for expression in EXPRESSIONS:
            yield Column(f"{name}_{expression}", f"Chance of {expression}, 0 to 1, in {what}")
    for name, of in _CONFIDENCES.items():
        yield Column(name, f"Confidence of {of}, 0 to 1: one minus its normalised entropy")
    yield Column("x", "Left edge of the box round the landmarks", "pixel", digits=".1f")
    yield Column("y", "Upper edge of the box round the landmarks", "pixel", digits=".1f")
    yield Column("width", "Width of the box", "pixel", digits=".1f")
    yield Column("height", "Height of the box", "pixel", digits=".1f")
    yield Column("yaw", "Head turned to the right edge of the picture", "degree", digits=".2f")
    yield Column("pitch", "Head turned up", "degree", digits=".2f")
    yield Column("roll", "Head tilted clockwise in the picture", "degree", digits=".2f")
    yield Column("size", "Distance of the outer eye corners, yaw corrected", "pixel", digits=".4g")
    yield Column(
        "sharpness", "Variance of the Laplacian of the crop over its variance", digits=".4g"
    )
    yield Column("brightness", "Mean grey value of the crop, 0 to 1", digits=".4g")
    yield Column("contrast", "Standard deviation of the grey crop, 0 to 0.5", digits=".4g")
    yield Column(
        "unread",
        "Faces seen in this frame beside those read: more than may be read, or too small",
        kind="count",
    )
    yield Column("inside", "Share of the landmarks within the picture, 0 to 1", digits=".4g")
    for movement in MOVEMENTS:
        near = movement.action_unit or "none"
        yield Column(
            f"blendshape_{movement.name}",
            f"{movement.plain}: MediaPipe's score, 0 to 1 (nearest action unit: {near})",
            digits=".4f",
        )
    for expression in EXPRESSIONS:
        yield Column(
            f"change_{expression}",
            f"Change from the face's neutral baseline: ln of probability_{expression}, less the "
            "mean of it at rest; empty without a baseline",
            digits=".4f",
        )
    for movement in MOVEMENTS:
        yield Column(
            f"change_{movement.name}",
            f"Change from the face's neutral baseline: blendshape_{movement.name}, less the mean "
            "of it at rest; empty without a baseline",
            digits=".4f",
        )


COLUMNS: Final[dict[str, Column]] = {column.name: column for column in _columns()}
"""All of them, by name."""

BLENDSHAPE_COLUMNS: Final = tuple(f"blendshape_{movement.name}" for movement in MOVEMENTS)
CHANGE_COLUMNS: Final = tuple(f"change_{movement.name}" for movement in MOVEMENTS)
_ANSWER: Final = ("face", "label", "reliability", "prediction_set")
_NETWORK: Final = (*distribution("p"), "c_p", "c_g", "c_a", "c_t")
_SEEN: Final = (
    "x", "y", "width", "height", "yaw", "pitch", "roll", "size", "sharpness", "brightness",
)  # fmt: skip

OF_SESSION: Final = (
    "time", "frame", *_ANSWER, "correction", *distribution("probability"),
    *distribution("calibrated"), *_NETWORK, *_SEEN, "source_frame", "media_time",
    *BLENDSHAPE_COLUMNS, *distribution("change"), *CHANGE_COLUMNS,
)  # fmt: skip
"""Of a session's table."""

OF_FILE: Final = (
    "file", "frame", "media_time", "unread", *_ANSWER, *distribution("probability"),
    *_NETWORK, *_SEEN,
)  # fmt: skip
"""Of the table that `ferdesk analyze` writes."""

OF_FILE_ALL: Final = (
    *OF_FILE[: OF_FILE.index("prediction_set")], "reason", "prediction_set",
    *(column for name in _DISTRIBUTIONS for column in distribution(name)), *_CONFIDENCES,
    *_SEEN, "contrast", "inside", *BLENDSHAPE_COLUMNS,
)  # fmt: skip
"""The same with `--all`."""

WITNESS: Final = (*distribution("p_lm"), "c_lm")
"""Mean nothing where the network has no landmark witness."""


def described(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """For a JSON sidecar: what these columns mean."""
    return {name: COLUMNS[name].described() for name in names}
