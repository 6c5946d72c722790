"""Which pictures of corrected faces a session keeps, and keeping them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import FaceReading
from ferdesk.session.folder import VIDEO
from ferdesk.session.player import Player
from ferdesk.session.records import CorrectionRecord, CropRecord, FrameRecord
from ferdesk.session.session import Session
from ferdesk.session.table import correction_of
from ferdesk.vision.crop import align_face

EVERY_SECONDS: Final = 0.5
"""Frames that follow each other show the same face: one in so long is a picture of its own."""
MOST_KEPT: Final = 200
"""Pictures of one face with one label in a database: some 5 MB."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A corrected face in one frame, chosen to stand for half a second."""

    frame: FrameRecord
    index: int
    """Of the frame among the analysed ones, as `Player` counts."""
    face: int
    label: str
    """One of the seven: a person's last word about it."""
    kept: bool
    """Whether its picture lies in the database."""
    pictured: bool
    """Whether the recording kept the whole frame; the video may be missing now."""


def picks(session: Session, every: float = EVERY_SECONDS) -> list[Pick]:
    """One per face, label and `every` seconds of corrected time, in order of time.

    Frames whose crop is kept come first, then those with a picture in the video, then the others:
    what was kept once is what is chosen again.
    """
    corrections = session.store.corrections()
    kept = session.store.kept_crops()
    own = session.facts.get("video") == VIDEO
    ranks: defaultdict[tuple[int, str], list[list[Pick]]] = defaultdict(lambda: [[], [], []])
    for index, frame, faces in _corrected_frames(session, corrections):
        for face in faces:
            label = correction_of(corrections, frame.time, face)
            if label not in EXPRESSIONS:
                continue
            pictured = frame.video_ms is not None if own else session.has_video
            pick = Pick(frame, index, face, label, (frame.id, face) in kept, pictured)
            ranks[face, label][0 if pick.kept else 1 if pictured else 2].append(pick)
    chosen = [pick for ranked in ranks.values() for pick in _spaced(ranked, every)]
    return sorted(chosen, key=lambda pick: (pick.frame.id, pick.face))


def keep_crops(session: Session) -> int:
    """Store the crops of corrected faces that are not kept yet; how many.

    Only of a session that recorded its own video: there, keeping pictures was agreed to. They
    outlive the video file. Slow, some 50 ms per picture. FerdeskError when the session cannot be
    written.
    """
    own = session.facts.get("video") == VIDEO and session.facts.get("landmarks", True)
    if session.read_only or not own or session.video is None:
        return 0
    wanted = _within_limits(picks(session))
    if not wanted:
        return 0
    player = Player(session)
    try:
        if player.complaint:
            return 0
        crops = [CropRecord(p.frame.id, p.face, png(crop_of(player, p)[0])) for p in wanted]
    finally:
        player.close()
    session.store.add_crops(crops)
    return len(crops)


def drop_uncovered_crops(session: Session) -> None:
    """Take out pictures of faces about which nobody says anything any more.

    Not while an edit may still be undone: a picture whose video is gone does not come back.
    """
    kept = session.store.kept_crops()
    if session.read_only or not kept:
        return
    corrections = session.store.corrections()
    times = {frame.id: frame.time for frame in session.frames}
    session.store.remove_crops(
        (frame, face) for frame, face in sorted(kept)
        if not correction_of(corrections, times.get(frame, -1.0), face)
    )  # fmt: skip


def crop_of(player: Player, pick: Pick) -> tuple[NDArray[np.uint8], FaceReading]:
    """The aligned 112 px crop, uint8 BGR, out of the video, and the face."""
    reading = player.reading(pick.index)
    face = next(face for face in reading.faces if face.face_id == pick.face)
    return align_face(reading.frame.image, face.landmarks.points), face


def png(picture: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) uint8 BGR as a PNG file."""
    done, encoded = cv2.imencode(".png", picture)
    if not done:
        raise FerdeskError("A picture could not be written as PNG.")
    return bytes(encoded)


def _corrected_frames(
    session: Session, corrections: list[CorrectionRecord]
) -> Iterable[tuple[int, FrameRecord, list[int]]]:
    """Position, frame and face ids of the analysed frames that a correction covers."""
    frames = [frame for frame in session.frames if frame.analysed]
    times = [frame.time for frame in frames]
    covered: set[int] = set()
    for c in corrections:
        end = c.onset + max(c.duration, 1e-3)
        covered.update(range(bisect_left(times, c.onset), bisect_left(times, end + 1e-9)))
    if not covered:
        return []
    faces: defaultdict[int, list[int]] = defaultdict(list)
    for frame, face in session.store.rows(
        "SELECT frame, face FROM face JOIN analysis ON analysis.id = face.analysis"
        " WHERE pass_number = 0 AND frame BETWEEN ? AND ? ORDER BY face.id",
        (frames[min(covered)].id, frames[max(covered)].id),
    ):
        faces[frame].append(face)
    return [(i, frames[i], faces[frames[i].id]) for i in sorted(covered)]


def _spaced(ranked: list[list[Pick]], every: float) -> list[Pick]:
    """All of the first rank; of the others those that are not close to a chosen one."""
    chosen = list(ranked[0])
    times = sorted(pick.frame.time for pick in chosen)
    for pick in (*ranked[1], *ranked[2]):
        at = pick.frame.time
        place = bisect_left(times, at)
        if all(abs(at - near) >= every - 1e-9 for near in times[max(0, place - 1) : place + 1]):
            insort(times, at)
            chosen.append(pick)
    return chosen


def _within_limits(chosen: list[Pick]) -> list[Pick]:
    """Those to be kept now, spread evenly where there are too many."""
    groups: defaultdict[tuple[int, str], list[Pick]] = defaultdict(list)
    for pick in chosen:
        groups[pick.face, pick.label].append(pick)
    wanted: list[Pick] = []
    for group in groups.values():
        missing = [pick for pick in group if not pick.kept and pick.pictured]
        room = max(0, MOST_KEPT - sum(pick.kept for pick in group))
        places = np.linspace(0, len(missing) - 1, min(room, len(missing))).round().astype(int)
        wanted += [missing[place] for place in places]
    return sorted(wanted, key=lambda pick: pick.index)
