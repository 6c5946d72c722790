"""What the window shows right now, as one value for all panels."""

from __future__ import annotations

from dataclasses import dataclass

from ferdesk.pipeline.types import FaceReading, Reading


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One reading, the face of it that the panels are about, and the operating point."""

    reading: Reading | None = None
    """None before the first reading of a source."""
    selected: int | None = None
    """Id of the face; it may be out of sight for a moment."""
    threshold: float = 0.0
    """Labels less reliable than this read "Unsure"; 0 tells every label."""

    @property
    def faces(self) -> tuple[FaceReading, ...]:
        """Every face in view, largest first."""
        return self.reading.faces if self.reading is not None else ()

    @property
    def face(self) -> FaceReading | None:
        """The selected face; None while it is not in view."""
        return next((face for face in self.faces if face.face_id == self.selected), None)

    @property
    def position(self) -> tuple[int, int]:
        """(place of the selected face, number of faces), counted from 1 by id; (0, n) without."""
        ids = sorted(face.face_id for face in self.faces)
        return ids.index(self.selected) + 1 if self.selected in ids else 0, len(ids)
