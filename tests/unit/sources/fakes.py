"""A camera that does what a test wants, and pictures to tell apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.sources.capture import Capture

MakeVideo = Callable[..., Path]


def picture(index: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A grey picture whose brightness says its number (in steps of 8)."""
    return np.full((height, width, 3), 8 * (index % 32), np.uint8)


class FakeCamera:
    """A capture that gives `script` in turn: a picture, or None for a failed read.

    After the end of the script it fails for ever.
    """

    def __init__(self, script: Sequence[NDArray[Any] | None], *, opens: bool = True) -> None:
        self.script = list(script)
        self.opens = opens
        self.released = False
        self.properties: list[tuple[int, float]] = []
        self.granted = {
            cv2.CAP_PROP_FPS: 29.97,
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"MJPG")),
        }

    def isOpened(self) -> bool:  # noqa: N802
        return self.opens and not self.released

    def read(self) -> tuple[bool, Any]:
        assert not self.released, "read after release"
        image = self.script.pop(0) if self.script else None
        return image is not None, image

    def get(self, prop: int, /) -> float:
        return self.granted.get(prop, 0.0)

    def set(self, prop: int, value: float, /) -> bool:
        self.properties.append((prop, value))
        return False

    def getBackendName(self) -> str:  # noqa: N802
        return "FAKE"

    def release(self) -> None:
        self.released = True


class FakeFactory:
    """Hands out captures in turn and remembers what was asked for."""

    def __init__(self, *captures: FakeCamera) -> None:
        self.captures = list(captures)
        self.asked: list[tuple[int | str, int]] = []

    def __call__(self, target: int | str, backend: int, parameters: Sequence[int]) -> Capture:
        self.asked.append((target, backend))
        return self.captures.pop(0) if self.captures else FakeCamera([], opens=False)
