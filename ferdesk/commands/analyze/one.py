"""One source into one CSV file."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from ferdesk.commands.analyze.description import Setting, description
from ferdesk.commands.analyze.operating_point import operating_point
from ferdesk.commands.analyze.progress import Progress
from ferdesk.commands.analyze.targets import Targets
from ferdesk.commands.analyze.walk import Walk
from ferdesk.errors import FerdeskError
from ferdesk.files import json_text, make_folder, replacing, write_json
from ferdesk.interrupt import Interrupt
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.loader import load_predictor
from ferdesk.pipeline.types import Reading
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.sources.base import Source, SourceInfo, SteppableSource
from ferdesk.sources.file_list import FileListSource
from ferdesk.sources.spec import SourceKind, SourceSpec, open_source
from ferdesk.table.cells import write_csv
from ferdesk.table.columns import OF_FILE, OF_FILE_ALL, WITNESS

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card

_MOST_FAULTS: Final = 20
"""Sentences about unreadable files on the screen; the description has all of them."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a source is read."""

    checkpoint: Path | None = None
    """None: the one that ships."""
    device: str = "auto"
    max_faces: int = 3
    small_faces: bool = False
    """Search videos for small faces, too."""
    smoothing: float = 0.0
    """Seconds."""
    coverage: float = 1.0
    """Below 1: label only about that share of faces like those the checkpoint was measured on."""
    frames: int = 0
    """0: all."""
    everything: bool = False
    """Every distribution and confidence."""


class _CutOffError(FerdeskError):
    """The readings end before the source does."""


def analyze(
    text: str, out: Path, options: Options, *, picture: Path | None = None, overwrite: bool = False
) -> int:
    """Write the CSV, its description and, if asked for, a picture; say where they are.

    0: all done. 1: done, but not everything could be read. 130: cut off by Ctrl-C; what was read is
    kept under a name with "incomplete" in it (a live source ends in this way, and is complete).
    FerdeskError for everything that stops it.
    """
    checkpoint = options.checkpoint or asset(DEFAULT_CHECKPOINT)
    spec = SourceSpec.parse(text)
    targets = Targets(out, picture)
    targets.spare([checkpoint], "the checkpoint")
    targets.spare(_files(spec), "the source")
    source = open_source(spec)
    info = source.open()
    try:
        if isinstance(source, SteppableSource):
            targets.spare(source.files, "one of the files that are read")
        targets.prepare(overwrite)
        predictor = load_predictor(checkpoint, options.device)
        setting = Setting(
            spec, info, _folder(spec), predictor, options.smoothing, options.coverage,
            operating_point(predictor.card, options.coverage), options.max_faces,
            options.small_faces, options.frames,
            _columns(predictor.card, options.everything),
        )  # fmt: skip
        analyzer = Analyzer(
            predictor, options.max_faces, options.smoothing, ids_anew=True,
            small_faces=options.small_faces,
        )  # fmt: skip
        walk = Walk(source, analyzer, setting.threshold)
        try:
            _write(walk, setting, targets, _total(source, info, options.frames))
        finally:
            analyzer.close()
    except _CutOffError as error:
        if not walk.stopped:
            raise
        sys.stderr.write(f"ferdesk: {error}\n")
        return 130
    finally:
        source.close()
    _tell(walk, setting, targets)
    if picture is not None and walk.clearest is not None:
        save_picture(walk.clearest, picture, setting.threshold)
        sys.stdout.write(f"Picture:     {picture.resolve()}\n")
    elif picture is not None:
        sys.stdout.write("No picture was written: no frame has a face.\n")
    return 1 if walk.faults() else 0


def save_picture(reading: Reading, path: Path, threshold: float) -> None:
    """The frame with its overlay, painted by the window's own code."""
    from ferdesk.ui.paint.annotated import save_annotated
    from ferdesk.ui.state.shown import Shown

    make_folder(path.parent)
    if not save_annotated(Shown(reading, threshold=threshold), path):
        raise FerdeskError(f"The picture '{path}' cannot be written as {path.suffix}; try .png.")


