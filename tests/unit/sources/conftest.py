"""Video files made on the fly."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from .fakes import MakeVideo, picture


@pytest.fixture
def make_video(tmp_path: Path) -> MakeVideo:
    """make_video("clip.mp4", frames=30, fps=25, codec="mp4v") -> its path."""

    def make(
        name: str = "clip.mp4", *, frames: int = 30, fps: float = 25, codec: str = "mp4v"
    ) -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (64, 48))
        assert writer.isOpened()
        for index in range(frames):
            writer.write(picture(index))
        writer.release()
        return path

    return make
