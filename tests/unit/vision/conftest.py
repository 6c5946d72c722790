"""The real portrait and its real landmarks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from ferdesk.pictures import read_picture
from ferdesk.resources import asset
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.types import FaceLandmarks


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """(512, 512, 3) uint8 RGB, never to be written to."""
    rgb = np.ascontiguousarray(read_picture(asset("portrait.png"))[:, :, ::-1])
    rgb.flags.writeable = False
    return rgb


@pytest.fixture(scope="session")
def still() -> Iterator[Landmarker]:
    """One landmarker for separate pictures."""
    with Landmarker(mode="image", max_faces=4) as landmarker:
        yield landmarker


@pytest.fixture(scope="session")
def face(portrait: NDArray[np.uint8], still: Landmarker) -> FaceLandmarks:
    """The one face of the portrait; its helmet is none."""
    faces = still.detect(portrait)
    assert len(faces) == 1
    return faces[0]
