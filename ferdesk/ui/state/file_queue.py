"""What `ferdesk analyze --progress` says, as rows of a list."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from ferdesk.errors import FerdeskError
from ferdesk.sources.files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, natural_key


class FileState(StrEnum):
    """How far a file is."""

    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class QueuedFile:
    """One row of the list."""

    path: str
    state: FileState = FileState.WAITING
    share: float = 0.0
    """0..1 of its frames are read."""
    folder: str = ""
    """The session, once it is there."""
    sentence: str = ""
    """Why it failed."""
    started: float | None = None

    def seconds_left(self, now: float) -> float | None:
        """Estimated from what was done so far; None before there is anything to go by."""
        if self.state is not FileState.READING or self.started is None or self.share < 0.02:
            return None
        return (now - self.started) / self.share * (1.0 - self.share)


@dataclass(slots=True)
class FileQueue:
    """All rows, by their path."""

    files: dict[str, QueuedFile] = field(default_factory=dict)

    def add(self, paths: list[str]) -> None:
        """More files at the end; one that is there stays where it is."""
        for path in paths:
            self.files.setdefault(path, QueuedFile(path))

    def begin(self) -> list[str]:
        """Everything that is not done waits again; the paths of all files."""
        for path, file in self.files.items():
            if file.state is not FileState.DONE:
                self.files[path] = QueuedFile(path)
        return list(self.files)

    def hear(self, line: str, now: float) -> None:
        """One line of the command's output; what is not understood is left alone."""
        try:
            news = json.loads(line)
        except ValueError:
            return
        file = self.files.get(str(news.get("source"))) if isinstance(news, dict) else None
        if file is not None:
            _take(file, news, now)

    def end(self) -> None:
        """The command is over: what it did not finish waits for the next time."""
        for file in self.files.values():
            if file.state is FileState.READING:
                file.state, file.share, file.started = FileState.WAITING, 0.0, None


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder has for the queue."""

    sources: tuple[str, ...]
    sentence: str = ""
    """What was left out, or why there is nothing."""


def sources_of(place: Path) -> Found:
    """A file is itself, a folder its videos, in the natural order of names and without subfolders.

    A folder of pictures is one source. Slow on a slow drive. FerdeskError when it cannot be read.
    """
    if not place.is_dir():
        return Found((str(place),))
    try:
        files = [path for path in place.iterdir() if path.is_file()]
    except OSError as error:
        raise FerdeskError(
            f"The folder '{place}' cannot be read ({error.strerror or error})."
        ) from error
    videos = sorted((p for p in files if p.suffix.lower() in VIDEO_SUFFIXES), key=natural_key)
    pictures = sum(path.suffix.lower() in IMAGE_SUFFIXES for path in files)
    if videos and pictures:
        left_out = f"{pictures} pictures" if pictures > 1 else "One picture"
        were = "were" if pictures > 1 else "was"
        return Found(
            tuple(map(str, videos)),
            f"{left_out} in '{place.name}' {were} left out: pictures need a folder of their own.",
        )
    if videos or pictures:
        return Found(tuple(map(str, videos)) or (str(place),))
    return Found((), f"The folder '{place.name}' has no videos or pictures in it.")


def _take(file: QueuedFile, news: dict[str, Any], now: float) -> None:
    file.state = FileState(news.get("state", file.state))
    file.folder = str(news.get("folder", file.folder))
    file.sentence = str(news.get("sentence", ""))
    done, total = news.get("done"), news.get("total")
    if file.state is FileState.READING and file.started is None:
        file.started = now
    if isinstance(done, int) and isinstance(total, int) and total > 0:
        file.share = min(done / total, 1.0)
    if file.state is FileState.DONE:
        file.share = 1.0
