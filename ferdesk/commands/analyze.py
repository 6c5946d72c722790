"""Batch analysis: every frame of a source through the same `Analyzer` as the window's."""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tqdm import tqdm

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, replacing
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.loader import load_predictor
from ferdesk.pipeline.types import FaceReading, Reading
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.sources.base import Source
from ferdesk.sources.spec import SourceSpec, open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ferdesk.model.checkpoint import Card

log = logging.getLogger(__name__)

COLUMNS = (
    "time", "frame", "face", "x", "y", "width", "height",
    *(f"final_{name}" for name in EXPRESSIONS),
    *(f"p_{name}" for name in EXPRESSIONS),
    "c_p", "c_g", "c_a", "c_t", "label",
    "yaw", "pitch", "roll", "size", "sharpness", "brightness",
    "reliability", "prediction_set",
)  # fmt: skip
"""One row a face and frame. Times in seconds of the source, boxes in pixels, angles in degrees.

`final_*` (calibrated) and `p_*` are the answer for this frame; `label` is the winner of `final`
after smoothing, if smoothing was asked for, or "unsure" below the operating point. `reliability` is
the chance that the winner is right and `prediction_set` what remains possible at 90 %, joined by
"+"; both are empty when the checkpoint has no calibration.
"""


def row(reading: Reading, face: FaceReading, threshold: float = 0.0) -> list[str]:
    """The CSV row of one face in the order of `COLUMNS`; `threshold`: see `FaceReading.answer`."""
    p = face.purified
    numbers = [
        *face.landmarks.box,
    ]  # fmt: skip
    return [
        f"{reading.frame.media_time:.4f}",
        str(reading.frame.index),
        str(face.face_id),
        *(f"{v:.1f}" for v in numbers),
        *(f"{v:.6f}" for v in (*face.calibrated, *p.p, p.c_p, p.c_g, p.c_a, p.c_t)),
        face.answer(threshold),
        *(f"{v:.2f}" for v in (face.pose.yaw, face.pose.pitch, face.pose.roll)),
        *(f"{v:.4g}" for v in (face.quality.size, face.quality.sharpness, face.quality.brightness)),
        "" if face.reliability is None else f"{face.reliability:.4f}",
        "+".join(face.prediction_set),
    ]


@contextlib.contextmanager
def _open_output(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of `path` when all readings are in it."""
    make_folder(path.parent)
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        try:
            yield text
        finally:
            text.detach()


def _read_all(
    source: Source,
    analyzer: Analyzer,
    output: TextIO,
    limit: int,
    total: int | None,
    threshold: float,
) -> tuple[int, int, int, Reading | None]:
    """(frames, frames with a face, rows, clearest reading)."""
    writer = csv.writer(output)
    writer.writerow(COLUMNS)
    frames = with_face = rows = 0
    best: tuple[float, Reading] | None = None
    # Silent where standard error is no terminal.
    with tqdm(total=limit or total, unit=" frames", leave=False, disable=None) as progress:
        while not limit or frames < limit:
            start = time.perf_counter()
            frame = source.read()
            if frame is None:
                break
            reading = analyzer.analyze(frame, (time.perf_counter() - start) * 1e3)
            frames += 1
            with_face += bool(reading.faces)
            for face in reading.faces:
                writer.writerow(row(reading, face, threshold))
                rows += 1
                score = float(face.calibrated.max())
                if best is None or score > best[0]:
                    best = score, reading
            progress.update()
    return frames, with_face, rows, best[1] if best else None


def operating_point(card: Card, coverage: float) -> float:
    """The reliability below which a label reads "unsure"; 0 for a coverage of 1.

    FerdeskError when less is asked of a checkpoint that has no risk-coverage table.
    """
    if not 0 < coverage <= 1:
        raise FerdeskError(f"--coverage must be more than 0 and at most 1, not {coverage:g}.")
    if coverage == 1:
        return 0.0
    if card.risk_coverage is None:
        raise FerdeskError(
            f"The checkpoint '{card.name}' has no risk-coverage table, so --coverage cannot be "
            "used; run 'python -m trainer calibrate' on it first."
        )
    return card.risk_coverage.for_coverage(coverage).threshold


def save_picture(reading: Reading, path: Path, threshold: float) -> None:
    """The frame with its overlay as a PNG or JPEG, painted by the window's own code."""
    from ferdesk.ui.paint.annotated import save_annotated
    from ferdesk.ui.state.shown import Shown

    make_folder(path.parent)
    if not save_annotated(Shown(reading, threshold=threshold), path):
        raise FerdeskError(f"The picture '{path}' cannot be written; is it a .png or .jpg?")


def analyze(
    text: str,
    out: Path,
    *,
    picture: Path | None = None,
    checkpoint: Path | None = None,
    device: str = "auto",
    max_faces: int = 3,
    smoothing: float = 0.0,
    frames: int = 0,
    coverage: float = 1.0,
    say: Callable[[str], object] = sys.stdout.write,
) -> int:
    """Write the CSV (and a picture), say where they are; 0. Raises FerdeskError.

    `coverage` < 1 labels only about that share of faces like those the checkpoint was measured on.
    """
    spec = SourceSpec.parse(text)
    source = open_source(spec)
    info = source.open()
    try:
        predictor = load_predictor(checkpoint or asset(DEFAULT_CHECKPOINT), device)
        threshold = operating_point(predictor.card, coverage)
        analyzer = Analyzer(predictor, max_faces, smoothing)
        try:
            with _open_output(out) as output:
                count, with_face, rows, best = _read_all(
                    source, analyzer, output, frames, info.frame_count, threshold
                )
        finally:
            analyzer.close()
        warning = source.warning
    finally:
        source.close()
    if warning:
        say(f"{warning}\n")
    say(
        f"{count} frames of {info.name}, {with_face} with a face, {rows} rows "
        f"({predictor.card.name} on {predictor.device}).\nReadings: {out.resolve()}\n"
    )
    if picture is not None and best is not None:
        save_picture(best, picture, threshold)
        say(f"Picture:  {picture.resolve()}\n")
    elif picture is not None:
        say("No picture was written: no frame has a face.\n")
    return 0
