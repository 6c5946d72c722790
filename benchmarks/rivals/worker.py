"""Runs one rival inside its own environment: `python worker.py NAME THREADS`.

A plain script: the environments hold neither ferdesk nor this package. It speaks JSON lines. First
one line {"versions": {...}}; then for every line

    {"do": "whole" | "detect", "file": "pictures.npy", "first": 0, "last": 8}

one line {"answers": [{"ms": 1.5, "faces": [{"box": [x, y, w, h] | null, "scores": {...}}]}]}. The
file holds (N, H, W, 3) uint8 BGR. "whole" gives every picture to the network as if a detector had
cut it out; "detect" takes the rival's own way from picture to answers. Only that way is timed, not
the reading of the file. Whatever goes wrong ends the script with a traceback on stderr.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

Scores = Mapping[str, float]
Face = tuple[Sequence[int] | None, Scores]


class Reader(Protocol):
    """A rival, loaded. Pictures are (H, W, 3) uint8 BGR; scores are by the rival's own names."""

    def versions(self) -> dict[str, str]:
        """Of the packages that matter to the result."""
        ...

    def whole(self, picture: NDArray[np.uint8]) -> Scores:
        """The network on the whole picture."""
        ...

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """Every face the rival's own detector finds."""
        ...


def _prepare(threads: int) -> None:
    """The same threads for OpenCV and for every TensorFlow Lite interpreter made from now on."""
    import cv2
    import tensorflow as tf  # type: ignore

    cv2.setNumThreads(threads)
    tf.lite.Interpreter = functools.partial(tf.lite.Interpreter, num_threads=threads)


def _versions(*names: str) -> dict[str, str]:
    return {name: version(name) for name in (*names, "opencv-contrib-python", "numpy")}


class FerReader:
    """`fer` with its defaults: Haar cascade, quantised TensorFlow Lite network."""

    def __init__(self, threads: int) -> None:
        _prepare(threads)
        from fer.fer import FER  # type: ignore[import-not-found,unused-ignore]

        self._fer: Any = FER()
        self._names: dict[int, str] = self._fer._get_labels()

    def versions(self) -> dict[str, str]:
        """See `Reader`."""
        return {**_versions("fer"), "tensorflow": _tensorflow()}

    def whole(self, picture: NDArray[np.uint8]) -> Scores:
        """What `detect_emotions` does to a face it cut out, without rounding to two digits."""
        import cv2

        grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (64, 64))
        scaled = (grey.astype(np.float32) / 255.0 - 0.5) * 2.0
        row = self._fer._classify_emotions(scaled[None])[0]
        return {self._names[i]: float(score) for i, score in enumerate(row)}

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """See `Reader`."""
        return [
            ([int(v) for v in face["box"]], face["emotions"])
            for face in self._fer.detect_emotions(picture)
        ]


class FacexReader:
    """`facex` with its own Haar cascade and one worker in its pool."""

    def __init__(self, threads: int) -> None:
        _prepare(threads)
        from facex import PoolManager  # type: ignore[import-not-found,unused-ignore]

        self._pool: Any = PoolManager(pool_size=1)
        self._network: Any = self._pool.pool[0]

    def versions(self) -> dict[str, str]:
        """See `Reader`."""
        return {**_versions("facex", "scikit-image"), "tensorflow": _tensorflow()}

    def whole(self, picture: NDArray[np.uint8]) -> Scores:
        """See `Reader`."""
        import cv2

        scores = self._network.detect_emotion(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
        return {name: float(score) for name, score in scores.items()}

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """See `Reader`."""
        return [
            (
                [int(v) for v in face["bbox"]],
                {name: float(score) for name, score in face["emot"].items()},
            )
            for face in self._pool.predict(picture)
        ]


def _tensorflow() -> str:
    import tensorflow as tf

    return str(tf.__version__)


READERS: dict[str, Callable[[int], Reader]] = {"fer": FerReader, "facex": FacexReader}


def _answer(reader: Reader, whole: bool, picture: NDArray[np.uint8]) -> dict[str, Any]:
    start = time.perf_counter()
    faces: list[Face] = [(None, reader.whole(picture))] if whole else reader.detect(picture)
    ms = (time.perf_counter() - start) * 1e3
    return {
        "ms": ms,
        "faces": [
            {"box": None if box is None else list(box), "scores": dict(scores)}
            for box, scores in faces
        ],
    }


def serve(reader: Reader, requests: TextIO, replies: TextIO) -> None:
    """Answer every request until there are no more."""

    def reply(message: dict[str, Any]) -> None:
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    reply({"versions": reader.versions()})
    for line in requests:
        request = json.loads(line)
        pictures = np.load(request["file"], mmap_mode="r")[request["first"] : request["last"]]
        whole = request["do"] == "whole"
        reply({"answers": [_answer(reader, whole, np.array(picture)) for picture in pictures]})


def main() -> int:
    name, threads = sys.argv[1], int(sys.argv[2])
    # Libraries print what they like to stdout: it becomes stderr, and the replies keep the pipe.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(READERS[name](threads), sys.stdin, replies)
    return 0


if __name__ == "__main__":
    sys.exit(main())
