"""What the window shows right now, as one value for all panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ferdesk.pipeline.types import FaceReading, Reading
from ferdesk.ui.state.verdict import Verdict, judge

NO_FACE: Final = "No face in view"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One reading, the face of it that the panels are about, and the operating point."""

    reading: Reading | None = None
    """None before the first reading of a source."""
    selected: int | None = None
    """Id of the face; it may be out of sight for a moment."""
    threshold: float = 0.0
    """Labels less reliable than this read "Unsure"; 0 tells every label."""
    weak: Mapping[str, float] = field(default_factory=dict)
    """See `ferdesk.ui.state.verdict.weaknesses`."""
    written: Reading | None = None
    """The reading whose words and numbers are shown: it follows `reading` slowly enough to be
    read, and at once when an answer changes. None: `reading` itself."""

    @property
    def faces(self) -> tuple[FaceReading, ...]:
        """Every face in view, largest first."""
        return self.reading.faces if self.reading is not None else ()

    @property
    def face(self) -> FaceReading | None:
        """The selected face; None while it is not in view."""
        return next((face for face in self.faces if face.face_id == self.selected), None)

    @property
    def written_face(self) -> FaceReading | None:
        """The selected face as words and numbers tell it; None while it is not in view."""
        face = self.face
        return None if face is None else self.as_written(face)

    @property
    def verdict(self) -> Verdict | None:
        """On `written_face`."""
        face = self.written_face
        return None if face is None else judge(face, self.threshold, self.weak)

    def number(self, face: FaceReading) -> int | None:
        """What a face is called among several: its id, which it keeps, or in pictures its place.

        None where there is only one.
        """
        ids = sorted(other.face_id for other in self.faces)
        if len(ids) < 2:
            return None
        still = self.reading is not None and self.reading.frame.still
        return ids.index(face.face_id) + 1 if still else face.face_id

    @property
    def which(self) -> str:
        """`Face 2 of 3`, or `Face 7 (2 of 3)` after faces have come and gone; "" for one."""
        place, count = self.position
        face = self.face
        number = self.number(face) if face is not None else None
        if number is None:
            return ""
        return (
            f"Face {place} of {count}" if number == place else f"Face {number} ({place} of {count})"
        )

    @property
    def in_view(self) -> str:
        """What is to be said about the number of faces: that there is none, or that more were
        seen than read, and why; "" otherwise.
        """
        reading = self.reading
        if reading is None:
            return ""
        read, unread = len(reading.faces), reading.unread
        if not unread:
            return "" if read else NO_FACE
        more = " more" if read else ""
        faces = f"{unread}{more} face" if unread == 1 else f"{unread}{more} faces"
        most = reading.settings.max_faces if reading.settings is not None else None
        if most is not None and read >= most:
            return f"{faces} seen but not read: Analysis ▸ Faces reads more than {most}"
        return f"{faces} seen but too small to be read"

    @property
    def position(self) -> tuple[int, int]:
        """(place of the selected face, number of faces), counted from 1 by id; (0, n) without."""
        ids = sorted(face.face_id for face in self.faces)
        return ids.index(self.selected) + 1 if self.selected in ids else 0, len(ids)

    def as_written(self, face: FaceReading) -> FaceReading:
        """`face` in the reading whose words and numbers are shown; itself where it is new there."""
        faces = self.written.faces if self.written is not None else ()
        return next((old for old in faces if old.face_id == face.face_id), face)

    @property
    def contradicts_itself(self) -> bool:
        """Whether the words would deny the picture beside them: an answer has changed since."""
        written, reading = self.written, self.reading
        if reading is None:
            return False
        if written is None or written.frame.file != reading.frame.file:
            return True
        return self.answers(written) != self.answers(reading)

    def file_among(self, files: Sequence[Path]) -> str:
        """The file on the screen and its place among several; "" for other sources."""
        file = self.reading.frame.file if self.reading is not None else None
        if file is None or len(files) < 2 or file not in files:
            return ""
        return f"{file.name} ({files.index(file) + 1} of {len(files)})"

    def answers(self, reading: Reading) -> frozenset[tuple[int, str]]:
        """(face id, label or "unsure") of every face of a reading at this operating point."""
        return frozenset((face.face_id, face.answer(self.threshold)) for face in reading.faces)
