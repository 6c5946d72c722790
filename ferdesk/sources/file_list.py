"""Several files in turn: a folder, or what was chosen or dropped together."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ferdesk.errors import FerdeskError
from ferdesk.sources.base import Frame, SourceInfo
from ferdesk.sources.files import IMAGE_SUFFIXES, SUFFIXES, holds_video, natural_key
from ferdesk.sources.images import ImageSource
from ferdesk.sources.video import VideoSource

logger = logging.getLogger(__name__)


class FileListSource:
    """Pictures and videos in natural order of their names, each frame with its file.

    A picture is one frame, a video all of its frames with its own times. Files that cannot be
    read are passed over and counted in `warning`. `step` moves among the files.
    """

    def __init__(self, paths: Sequence[Path], *, loop: bool = False, name: str = "") -> None:
        self._files = sorted(paths, key=natural_key)
        self._loop = loop
        self._name = name
        self._at = 0
        self._current: ImageSource | VideoSource | None = None
        self._unreadable: dict[Path, str] = {}
        self._broken_off: dict[Path, str] = {}
        self._index = 0
        self._open = False

    @property
    def description(self) -> str:
        return self._name or f"{len(self._files)} files"

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file in the order of playing, readable or not."""
        return tuple(self._files)

    @property
    def faults(self) -> dict[Path, str]:
        """Files met so far that could not be read, or only in part, each with its sentence."""
        return {**self._unreadable, **self._broken_off}

    @property
    def warning(self) -> str:
        parts = list(self._broken_off.values())
        count = len(self._unreadable)
        if count:
            first = min(self._unreadable, key=natural_key).name
            further = f" and {count - 1} more" if count > 1 else ""
            parts.insert(
                0,
                f"{count} of {len(self._files)} files in '{self.description}' could not be read "
                f"and were left out ({first}{further}).",
            )
        return " ".join(parts)

    def open(self) -> SourceInfo:
        self.close()
        self._at, self._index = 0, 0
        self._unreadable, self._broken_off = {}, {}
        info = self._enter(1)
        if info is None:
            reasons = list(self._unreadable.values())
            if len(reasons) == 1:
                raise FerdeskError(reasons[0])
            raise FerdeskError(
                f"None of the {len(reasons)} files in '{self.description}' can be read; "
                "they are damaged or in an unknown format."
            )
        self._open = True
        pictures = sum(path.suffix.lower() in IMAGE_SUFFIXES for path in self._files)
        kind = {len(self._files): "pictures", 0: "videos"}.get(pictures, "files")
        return SourceInfo(
            name=self.description,
            width=info.width,
            height=info.height,
            fps=info.fps,
            live=False,
            frame_count=pictures if kind == "pictures" and not self._loop else None,
            detail=f"{len(self._files)} {kind}, the first {info.width}x{info.height}",
        )

    def read(self) -> Frame | None:
        if not self._open:
            raise RuntimeError("the files are not open")
        while self._current is not None:
            frame = self._current.read()
            if frame is not None:
                frame = replace(frame, index=self._index)
                self._index += 1
                return frame
            if self._current.warning:
                self._broken_off[self._files[self._at]] = self._current.warning
            self._leave()
            was = self._at
            self._at += 1
            if self._enter(1) is None:
                self._at = 0 if self._loop else was
                if self._loop:
                    self._enter(1)
        return None

    def step(self, by: int) -> bool:
        """Go `by` files further (back when negative), to the first or last at most; `read` gives
        that file from its beginning.

        Unreadable files are passed over. Without a further one the present file begins again;
        False then. RuntimeError when it is not open.
        """
        if not self._open:
            raise RuntimeError("the files are not open")
        was = self._at
        self._leave()
        self._at = max(0, min(len(self._files) - 1, was + by))
        if self._at != was and self._enter(1 if by > 0 else -1) is not None:
            return True
        self._at = was
        self._enter(1)
        return False

    def count_frames(self) -> int | None:
        """How many frames all files have, pictures one each; None when a video does not say.

        Opens every video, which takes milliseconds each; unreadable files count 0.
        """
        total = 0
        for path in self._files:
            try:
                source = VideoSource(path) if holds_video(path) else None
                count = 1 if source is None else source.open().frame_count
            except FerdeskError:
                continue
            if source is not None:
                source.close()
            if count is None:
                return None
            total += count
        return total

    def close(self) -> None:
        # What `warning` is made of stays, for reports that are written afterwards.
        self._leave()
        self._open = False

    def _leave(self) -> None:
        if self._current is not None:
            self._current.close()
        self._current = None

    def _enter(self, direction: int) -> SourceInfo | None:
        """Open the file at the present place or the next one in `direction` that can be read."""
        while 0 <= self._at < len(self._files):
            path = self._files[self._at]
            try:
                source = VideoSource(path) if holds_video(path) else ImageSource(path)
                info = source.open()
            except FerdeskError as error:
                if path not in self._unreadable:
                    self._unreadable[path] = str(error)
                    logger.warning("%s", error)
                self._at += direction
                continue
            self._current = source
            return info
        return None


class FolderSource(FileListSource):
    """The pictures and videos of one folder, without its subfolders and other files."""

    def __init__(self, path: Path, *, loop: bool = False) -> None:
        super().__init__((), loop=loop, name=path.name or str(path))
        self._path = path

    def open(self) -> SourceInfo:
        try:
            entries = list(self._path.iterdir())
        except OSError as error:
            raise FerdeskError(
                f"The folder '{self._path}' cannot be read ({error.strerror or error})."
            ) from error
        self._files = sorted(
            (p for p in entries if p.suffix.lower() in SUFFIXES and p.is_file()), key=natural_key
        )
        if not self._files:
            raise FerdeskError(
                f"The folder '{self._path}' has no pictures or videos in it; choose one that has."
            )
        return super().open()
