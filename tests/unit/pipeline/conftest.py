"""An engine at a camera that shows the portrait."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from ferdesk.resources import asset
from tests.unit.pipeline.fakes import FakeCamera, Listening


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    picture = cv2.imread(str(asset("portrait.png")))
    assert picture is not None
    return cv2.resize(picture, (640, 480))


@pytest.fixture
def camera(portrait: np.ndarray) -> FakeCamera:
    return FakeCamera(portrait)


@pytest.fixture
def live(camera: FakeCamera) -> Iterator[Listening]:
    listening = Listening(lambda _spec: camera)
    yield listening
    assert listening.engine.close(), "threads outlived the engine"
