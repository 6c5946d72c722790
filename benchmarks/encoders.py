"""Which encoder for recordings: CPU time, size and loss of pictures with camera noise.

    python -m benchmarks.encoders [--frames 300]

Every encoder gets the same 640×480 pictures of the sample with noise as of a webcam, 30 per second,
on one thread, with the settings of `ferdesk.session.video` or what comes nearest to them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.sources.sample import SampleSource

_ENCODERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "x264 ultrafast": (
        "libx264", "yuv420p", {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"}
    ),
    "x264 superfast": (
        "libx264", "yuv420p", {"preset": "superfast", "tune": "zerolatency", "crf": "23"}
    ),
    "MPEG-4": ("mpeg4", "yuv420p", {"qmin": "3", "qmax": "5"}),
    "MJPEG": ("mjpeg", "yuvj420p", {"qmin": "3", "qmax": "3"}),
}  # fmt: skip
_NOISE = 3.0
"""Standard deviation in grey values."""
_BASE = Fraction(1, 1000)


def pictures(count: int) -> list[NDArray[np.uint8]]:
    """(480, 640, 3) uint8 BGR each."""
    source = SampleSource(loop=True)
    source.open()
    rng = np.random.default_rng(0)
    noise = [rng.normal(0, _NOISE, (480, 640, 3)) for _ in range(8)]
    found = []
    for i in range(count):
        frame = source.read()
        assert frame is not None
        picture = cv2.resize(frame.image, (640, 480)) + noise[i % len(noise)]
        found.append(np.clip(picture, 0, 255).astype(np.uint8))
    source.close()
    return found


def measure(name: str, frames: list[NDArray[np.uint8]], path: Path) -> str:
    """A line of the table."""
    codec, pixels, options = _ENCODERS[name]
    container = av.open(str(path), "w", format="matroska")
    stream: Any = container.add_stream(codec, options=options)
    stream.width, stream.height, stream.pix_fmt = 640, 480, pixels
    stream.time_base = stream.codec_context.time_base = _BASE
    stream.codec_context.gop_size, stream.codec_context.thread_count = 30, 1
    start = time.process_time()
    for i, picture in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format=pixels)
        frame.pts, frame.time_base = i * 33, _BASE
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
    container.close()
    spent = (time.process_time() - start) / len(frames) * 1e3
    loss = []
    with av.open(str(path)) as back:
        for i, decoded in enumerate(back.decode(video=0)):
            if i % 30 == 0:
                loss.append(cv2.PSNR(decoded.to_ndarray(format="bgr24"), frames[i]))
    size = path.stat().st_size / len(frames) * 30 * 60 / 1e6
    return f"{name:15s} {spent:8.2f} {size:10.1f} {np.mean(loss):9.1f}\n"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300)
    frames = pictures(parser.parse_args().frames)
    sys.stdout.write("encoder         CPU ms per frame   MB/min   PSNR dB\n")
    with tempfile.TemporaryDirectory() as folder:
        for name in _ENCODERS:
            sys.stdout.write(measure(name, frames, Path(folder) / f"{name}.mkv"))


if __name__ == "__main__":
    main()
