"""Which of several faces the panels show."""

from __future__ import annotations

from typing import Final

from ferdesk.pipeline.types import Reading

_PATIENCE: Final = 1.0
"""Seconds for which a chosen face may be out of sight before the largest one takes over."""


class FaceSelection:
    """The largest face, unless the person chose one."""

    def __init__(self) -> None:
        self._chosen: int | None = None
        self._current: int | None = None
        self._ids: tuple[int, ...] = ()
        self._now = 0.0
        self._seen_at = 0.0

    @property
    def current(self) -> int | None:
        """Id of the face shown, None while there is none."""
        return self._current

    def pick(self, reading: Reading) -> int | None:
        """Id of the face to show of `reading`; a chosen one may be out of sight for a moment."""
        self._ids = tuple(sorted(face.face_id for face in reading.faces))
        self._now = reading.frame.captured_at
        if self._chosen in self._ids:
            self._seen_at = self._now
        elif self._now - self._seen_at > _PATIENCE:
            self._chosen = None
        if self._chosen is not None:
            self._current = self._chosen
        else:
            self._current = reading.faces[0].face_id if reading.faces else None
        return self._current

    def choose(self, face_id: int) -> None:
        """Stay with this face for as long as it is in sight."""
        if face_id in self._ids:
            self._chosen = self._current = face_id
            self._seen_at = self._now

    def step(self, by: int) -> int | None:
        """Choose the next (+1) or previous (-1) face by id; returns its id."""
        if not self._ids:
            return None
        start = self._ids.index(self._current) if self._current in self._ids else -1
        self.choose(self._ids[(start + by) % len(self._ids)])
        return self._current

    def reset(self) -> None:
        """Back to the largest face; ids start anew."""
        self._chosen = self._current = None
        self._ids = ()