def _write(walk: Walk, setting: Setting, targets: Targets, total: int | None) -> None:
    """The CSV and its description; _CutOffError when they had to be written as incomplete."""
    columns, limit = setting.columns, setting.frames
    with ExitStack() as stack:
        # Both take their places when both are on the disk, or neither.
        beside = None
        if targets.description is not None:
            beside = stack.enter_context(replacing(targets.description))
        file = stack.enter_context(replacing(targets.readings))
        interrupt = stack.enter_context(Interrupt())
        progress = stack.enter_context(Progress(total))
        write_csv(file, columns, walk.table(columns, setting.folder, limit, progress, interrupt))
        if walk.error is not None or (walk.stopped and not setting.info.live):
            _keep_incomplete(file, walk, setting, targets)
        if beside is not None:
            told = json_text(description(targets.readings.name, setting, walk), indent=2)
            beside.write(f"{told}\n".encode("ascii"))
            beside.flush()


def _keep_incomplete(file: BinaryIO, walk: Walk, setting: Setting, targets: Targets) -> None:
    """Always raises, so that `file` never takes the place it was meant for."""
    reason = "Stopped" if walk.error is None else str(walk.error).removesuffix(".")
    if not walk.frames or targets.description is None:
        raise _CutOffError(f"{reason}.")
    readings, beside = targets.incomplete()
    file.flush()
    with Path(file.name).open("rb") as whole, replacing(readings) as copy:
        shutil.copyfileobj(whole, copy)
    write_json(beside, description(readings.name, setting, walk, reason))
    frames = "frame" if walk.frames == 1 else f"{walk.frames} frames"
    raise _CutOffError(f"{reason}; the first {frames} are in '{readings}'.")


def _tell(walk: Walk, setting: Setting, targets: Targets) -> None:
    predictor = setting.predictor
    sys.stdout.write(
        f"{walk.frames} frames of {setting.info.name}, {walk.with_face} with a face, "
        f"{walk.rows} rows ({predictor.card.name} on {predictor.device}).\n"
        f"Readings:    {targets.readings.resolve()}\n"
    )
    if targets.description is not None:
        sys.stdout.write(f"Description: {targets.description.resolve()}\n")
    faults = walk.faults()
    for fault in faults[:_MOST_FAULTS]:
        sys.stderr.write(f"{fault}\n")
    if len(faults) > _MOST_FAULTS:
        sys.stderr.write(f"… and {len(faults) - _MOST_FAULTS} more; the description has all.\n")


def _columns(card: Card, everything: bool) -> tuple[str, ...]:
    """Those that mean something for this checkpoint."""
    if not everything:
        return OF_FILE
    mute = WITNESS if card.architecture.witness == "none" else ()
    return tuple(name for name in OF_FILE_ALL if name not in mute)


def _total(source: Source, info: SourceInfo, limit: int) -> int | None:
    """How many frames will come, as far as the files say."""
    total = info.frame_count
    if isinstance(source, FileListSource):
        total = source.count_frames()
    return min(total, limit) if total and limit else total or limit or None


def _files(spec: SourceSpec) -> list[Path]:
    """The files that are read, as far as they are known before the source is opened."""
    match spec.kind:
        case SourceKind.SAMPLE:
            return [asset("sample.mp4")]
        case SourceKind.VIDEO | SourceKind.IMAGE:
            return [Path(spec.value)]
        case SourceKind.CAMERA if Path(spec.value).is_absolute():
            return [Path(spec.value)]
    return []


def _folder(spec: SourceSpec) -> Path | None:
    """The folder below which all files of the source lie."""
    match spec.kind:
        case SourceKind.VIDEO | SourceKind.IMAGE:
            return Path(spec.value).parent
        case SourceKind.FOLDER:
            return Path(spec.value)
        case SourceKind.LIST:
            try:
                return Path(os.path.commonpath(map(os.path.dirname, spec.value.splitlines())))
            except ValueError:  # on several drives
                return None
    return None
