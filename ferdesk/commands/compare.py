"""`ferdesk compare`: a session's frames read again with another checkpoint."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from tqdm import tqdm

from ferdesk.commands.output import to_stdout
from ferdesk.errors import FerdeskError
from ferdesk.files import replacing
from ferdesk.model.face_geometry import face_geometry
from ferdesk.pipeline.judge import Judge
from ferdesk.pipeline.loader import load_predictor
from ferdesk.pipeline.smoothing import Smoother
from ferdesk.pipeline.types import FaceReading
from ferdesk.session.compare import Agreement, Disagreement, compare
from ferdesk.session.folder import VIDEO
from ferdesk.session.player import Player
from ferdesk.session.session import Session
from ferdesk.sources.base import Frame
from ferdesk.vision.crop import align_face

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor

_SHOWN: Final = 20
"""Disagreements that are printed, the longest; all of them go into --csv."""
_COLUMNS: Final = (
    "onset", "duration", "face", "first", "second", "first_reliability", "second_reliability",
)  # fmt: skip


def compare_checkpoints(
    place: Path,
    checkpoint: Path,
    *,
    device: str = "auto",
    table: Path | None = None,
    overwrite: bool = False,
    say: Callable[[str], object] = to_stdout,
    tell: Callable[[dict[str, object]], object] = lambda _news: None,
) -> int:
    """Read the frames again, store that as another pass, say how far both agree; 0.

    The faces are those of the first reading: same landmarks, same ids. A checkpoint that has read
    the session before is not run again. Until all is read the session can be edited by others.
    `tell` hears "state" (loading, reading, done), "done" and "total" frames, and at the end "pass".
    Raises FerdeskError; what was read first always stays.
    """
    if table is not None and table.exists() and not overwrite:
        raise FerdeskError(f"'{table}' is there already; add --overwrite to replace it.")
    with Session.open(place) as session:
        for note in session.notes:
            say(f"{note}\n")
        tell({"state": "loading"})
        predictor = load_predictor(checkpoint, device)
        number = _pass_of(session, predictor)
        if number is None:
            number = _read_again(session, predictor, tell)
            say(f"Read again as pass {number} with {predictor.card.name} on {predictor.device}.\n")
        agreement = compare(session, 0, number)
        say(report(session, agreement, number))
        if table is not None:
            _write(agreement.disagreements, table)
            say(f"Disagreements: {table.resolve()}\n")
        tell({"state": "done", "pass": number})
    return 0


def as_json(news: dict[str, object]) -> None:
    """A line of standard output, at once: whoever reads the other end of a pipe waits for it."""
    sys.stdout.write(f"{json.dumps(news)}\n")
    sys.stdout.flush()


def _pass_of(session: Session, predictor: Predictor) -> int | None:
    for analysis in session.analyses:
        same = (analysis.checkpoint, analysis.checkpoint_sha256) == (
            predictor.card.name, predictor.card.sha256,
        )  # fmt: skip
        if analysis.pass_number and same:
            return analysis.pass_number
    return None


def _read_again(
    session: Session, predictor: Predictor, tell: Callable[[dict[str, object]], object]
) -> int:
    """Store another pass, wholly or not at all; its number."""
    refusal = session.why_not_again
    if refusal:
        raise FerdeskError(refusal)
    player = Player(session)
    try:
        if player.complaint:
            raise FerdeskError(player.complaint)
        first = session.analyses[0]
        _read_all(session, player, predictor, Judge(Smoother(first.smoothing_seconds)), tell)
    finally:
        player.close()
    with session.store.editing():
        session.reload()
        analysis = replace(
            first, id=0, pass_number=max(session.passes) + 1, checkpoint=predictor.card.name,
            device=predictor.device, checkpoint_sha256=predictor.card.sha256, checkpoint_card="",
        )  # fmt: skip
        session.store.keep_draft(analysis)
    session.reload()
    return analysis.pass_number


def _read_all(
    session: Session,
    player: Player,
    predictor: Predictor,
    judge: Judge,
    tell: Callable[[dict[str, object]], object],
) -> None:
    frames = enumerate(session.read())
    # Silent where standard error is no terminal.
    for index, (record, faces) in tqdm(
        frames, total=player.count, unit=" frames", leave=False, disable=None
    ):
        if faces:
            image = player.reading(index).frame.image
            frame = Frame(image, record.source_index, record.time, 0.0)
            session.store.draft_faces(record.id, _judged(judge, predictor, frame, faces))
        tell({"state": "reading", "done": index + 1, "total": player.count})


def _judged(
    judge: Judge, predictor: Predictor, frame: Frame, faces: tuple[FaceReading, ...]
) -> tuple[FaceReading, ...]:
    rgb = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), np.uint8)
    found = [face.landmarks for face in faces]
    crops = np.stack([align_face(rgb, face.points) for face in found])
    shapes = np.stack([face_geometry(face.points, face.blendshapes) for face in found])
    ids = [face.face_id for face in faces]
    return judge.judge(predictor.card, frame, found, ids, crops, predictor.predict(crops, shapes))


def report(session: Session, agreement: Agreement, number: int) -> str:
    """The comparison in words."""
    names = {a.pass_number: a.checkpoint for a in reversed(session.analyses)}
    lines = [
        f"{names[0]} and {names[number]} agree in {_percent(agreement.share)} of "
        f"{agreement.readings:,} readings (Cohen's kappa {agreement.kappa:.2f})."
    ]
    if session.facts["video"] == VIDEO:
        lines.append(
            "The first reading saw the camera's pictures, the second the compressed video; compare "
            "a checkpoint with itself to see what that alone changes."
        )
    longest = sorted(agreement.disagreements, key=lambda d: -d.duration)[:_SHOWN]
    if longest:
        lines.append(f"Longest of {len(agreement.disagreements)} disagreements:")
        lines += [f"  {_in_words(d)}" for d in sorted(longest, key=lambda d: d.onset)]
    return "\n".join(lines) + "\n"


def _in_words(d: Disagreement) -> str:
    return (
        f"{d.onset:8.2f} s for {d.duration:6.2f} s, face {d.face}: {d.first} "
        f"({_percent(d.first_reliability)}) against {d.second} ({_percent(d.second_reliability)})"
    )


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def _write(disagreements: tuple[Disagreement, ...], path: Path) -> None:
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(_COLUMNS)
        for d in disagreements:
            numbers = [f"{d.onset:.4f}", f"{d.duration:.4f}", d.face, d.first, d.second]
            sure = (d.first_reliability, d.second_reliability)
            writer.writerow([*numbers, *("" if math.isnan(x) else f"{x:.4f}" for x in sure)])
        text.detach()
