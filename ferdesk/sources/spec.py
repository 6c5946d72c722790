"""Naming a source in one string, for the command line, settings and recents."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from ferdesk.addresses import HIDDEN, display_address, is_address
from ferdesk.errors import FerdeskError
from ferdesk.sources.base import Source
from ferdesk.sources.camera import CameraSource
from ferdesk.sources.file_list import FileListSource, FolderSource
from ferdesk.sources.files import SUFFIXES, holds_video
from ferdesk.sources.images import ImageSource
from ferdesk.sources.sample import SampleSource
from ferdesk.sources.url import UrlSource
from ferdesk.sources.video import VideoSource


class SourceKind(StrEnum):
    """What kind of source a `SourceSpec` names."""

    CAMERA = "camera"
    VIDEO = "video"
    IMAGE = "image"
    FOLDER = "folder"
    LIST = "list"
    SAMPLE = "sample"
    URL = "url"


_URL = re.compile(r"(https?|rtsps?|rtmps?|rtp|udp|tcp|srt)://.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Names a source without touching it."""

    kind: SourceKind
    value: str = ""
    """Camera: index, id or name ("" = first). Files and folders: absolute path. List: a path per
    line. URL: itself."""
    loop: bool = False
    """Files start again at their end."""

    @classmethod
    def of_files(cls, paths: Sequence[Path], *, loop: bool = False) -> Self:
        """Several files, folders among them, as one list; a single one as `parse` takes it.

        What they hold is seen when they are opened. Raises FerdeskError when there are none, or as
        `parse` does for a single one.
        """
        if len(paths) == 1:
            return cls.parse(str(paths[0]), loop=loop)
        files = [Path(file).absolute() for path in paths for file in _expanded(path)]
        if not files:
            raise FerdeskError("There are no pictures or videos among the files that were chosen.")
        return cls(SourceKind.LIST, "\n".join(map(str, files)), loop)

    @classmethod
    def parse(cls, text: str, *, loop: bool = False) -> Self:
        """From "camera", "camera:0", "camera:NAME", "sample", a URL, a path, or a path per line.

        A path is told apart by its content first and its suffix second. Raises FerdeskError when
        nothing is there, the file is empty, or it is neither a picture nor a video.
        """
        text = text.strip()
        if not text:
            raise FerdeskError(
                "No source was named; use 'camera', 'sample', an address, or the path of a video, "
                "picture or folder."
            )
        if text == SourceKind.SAMPLE:
            return cls(SourceKind.SAMPLE, loop=loop)
        if text == SourceKind.CAMERA or text.startswith("camera:"):
            return cls(SourceKind.CAMERA, text[len("camera:") :].strip(), loop)
        if is_address(text):
            _check_address(text)
            return cls(SourceKind.URL, text, loop)
        lines = [Path(line) for line in text.splitlines()]
        if len(lines) > 1 and all(line.is_absolute() for line in lines):
            return cls.of_files(lines, loop=loop)
        path = Path(os.path.expandvars(text)).expanduser().absolute()
        try:
            if path.is_dir():
                return cls(SourceKind.FOLDER, str(path), loop)
            if path.is_char_device():
                return cls(SourceKind.CAMERA, str(path), loop)
        except OSError as error:
            raise FerdeskError(
                f"The source '{text[:80]}…' is no path that can be opened ({error.strerror})."
            ) from error
        kind = SourceKind.VIDEO if holds_video(path) else SourceKind.IMAGE
        return cls(kind, str(path), loop)

    @property
    def shown(self) -> str:
        """For screens, logs, settings and reports: without the password of an address."""
        if self.kind is SourceKind.LIST:
            return f"{len(self.value.splitlines())} files"
        return display_address(str(self)) if self.kind is SourceKind.URL else str(self)

    def __repr__(self) -> str:
        return f"SourceSpec({self.kind.value!r}, {self.shown!r}, loop={self.loop})"

    def __str__(self) -> str:
        """What `parse` turns into this spec again, except for `loop`; with its password."""
        if self.kind is SourceKind.CAMERA:
            return f"camera:{self.value}" if self.value else "camera"
        return self.kind.value if self.kind is SourceKind.SAMPLE else self.value


def open_source(spec: SourceSpec) -> Source:
    """The source a spec names, not yet opened."""
    match spec.kind:
        case SourceKind.CAMERA:
            return CameraSource(spec.value)
        case SourceKind.VIDEO:
            return VideoSource(Path(spec.value), loop=spec.loop)
        case SourceKind.IMAGE:
            return ImageSource(Path(spec.value), loop=spec.loop)
        case SourceKind.FOLDER:
            return FolderSource(Path(spec.value), loop=spec.loop)
        case SourceKind.LIST:
            paths = [Path(line) for line in spec.value.splitlines()]
            return FileListSource(paths, loop=spec.loop)
        case SourceKind.SAMPLE:
            return SampleSource(loop=spec.loop)
        case SourceKind.URL:
            return UrlSource(spec.value, loop=spec.loop)


def _expanded(path: Path) -> list[Path]:
    """The file itself, or the pictures and videos of a folder."""
    if not path.is_dir():
        return [path]
    try:
        return [p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file()]
    except OSError as error:
        raise FerdeskError(
            f"The folder '{path}' cannot be read ({error.strerror or error})."
        ) from error


def _check_address(text: str) -> None:
    shown = display_address(text)
    if not _URL.match(text):
        raise FerdeskError(
            f"'{shown}' is no address that ferdesk opens; addresses begin with http://, https://, "
            "rtsp:// or the like."
        )
    if HIDDEN in text and shown == text:
        raise FerdeskError(
            f"The password of '{shown}' was not kept, so that nobody can read it; "
            "enter the whole address again."
        )
