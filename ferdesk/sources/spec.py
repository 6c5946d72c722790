"""Naming a source in one string, for the command line, settings and recents."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from ferdesk.addresses import HIDDEN, display_address, is_address
from ferdesk.errors import FerdeskError
from ferdesk.sources.base import Source
from ferdesk.sources.camera import CameraMode, CameraSource
from ferdesk.sources.files import check_file
from ferdesk.sources.images import IMAGE_SUFFIXES, FolderSource, ImageSource
from ferdesk.sources.sample import SampleSource
from ferdesk.sources.url import UrlSource
from ferdesk.sources.video import VideoSource


class SourceKind(StrEnum):
    """What kind of source a `SourceSpec` names."""

    CAMERA = "camera"
    VIDEO = "video"
    IMAGE = "image"
    FOLDER = "folder"
    SAMPLE = "sample"
    URL = "url"


VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".m2v", ".ts", ".mts"}
    | {".m2ts", ".wmv", ".asf", ".flv", ".ogv", ".3gp", ".gif", ".mjpg", ".mjpeg", ".vob"}
)

_URL = re.compile(r"(https?|rtsps?|rtmps?|rtp|udp|tcp|srt)://.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Names a source without touching it."""

    kind: SourceKind
    value: str = ""
    """Camera: index, id or name ("" = first). Files and folders: absolute path. URL: itself."""
    loop: bool = False
    """Files start again at their end; a still is delivered continuously."""

    @property
    def still(self) -> bool:
        """Its frames are pictures that have nothing to do with each other."""
        return self.kind in (SourceKind.IMAGE, SourceKind.FOLDER)

    @classmethod
    def parse(cls, text: str, *, loop: bool = False) -> Self:
        """From "camera", "camera:0", "camera:NAME", "sample", a URL or a path.

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
        if is_address(text) and not Path(text).exists():
            _check_address(text)
            return cls(SourceKind.URL, text, loop)
        path = Path(os.path.expandvars(text)).expanduser().absolute()
        if path.is_dir():
            return cls(SourceKind.FOLDER, str(path), loop)
        if path.is_char_device():
            return cls(SourceKind.CAMERA, str(path), loop)
        check_file(path, "source")
        return cls(_kind_of_file(path), str(path), loop)

    @property
    def shown(self) -> str:
        """For screens, logs, settings and reports: without the password of an address."""
        return display_address(str(self)) if self.kind is SourceKind.URL else str(self)

    def __repr__(self) -> str:
        return f"SourceSpec({self.kind.value!r}, {self.shown!r}, loop={self.loop})"

    def __str__(self) -> str:
        """What `parse` turns into this spec again, except for `loop`; with its password."""
        if self.kind is SourceKind.CAMERA:
            return f"camera:{self.value}" if self.value else "camera"
        return self.kind.value if self.kind is SourceKind.SAMPLE else self.value


def open_source(spec: SourceSpec, *, camera_mode: CameraMode | None = None) -> Source:
    """The source a spec names, not yet opened."""
    match spec.kind:
        case SourceKind.CAMERA:
            return CameraSource(spec.value, mode=camera_mode)
        case SourceKind.VIDEO:
            return VideoSource(Path(spec.value), loop=spec.loop)
        case SourceKind.IMAGE:
            return ImageSource(Path(spec.value), loop=spec.loop)
        case SourceKind.FOLDER:
            return FolderSource(Path(spec.value), loop=spec.loop)
        case SourceKind.SAMPLE:
            return SampleSource(loop=spec.loop)
        case SourceKind.URL:
            return UrlSource(spec.value, loop=spec.loop)


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


_IMAGE_SIGNATURES: Final = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"II*\0",
    b"MM\0*",
    b"\0\0\0\x0cjP  ",
)
_VIDEO_SIGNATURES: Final = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"\0\0\1\xba",  # MPEG program stream
    b"\0\0\1\xb3",  # MPEG video
    b"FLV\1",
    b"OggS",
    b"0&\xb2u\x8ef\xcf\x11",  # ASF, WMV
    b"GIF8",
)


def _kind_of_file(path: Path) -> SourceKind:
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError as error:
        raise FerdeskError(
            f"The source '{path}' cannot be read ({error.strerror or error})."
        ) from error
    if head.startswith(_VIDEO_SIGNATURES) or head[8:12] == b"AVI ":
        return SourceKind.VIDEO
    if head.startswith(_IMAGE_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return SourceKind.IMAGE
    if head[4:8] == b"ftyp":
        return SourceKind.IMAGE if head[8:12] in (b"avif", b"avis") else SourceKind.VIDEO
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return SourceKind.IMAGE
    if suffix in VIDEO_SUFFIXES:
        return SourceKind.VIDEO
    raise FerdeskError(
        f"The file '{path}' is neither a picture nor a video that ferdesk knows; "
        "choose another one or convert it."
    )
