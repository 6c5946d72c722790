"""From answers to the figures of the table."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rivals.answers import Answer, Kind, Task
from benchmarks.rivals.material import Pictures
from benchmarks.rivals.rounds import Record
from ferdesk.model.labels import EXPRESSIONS


@dataclass(frozen=True, slots=True)
class Score:
    """Shares in 0..1."""

    accuracy: float
    mean_class_accuracy: float
    """Mean recall over the expressions that occur."""
    per_class: dict[str, float]


@dataclass(frozen=True, slots=True)
class ClipFigures:
    """One contestant on one clip."""

    clip: str
    frames: int
    without_face: int
    ms: float
    """Median of one frame, from the picture to the answer."""
    times_as_fast: float
    """Median over the rounds of (its median ms) / (ours): above 1, ours is the faster."""
    flips_per_second: float | None
    """Of the label of the largest face, frame by frame; None where no face was ever found."""
    smoothed_flips_per_second: float | None = None
    """The same after the contestant's own smoothing, where it has one."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything about one contestant. `failure` is the only thing known about one that failed."""

    title: str
    versions: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    pictures: int = 0
    whole: Score | None = None
    """Its network on the whole picture, no detector."""
    ms: float = 0.0
    """Median of one whole picture through the network, resizing included."""
    times_as_fast: float = 0.0
    """As for clips."""
    missed: int = 0
    """Pictures on which its own detector found no face."""
    detected: Score | None = None
    """Its own detector and network; a missed face counts as wrong."""
    mixed: Score | None = None
    """Its own detector, and the whole picture where that found nothing."""
    clips: tuple[ClipFigures, ...] = ()


def score(predicted: NDArray[np.int64], labels: NDArray[np.int64]) -> Score:
    """Of (N,) predicted indices against (N,) labels, N >= 1; -1 is always wrong."""
    recalls = {
        name: float((predicted[labels == index] == index).mean())
        for index, name in enumerate(EXPRESSIONS)
        if (labels == index).any()
    }
    return Score(
        float((predicted == labels).mean()), float(np.mean(list(recalls.values()))), recalls
    )


def flips_per_second(labels: Sequence[int], fps: float) -> float | None:
    """How often the label changes, per second of frames with a face; -1 is a frame without one.

    A label after a gap is compared with the one before it. None without any face.
    """
    seen = [label for label in labels if label >= 0]
    if not seen:
        return None
    return sum(a != b for a, b in itertools.pairwise(seen)) * fps / len(seen)


def median_ms(answers: Sequence[Answer]) -> float:
    """Median time of the answers; NaN without any."""
    return float(np.median([answer.ms for answer in answers])) if answers else math.nan


def times_as_fast(theirs: Sequence[list[Answer]], ours: Sequence[list[Answer]]) -> float:
    """Median over the rounds of the ratio of the two medians of that round."""
    ratios = [median_ms(t) / median_ms(o) for t, o in zip(theirs, ours, strict=True)]
    return float(np.median(ratios))


def _clip(record: Record, ours: Record, task: Task) -> ClipFigures:
    answers = record.answers(task)
    faces = [answer.main for answer in answers]
    smoothed = [
        -1 if face is None or face.smoothed is None else int(face.smoothed.argmax())
        for face in faces
    ]
    return ClipFigures(
        clip=task.title,
        frames=len(answers),
        without_face=sum(face is None for face in faces),
        ms=median_ms(answers),
        times_as_fast=times_as_fast(record.rounds[task], ours.rounds[task]),
        flips_per_second=flips_per_second([answer.label for answer in answers], task.fps),
        smoothed_flips_per_second=flips_per_second(smoothed, task.fps),
    )


def figures(record: Record, ours: Record, pictures: Pictures, clips: Sequence[Task]) -> Figures:
    """The figures of one record; `ours` did not fail."""
    if record.failure:
        return Figures(record.title, record.versions, record.failure)
    whole = np.array([answer.label for answer in record.answers(pictures.whole)], np.int64)
    detected = np.array([answer.label for answer in record.answers(pictures.detect)], np.int64)
    return Figures(
        title=record.title,
        versions=record.versions,
        pictures=len(pictures.labels),
        whole=score(whole, pictures.labels),
        ms=median_ms(record.answers(pictures.whole)),
        times_as_fast=times_as_fast(record.rounds[pictures.whole], ours.rounds[pictures.whole]),
        missed=int((detected < 0).sum()),
        detected=score(detected, pictures.labels),
        mixed=score(np.where(detected < 0, whole, detected), pictures.labels),
        clips=tuple(_clip(record, ours, task) for task in clips if task.kind is Kind.FRAMES),
    )


def to_json(value: Figures) -> dict[str, Any]:
    """JSON values; a contestant that failed has nothing but its title, versions and reason."""
    if value.failure:
        return {"title": value.title, "versions": value.versions, "failure": value.failure}
    return asdict(value)
