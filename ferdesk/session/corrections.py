"""Corrected stretches as a data set that `python -m trainer train --data manifest:DIR` reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, replacing, write_bytes
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import FaceReading
from ferdesk.session.crops import EVERY_SECONDS, Pick, crop_of, picks, png
from ferdesk.session.folder import file_name
from ferdesk.session.player import Player
from ferdesk.session.session import Session

COLUMNS: Final = ("path", "label", "split", "original", "landmarks")


@dataclass(frozen=True, slots=True)
class WrittenCorrections:
    """What became of the corrections of some sessions."""

    crops: int
    left_out: tuple[str, ...]
    """A sentence for every session of which something has no crop."""
    missing: tuple[str, ...]
    """Expressions of which there is no crop: the trainer needs all seven."""

    @property
    def in_words(self) -> str:
        """One sentence or more."""
        count = "1 crop with its" if self.crops == 1 else f"{self.crops} crops with their"
        return " ".join((f"{count} landmarks.", *self.left_out))


def write_corrections(
    sessions: Sequence[Session], folder: Path, *, every: float = EVERY_SECONDS
) -> WrittenCorrections:
    """``manifest.csv`` (`COLUMNS`), aligned 112 px crops, and the landmarks of each.

    A crop per face and `every` seconds wherever the last word of a person is one of the seven: the
    one that is kept in the session, else out of its video. `original` is the label that was shown,
    `landmarks` an .npz file with `points` (478, 3) in pixels of the frame, `blendshapes` (52,) and
    `transform` (4, 4), all float32. All are of the split "train": pictures of one person in one
    session must not measure a network that was trained on them. FerdeskError when no session
    has both corrections and the pictures and landmarks that they need.
    """
    rows: list[tuple[str, ...]] = []
    sentences: list[str] = []
    for number, session in enumerate(sessions, 1):
        name = file_name(session.name)
        if sum(other.name == session.name for other in sessions) > 1:
            name = f"{name}-{number}"
        try:
            rows += _write_session(session, folder, name, every, sentences)
        except FerdeskError as error:
            sentences.append(str(error))
    if not rows:
        raise FerdeskError(" ".join(sentences))
    with replacing(folder / "manifest.csv") as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
        text.detach()
    labels = {row[1] for row in rows}
    missing = tuple(name for name in EXPRESSIONS if name not in labels)
    return WrittenCorrections(len(rows), tuple(sentences), missing)


def _write_session(
    session: Session, folder: Path, name: str, every: float, sentences: list[str]
) -> list[tuple[str, ...]]:
    """Rows of the manifest; what has no picture becomes a sentence."""
    if not session.facts.get("landmarks", True):
        raise FerdeskError(
            f"The session '{session.name}' keeps no landmarks, so its faces cannot be cut out; "
            "record with landmarks to learn from corrections."
        )
    chosen = picks(session, every)
    if session.video is None and not any(pick.kept for pick in chosen):
        raise FerdeskError(_no_pictures(session))
    if not chosen:
        raise FerdeskError(
            f"Nothing in the session '{session.name}' was corrected to one of the seven "
            "expressions, so there is nothing to learn from."
        )
    player = Player(session)
    try:
        playable = session.video is not None and not player.complaint
        found = [pick for pick in chosen if pick.kept or (pick.pictured and playable)]
        if not found:
            raise FerdeskError(player.complaint or _no_pictures(session))
        make_folder(folder / "crops")
        rows = [_write_crop(player, pick, session, folder, name) for pick in found]
    finally:
        player.close()
    without = len(chosen) - len(found)
    if without:
        moments = "One corrected moment" if without == 1 else f"{without} corrected moments"
        have = "has" if without == 1 else "have"
        why = "the recorder had no time to keep it" if playable else "the video is missing"
        sentences.append(f"{moments} of '{session.name}' {have} no picture: {why}.")
    return rows


def _no_pictures(session: Session) -> str:
    if session.has_video:
        return (
            f"The video of the session '{session.name}' is missing and no pictures of its "
            "corrections were kept before, so no crops can be made of them."
        )
    return (
        f"The session '{session.name}' holds no pictures, so no crops can be made of its "
        "corrections; record with --video where people agree to it."
    )


def _write_crop(
    player: Player, pick: Pick, session: Session, folder: Path, prefix: str
) -> tuple[str, ...]:
    picture = session.store.crop(pick.frame.id, pick.face) if pick.kept else None
    if picture is None:
        crop, face = crop_of(player, pick)
        picture = png(crop)
    else:
        face = _face(session, pick)
    name = f"crops/{prefix}_{pick.index:06d}_{pick.face}"
    write_bytes(folder / f"{name}.png", picture)
    write_bytes(folder / f"{name}.npz", _landmarks(face))
    return f"{name}.png", pick.label, "train", face.label, f"{name}.npz"


def _face(session: Session, pick: Pick) -> FaceReading:
    faces = session.store.faces(pick.frame.id, pick.frame.id)[pick.frame.id]
    return next(face for face in faces if face.face_id == pick.face)


def _landmarks(face: FaceReading) -> bytes:
    found = face.landmarks
    file = io.BytesIO()
    np.savez(
        file, points=found.points, blendshapes=found.blendshapes, transform=found.transform
    )  # fmt: skip
    return file.getvalue()
