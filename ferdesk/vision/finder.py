"""The faces of a frame, large and small, and how many were seen beside them."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.lanes import Lanes
from ferdesk.vision.regions import same_face, size_of, without_copies
from ferdesk.vision.scout import Scout
from ferdesk.vision.search import FaceSearch
from ferdesk.vision.types import Box, SeenFace

log = logging.getLogger(__name__)

_GLANCE_SECONDS: Final = 0.25
"""Between looks at the whole live picture for faces that came in."""
_SEARCH_SECONDS: Final = 1.0
"""Between searches in tiles, and between looks when one face may be read and is."""
_PATIENCE_SECONDS: Final = 0.5
"""How long a face that is not found any more is looked for where it was."""
_LOYALTY: Final = 1.5
"""A newcomer takes the place of a face that is followed only if it is so many times larger."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one frame shows."""

    faces: tuple[SeenFace, ...]
    """Largest first; each is good until the next frame."""
    unread: int
    """Faces that were seen beside them: more than may be read, or too small for landmarks."""


class Reads(Protocol):
    """Reads the faces of a video's frames, one after the other, each (H, W, 3) uint8 RGB."""

    engine: str
    """The library that runs the models."""

    def takes(self, boxes: Sequence[Box], longer_side: int) -> bool:
        """Whether `read` is the better way to faces expected in these boxes, in a picture whose
        longer side has so many pixels; otherwise `look` is."""
        ...

    def look(self, rgb: NDArray[np.uint8], timestamp_ms: int) -> Sequence[SeenFace]:
        """The faces of the whole picture."""
        ...

    def read(
        self, rgb: NDArray[np.uint8], boxes: Sequence[Box], timestamp_ms: int
    ) -> Sequence[SeenFace]:
        """The faces expected in the boxes that are there, in this order; `takes` said yes."""
        ...

    def forget(self) -> None:
        """Another scene follows."""
        ...

    def close(self) -> None:
        """Free every model."""
        ...


def _reader(most: int, folder: Path | None, *, wait: bool) -> Reads:
    """`Followers`, or `Lanes` where OpenVINO is missing or fails. FerdeskError."""
    try:
        from ferdesk.vision.followers import Followers

        return Followers(most, folder)
    except (ImportError, RuntimeError, OSError) as error:
        log.warning("faces are followed by MediaPipe alone: %s", error)
        return Lanes(most, wait=wait)


