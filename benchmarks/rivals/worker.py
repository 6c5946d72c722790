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
from pathlib import Path
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


def _tensorflow_threads(threads: int) -> None:
    """The same threads for OpenCV and for every TensorFlow Lite interpreter made from now on."""
    import cv2
    import tensorflow as tf  # type: ignore

    cv2.setNumThreads(threads)
    tf.lite.Interpreter = functools.partial(tf.lite.Interpreter, num_threads=threads)


def _versions(*names: str) -> dict[str, str]:
    return {name: version(name) for name in (*names, "numpy")}


class FerReader:
    """`fer` with its defaults: Haar cascade, quantised TensorFlow Lite network."""

    def __init__(self, threads: int) -> None:
        _tensorflow_threads(threads)
        from fer.fer import FER  # type: ignore[import-not-found,unused-ignore]

        self._fer: Any = FER()
        self._names: dict[int, str] = self._fer._get_labels()

    def versions(self) -> dict[str, str]:
        """See `Reader`."""
        return {**_versions("fer", "opencv-contrib-python"), "tensorflow": _tensorflow()}

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
        _tensorflow_threads(threads)
        from facex import PoolManager  # type: ignore[import-not-found,unused-ignore]

        self._pool: Any = PoolManager(pool_size=1)
        self._network: Any = self._pool.pool[0]

    def versions(self) -> dict[str, str]:
        """See `Reader`."""
        return {
            **_versions("facex", "scikit-image", "opencv-contrib-python"),
            "tensorflow": _tensorflow(),
        }

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


def expression_input(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) uint8 BGR → (1, 3, 224, 224) RGB in 0..1, as `lib/fr_expression.js` has it."""
    import cv2

    rgb = cv2.cvtColor(cv2.resize(picture, (224, 224)), cv2.COLOR_BGR2RGB)
    return (rgb.astype(np.float32) / 255.0).transpose(2, 0, 1)[None]


def detector_input(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) uint8 BGR → (1, 3, 240, 320) about -1..1, as `lib/fr_detect.js` has it.

    Blue first: the script swaps the canvas's RGBA as if it were BGR.
    """
    import cv2

    small = cv2.resize(picture, (320, 240))
    return ((small.astype(np.float32) - 127.0) / 128.0).transpose(2, 0, 1)[None]


def choose_boxes(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], width: int, height: int
) -> list[list[int]]:
    """[x, y, w, h] of the faces in a picture, as `lib/fr_detect.js` chooses them.

    `boxes` (N, 4) are corners in 0..1, `scores` (N,). Of the 750 best from 0.65 on, the one that
    ends highest up goes first, whatever its score, and takes away those it covers to 40 % of their
    area. A box becomes a square as high as itself.
    """
    rows = np.flatnonzero(scores >= 0.65)
    rows = rows[np.argsort(-scores[rows], kind="stable")][:750]
    corners = boxes[rows] * np.array([320, 240, 320, 240], np.float32)
    sides = corners[:, 2:] - corners[:, :2]
    corners = corners[(sides > 0).all(axis=1)]
    corners = corners[np.argsort(corners[:, 3], kind="stable")]
    kept = []
    while len(corners):
        first = corners[0]
        kept.append(first)
        low, high = np.maximum(corners[:, :2], first[:2]), np.minimum(corners[:, 2:], first[2:])
        common = np.maximum(high - low + 1.0, 0.0).prod(axis=1)
        free = common / (corners[:, 2:] - corners[:, :2]).prod(axis=1) < 0.4
        free[0] = False
        corners = corners[free]
    found = []
    for x1, y1, x2, y2 in np.array(kept).reshape(-1, 4) * (
        np.array([width, height, width, height]) / np.array([320, 240, 320, 240])
    ):
        x, y, half = (x1 + x2) / 2, (y1 + y2) / 2, (y2 - y1) / 2
        left, top = int(max(x - half, 0)), int(max(y - half, 0))
        right, bottom = int(min(x + half, width - 1)), int(min(y + half, height - 1))
        found.append([left, top, abs(right - left), abs(bottom - top)])
    return found


def cut_face(picture: NDArray[np.uint8], box: Sequence[int]) -> NDArray[np.uint8]:
    """The part that the expression network gets: 1.2 times the box, from its upper left corner.

    Where that goes over the edge the script raises an error; here the picture ends it.
    """
    x, y, w, h = box
    height, width = picture.shape[:2]
    return picture[y : y + min(int(h * 1.2), height - 1), x : x + min(int(w * 1.2), width - 1)]


class FacepluginReader:
    """The networks of the npm package `faceplugin-face-recognition-js` on onnxruntime.

    Its scripts need a browser, so what they do before and after the networks is done here.
    """

    NAMES = ("angry", "disgust", "fear", "smile", "sad", "surprise", "neutral")
    """The package numbers its seven expressions; the maker's demo for Vue.js gives the words."""

    def __init__(self, threads: int) -> None:
        import cv2
        import onnxruntime  # type: ignore[import-not-found,unused-ignore]

        cv2.setNumThreads(threads)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._files = Path(sys.prefix) / "files"
        self._detector: Any = onnxruntime.InferenceSession(
            self._files / "fr_detect.onnx", options, providers=["CPUExecutionProvider"]
        )
        self._network: Any = onnxruntime.InferenceSession(
            self._files / "fr_expression.onnx", options, providers=["CPUExecutionProvider"]
        )

    def versions(self) -> dict[str, str]:
        """See `Reader`."""
        package = json.loads((self._files / "package.json").read_text(encoding="utf-8"))
        return {
            package["name"]: package["version"],
            **_versions("onnxruntime", "opencv-python-headless"),
        }

    def whole(self, picture: NDArray[np.uint8]) -> Scores:
        """See `Reader`."""
        (row,) = self._network.run(["output"], {"input": expression_input(picture)})[0]
        powers = np.exp(row - row.max())
        return dict(zip(self.NAMES, (powers / powers.sum()).tolist(), strict=True))

    def detect(self, picture: NDArray[np.uint8]) -> list[Face]:
        """See `Reader`."""
        height, width = picture.shape[:2]
        boxes, scores = self._detector.run(["boxes", "scores"], {"input": detector_input(picture)})
        found = choose_boxes(boxes[0], scores[0, :, 1], width, height)
        return [(box, self.whole(cut_face(picture, box))) for box in found if box[2] and box[3]]


READERS: dict[str, Callable[[int], Reader]] = {
    "fer": FerReader,
    "facex": FacexReader,
    "faceplugin": FacepluginReader,
}


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
