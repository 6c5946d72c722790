"""video.mkv: pictures with the times at which they were taken. Needs PyAV alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.session.schema import SessionError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

log = logging.getLogger(__name__)

_MILLISECOND: Final = Fraction(1, 1000)
_KEY_EVERY: Final = 30
"""Frames between pictures that can be decoded alone: what a seek may have to decode."""
_CLUSTER_MS: Final = "500"
"""How much of a recording Matroska holds back before it writes: what a crash may cost."""
_ENCODERS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("libx264", {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"}),
    ("mpeg4", {"qmin": "3", "qmax": "5"}),
)
"""The first that this build of FFmpeg has; `python -m benchmarks.encoders` compares them."""


class VideoWriter:
    """Writes one Matroska file; a file cut short plays up to the cut. Belongs to one thread."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        """`width` and `height` in pixels hold for the whole file; other pictures are scaled.

        SessionError when the file cannot be made.
        """
        import av

        # Half of the pixels of a chroma plane do not exist, so sides are even.
        self.width, self.height = width + width % 2, height + height % 2
        try:
            self._container = av.open(
                str(path), "w", format="matroska",
                options={"cluster_time_limit": _CLUSTER_MS, "flush_packets": "1"},
            )  # fmt: skip
            name, options = next(e for e in _ENCODERS if _has_encoder(e[0]))
            stream: Any = self._container.add_stream(name, options=options)
            stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
            stream.time_base = stream.codec_context.time_base = _MILLISECOND
            stream.codec_context.gop_size = _KEY_EVERY
            stream.codec_context.thread_count = 1
            self._container.start_encoding()
        except (OSError, av.FFmpegError) as error:
            raise SessionError(
                f"The video '{path}' cannot be written ({_reason(error)})."
            ) from error
        self._stream = stream

    def add(self, image: NDArray[np.uint8], time_ms: int) -> None:
        """(H, W, 3) uint8 BGR, shown from `time_ms` on, which has to grow.

        OSError when the disk refuses.
        """
        import av

        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        frame = frame.reformat(width=self.width, height=self.height, format="yuv420p")
        frame.pts, frame.time_base = time_ms, _MILLISECOND
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def close(self) -> None:
        """Write what is left and the index for seeking; further calls do nothing. OSError."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        try:
            for packet in stream.encode():
                self._container.mux(packet)
        finally:
            self._container.close()


class VideoReader:
    """Pictures of any video file by time. Belongs to one thread."""

    def __init__(self, path: Path) -> None:
        """SessionError when there is no picture in it."""
        import av

        self.path = path
        try:
            self._container: InputContainer = av.open(str(path))
            self._stream = self._container.streams.video[0]
        except (OSError, av.FFmpegError, IndexError) as error:
            raise SessionError(
                f"The video '{path.name}' cannot be played ({_reason(error)})."
            ) from error
        self._stream.thread_type = "AUTO"
        self._base = self._stream.time_base or _MILLISECOND
        self._frames: Iterator[VideoFrame] = iter(())
        self._current: VideoFrame | None = None
        self._next: VideoFrame | None = None
        self._frames = self._decoded()
        self._next = next(self._frames, None)
        if self._next is None:
            self.close()
            raise SessionError(f"The video '{path.name}' holds no picture that can be decoded.")
        turned = self._next.rotation % 180 == 90
        size = (self._next.width, self._next.height)
        self.width, self.height = size[::-1] if turned else size
        self.first_ms: int = self._milliseconds(self._next) or 0
        """When the first picture is shown; some containers do not begin at 0."""

    def at(self, time_ms: int) -> NDArray[np.uint8] | None:
        """The picture shown at `time_ms`: (H, W, 3) uint8 BGR; None before the first.

        Cheap when times follow each other; otherwise some frames are decoded on the way.
        """
        here = self._milliseconds(self._current)
        if here is None or not here <= time_ms <= here + _FORWARD_MS:
            self._decode_from(time_ms)
        while self._next is not None and (self._milliseconds(self._next) or 0) <= time_ms:
            self._step()
        if self._current is None:
            return None
        picture = np.asarray(self._current.to_ndarray(format="bgr24"), np.uint8)
        # Telephones film in one direction and note how the picture is to be turned.
        quarters = self._current.rotation // 90 % 4
        return np.ascontiguousarray(np.rot90(picture, quarters)) if quarters else picture

    @property
    def shown_ms(self) -> int | None:
        """When the picture that `at` gave last is shown first; None before there was one."""
        return self._milliseconds(self._current)

    def times_ms(self) -> list[int]:
        """When every picture is shown, without decoding; a file cut short ends at the cut."""
        self._seek(0)
        times = sorted(
            round(packet.pts * self._base * 1000)
            for packet in self._packets()
            if packet.pts is not None
        )
        self._decode_from(0)
        return times

    def close(self) -> None:
        """Release the file."""
        self._frames = iter(())
        self._container.close()

    def _decode_from(self, time_ms: int) -> None:
        back = 0
        while True:
            self._seek(max(0, time_ms - back))
            self._frames = self._decoded()
            self._current = None
            self._next = next(self._frames, None)
            found = self._milliseconds(self._next)
            if (found is not None and found <= time_ms) or back >= time_ms:
                return
            # Containers without an index (MPEG streams) are searched: the seek came out too late.
            back = 2 * back or _BACK_MS

    def _seek(self, time_ms: int) -> None:
        import av

        try:
            self._container.seek(int(time_ms / 1000 / self._base), stream=self._stream)
        except (OSError, av.FFmpegError):
            # A file cut short may have no index behind this point: read from the beginning.
            self._container.seek(0, stream=self._stream)

    def _packets(self) -> Iterator[Any]:
        import av

        try:
            yield from self._container.demux(self._stream)
        except (OSError, av.FFmpegError) as error:
            log.info("%s breaks off: %s", self.path, error)

    def _decoded(self) -> Iterator[VideoFrame]:
        import av

        for packet in self._packets():
            try:
                yield from packet.decode()
            except (OSError, av.FFmpegError) as error:
                log.info("a picture of %s is damaged: %s", self.path, error)

    def _step(self) -> None:
        self._current, self._next = self._next, next(self._frames, None)

    def _milliseconds(self, frame: VideoFrame | None) -> int | None:
        if frame is None or frame.pts is None:
            return None
        return round(frame.pts * self._base * 1000)


_FORWARD_MS: Final = 1500
"""Up to here decoding onwards is cheaper than seeking."""
_BACK_MS: Final = 500
"""How much earlier a seek is tried again; doubled each time."""


def _has_encoder(name: str) -> bool:
    import av
    from av.codec.codec import UnknownCodecError

    try:
        av.Codec(name, "w")
    except UnknownCodecError:
        return False
    return True


def _reason(error: Exception) -> str:
    if isinstance(error, IndexError):
        return "it has no pictures"
    return getattr(error, "strerror", None) or str(error)