class FaceFinder:
    """Finds the faces of pictures, and follows those of a video. Belongs to one thread."""

    def __init__(
        self,
        max_faces: int,
        *,
        small_faces: bool = False,
        live: bool = False,
        folder: Path | None = None,
    ) -> None:
        """`live`: searches run beside the frames; otherwise frames wait, and answers repeat.

        Compiled models are kept in `folder`.
        """
        self.small_faces = small_faces
        """Search videos for small faces, too; pictures always are."""
        self.max_faces = max_faces
        self._live = live
        self._folder = folder
        self._still = False
        self._stale = False
        self._pictures: Landmarker | None = None
        self._search: FaceSearch | None = None
        """Both of pictures."""
        self._video: Reads | None = None
        self._scout = Scout(give_way=live)
        self._forget()

    def prepare(self, *, still: bool) -> None:
        """Load what `find` needs for pictures, or for videos, and would load itself.

        FerdeskError when MediaPipe cannot be started.
        """
        if still:
            self._pictures = self._pictures or Landmarker(mode="image", max_faces=self.max_faces)
        else:
            wait = not self._live
            self._video = self._video or _reader(self.max_faces, self._folder, wait=wait)

    @property
    def engine(self) -> str:
        """The library that runs the models of videos; "" while they are not loaded."""
        return "" if self._video is None else self._video.engine

    def find(self, rgb: NDArray[np.uint8], media_time: float, *, still: bool = False) -> Sight:
        """Faces of an (H, W, 3) uint8 RGB picture that nobody writes to any more. FerdeskError."""
        self.prepare(still=still)
        if self._stale or still is not self._still:
            self._still = still
            self._begin()
        faces = self._picture(rgb) if still else self._frame(rgb, media_time)
        return Sight(
            tuple(sorted(faces, key=lambda face: size_of(face.box), reverse=True)), self._unread
        )

    def new_scene(self) -> None:
        """The next frame has nothing to do with the last one."""
        self._stale = True

    def _begin(self) -> None:
        self._stale = False
        self._scout.drop()
        if self._video is not None:
            self._video.forget()
        self._forget()

    def close(self) -> None:
        """Free every model."""
        self._scout.close()
        for each in (self._pictures, self._search, self._video):
            if each is not None:
                each.close()

    def _forget(self) -> None:
        self._known: list[tuple[Box, float]] = []
        """Where faces were, and when they were seen there last."""
        self._news: list[Box] = []
        self._unread = 0
        self._looked = self._searched = -np.inf

    def _picture(self, rgb: NDArray[np.uint8]) -> list[SeenFace]:
        assert self._pictures is not None
        if self._search is None:
            self._search = FaceSearch()
        faces = without_copies(self._pictures.detect(rgb))
        found = self._search.search(rgb, [face.box for face in faces])
        faces += found.faces
        faces.sort(key=lambda face: size_of(face.box), reverse=True)
        self._unread = max(0, len(faces) - self.max_faces) + found.unreadable
        return faces[: self.max_faces]

    def _frame(self, rgb: NDArray[np.uint8], media_time: float) -> list[SeenFace]:
        assert self._video is not None
        now = time.perf_counter() if self._live else media_time
        self._listen()
        boxes = [box for box, _ in self._known] + self._news
        timestamp = round(media_time * 1000)
        faces: Sequence[SeenFace] = ()
        if boxes and self._video.takes(boxes, max(rgb.shape[:2])):
            self._news = []
            faces = self._video.read(rgb, boxes, timestamp)
        if not faces:
            faces = self._video.look(rgb, timestamp)
        faces = without_copies(faces)[: self.max_faces]
        seen = [face.box for face in faces]
        self._known = [(box, now) for box in seen] + [
            (box, at)
            for box, at in self._known
            if 0 <= now - at <= _PATIENCE_SECONDS and not any(same_face(box, b) for b in seen)
        ]
        self._send_scout(rgb, seen, now)
        return faces

    def _listen(self) -> None:
        """Take what the scout found: places for the next frame, and how many are too many."""
        found = self._scout.take(waiting=not self._live)
        if found is None:
            return
        known = [box for box, _ in self._known]
        new: list[Box] = []
        for box in [face.box for face in found.faces] + self._news:
            if not any(same_face(box, other) for other in known + new):
                new.append(box)
        ranked = sorted(
            [(size_of(box) * _LOYALTY, True, box) for box in known]
            + [(size_of(box), False, box) for box in new],
            reverse=True,
        )
        self._news = [box for _, old, box in ranked[: self.max_faces] if not old]
        gone = {box for _, old, box in ranked[self.max_faces :] if old}
        self._known = [(box, at) for box, at in self._known if box not in gone]
        self._unread = max(0, len(ranked) - self.max_faces) + found.unreadable

    def _send_scout(self, rgb: NDArray[np.uint8], seen: list[Box], now: float) -> None:
        if now < self._looked:  # a file began again
            self._looked = self._searched = -np.inf
        tiles = self.small_faces and now - self._searched >= _SEARCH_SECONDS
        pause = _GLANCE_SECONDS if self._live else 0.0
        if self.max_faces == 1 and seen:
            pause = _SEARCH_SECONDS  # others are only counted, or take its place
        if (tiles or now - self._looked >= pause) and (self._scout.free or not self._live):
            self._looked = now
            if tiles:
                self._searched = now
            self._scout.begin(rgb, seen, tiles=tiles)
