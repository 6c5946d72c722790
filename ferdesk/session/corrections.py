"""Corrected stretches as a data set that `python -m trainer train --data manifest:DIR` reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, replacing, write_bytes
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import FaceReading
from ferdesk.session.folder import file_name
from ferdesk.session.player import Player
from ferdesk.session.session import Session
from ferdesk.session.table import correction_of
from ferdesk.vision.crop import align_face

EVERY_SECONDS: Final = 0.5
"""Frames that follow each other show the same face: one in so long is a picture of its own."""


@dataclass(frozen=True, slots=True)
class _Corrected:
    index: int
    face: FaceReading
    label: str


def write_corrections(session: Session, folder: Path, *, every: float = EVERY_SECONDS) -> int:
    """``manifest.csv`` (path, label, split, original) and aligned 112 px crops; how many.

    A crop per face and `every` seconds wherever the last word of a person is one of the seven;
    `original` is the label that was shown. All are of the split "train": pictures of one person in
    one session must not measure a network that was trained on them. FerdeskError when the session
    keeps no pictures or nothing in it was corrected.
    """
    if session.video is None:
        raise FerdeskError(
            f"The session '{session.name}' holds no pictures, so no crops can be made of its "
            "corrections; record with --video where people agree to it."
        )
    player = Player(session)
    try:
        if player.complaint:
            raise FerdeskError(player.complaint)
        found = list(_corrected(session, every))
        if not found:
            raise FerdeskError(
                f"Nothing in the session '{session.name}' was corrected to one of the seven "
                "expressions, so there is nothing to learn from."
            )
        make_folder(folder / "crops")
        rows = [_write_crop(player, item, session.name, folder) for item in found]
    finally:
        player.close()
    with replacing(folder / "manifest.csv") as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(("path", "label", "split", "original"))
        writer.writerows(rows)
        text.detach()
    return len(rows)


def _corrected(session: Session, every: float) -> Iterator[_Corrected]:
    corrections = session.store.corrections()
    last: dict[tuple[int, str], float] = {}
    for index, (frame, faces) in enumerate(session.read()):
        for face in faces:
            label = correction_of(corrections, frame.time, face)
            before = last.get((face.face_id, label), -np.inf)
            if label in EXPRESSIONS and frame.time - before >= every:
                last[face.face_id, label] = frame.time
                yield _Corrected(index, face, label)


def _write_crop(
    player: Player, item: _Corrected, session: str, folder: Path
) -> tuple[str, str, str, str]:
    picture = player.reading(item.index).frame.image
    crop = align_face(picture, item.face.landmarks.points)
    name = f"crops/{file_name(session)}_{item.index:06d}_{item.face.face_id}.png"
    write_bytes(folder / name, png(crop))
    return name, item.label, "train", item.face.label


def png(picture: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) uint8 BGR as a PNG file."""
    done, encoded = cv2.imencode(".png", picture)
    if not done:
        raise FerdeskError("A picture could not be written as PNG.")
    return bytes(encoded)
