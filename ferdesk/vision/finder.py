"""The faces of a frame, large and small, and how many were seen beside them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.followers import Followers
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.regions import same_face, size_of, without_copies
from ferdesk.vision.scout import Scout
from ferdesk.vision.search import FaceSearch
from ferdesk.vision.types import Box, FaceLandmarks

_GLANCE_SECONDS: Final = 0.25
"""Between looks at the whole picture for faces that came in, while several are followed."""
_SEARCH_SECONDS: Final = 1.0
"""Between searches in tiles, and between glances while one face is followed."""
_PATIENCE_SECONDS: Final = 0.5
"""How long a face that is not found any more is looked for where it was."""
_LARGE: Final = 0.15
"""Share of the longer side from which a face is surely found in the whole picture."""
_LOYALTY: Final = 1.5
"""A newcomer takes the place of a face that is followed only if it is so many times larger."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one frame shows."""

    faces: tuple[FaceLandmarks, ...]
    """Largest first."""
    unread: int
    """Faces that were seen beside them: more than may be read, or too small for landmarks."""


class FaceFinder:
    """Finds the faces of pictures, and follows those of a video. Belongs to one thread.

    One large face of a video is followed in the whole picture. As soon as there are several, or
    small ones, `Followers` read them side by side, and a `Scout` looks for new ones.
    """

    def __init__(self, max_faces: int, *, small_faces: bool = False, live: bool = False) -> None:
        """`live`: searches run beside the frames; otherwise frames wait, and answers repeat.

        FerdeskError when MediaPipe cannot be started.
        """
        self.small_faces = small_faces
        """Search videos for small faces, too; pictures always are."""
        self._max_faces = max_faces
        self._live = live
        self._still = False
        self._stale = False
        self._whole: Landmarker = self._make_landmarker()
        self._scout = Scout(give_way=live)
        self._search: FaceSearch | None = None
        """Of pictures, which wait for it."""
        self._followers: Followers | None = None
        self._forget()

    def find(self, rgb: NDArray[np.uint8], media_time: float, *, still: bool = False) -> Sight:
        """Faces of an (H, W, 3) uint8 RGB picture that nobody writes to any more."""
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
        self._whole.close()
        self._whole = self._make_landmarker()
        if self._followers is not None:
            self._followers.forget()
        self._forget()

    def close(self) -> None:
        """Free every model."""
        self._scout.close()
        self._whole.close()
        if self._search is not None:
            self._search.close()
        if self._followers is not None:
            self._followers.close()

    def _forget(self) -> None:
        self._known: list[tuple[Box, float]] = []
        """Where faces were, and when they were seen there last."""
        self._news: list[Box] = []
        self._unread = 0
        self._looked = self._searched = -np.inf

    def _make_landmarker(self) -> Landmarker:
        return Landmarker(mode="image" if self._still else "video", max_faces=self._max_faces)

    def _picture(self, rgb: NDArray[np.uint8]) -> list[FaceLandmarks]:
        faces = without_copies(list(self._whole.detect(rgb)))
        if self._search is None:
            self._search = FaceSearch()
        found = self._search.search(rgb, [face.box for face in faces])
        faces += found.faces
        faces.sort(key=lambda face: size_of(face.box), reverse=True)
        self._unread = max(0, len(faces) - self._max_faces) + found.unreadable
        return faces[: self._max_faces]

    def _frame(self, rgb: NDArray[np.uint8], media_time: float) -> list[FaceLandmarks]:
        now = time.perf_counter() if self._live else media_time
        self._listen()
        boxes = self._to_read(max(rgb.shape[:2]))
        timestamp = round(media_time * 1000)
        faces: list[FaceLandmarks] = []
        if boxes:
            faces = self._followed(rgb, boxes, timestamp)
        if not boxes or not faces:
            faces = without_copies(list(self._whole.detect(rgb, timestamp)))
        seen = [face.box for face in faces]
        self._known = [(box, now) for box in seen] + [
            (box, at)
            for box, at in self._known
            if 0 <= now - at <= _PATIENCE_SECONDS and not any(same_face(box, b) for b in seen)
        ]
        if self._followers is None and (len(faces) > 1 or self._news):
            self._followers = Followers()
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
        self._news = [box for _, old, box in ranked[: self._max_faces] if not old]
        gone = {box for _, old, box in ranked[self._max_faces :] if old}
        self._known = [(box, at) for box, at in self._known if box not in gone]
        self._unread = max(0, len(ranked) - self._max_faces) + found.unreadable

    def _to_read(self, longer_side: int) -> list[Box]:
        """The regions to read; none where the whole picture is the better place to look."""
        boxes = [box for box, _ in self._known] + self._news
        followers = self._followers
        if followers is None or not followers.ready(len(boxes), wait=not self._live):
            return []
        self._news = []
        if len(boxes) == 1 and size_of(boxes[0]) >= _LARGE * longer_side:
            return []
        return boxes

    def _followed(
        self, rgb: NDArray[np.uint8], boxes: Sequence[Box], timestamp: int
    ) -> list[FaceLandmarks]:
        assert self._followers is not None
        read = [face for face in self._followers.read(rgb, boxes, timestamp) if face is not None]
        return without_copies(read)[: self._max_faces]

    def _send_scout(self, rgb: NDArray[np.uint8], seen: list[Box], now: float) -> None:
        if now < self._looked:  # a file began again
            self._looked = self._searched = -np.inf
        tiles = self.small_faces and now - self._searched >= _SEARCH_SECONDS
        pause = _SEARCH_SECONDS
        if self._followers is not None:
            pause = _GLANCE_SECONDS if self._live else 0.0
        if (tiles or now - self._looked >= pause) and (self._scout.free or not self._live):
            self._looked = now
            if tiles:
                self._searched = now
            self._scout.begin(rgb, seen, tiles=tiles)
