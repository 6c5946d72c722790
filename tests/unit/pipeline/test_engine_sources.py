"""The engine and its sources: busy, unplugged, swapped, played to the end, stepped through."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk.model.predictor import Predictor
from ferdesk.pipeline.types import EngineState, EventKind, Reading
from ferdesk.sources.spec import SourceSpec, open_source
from tests.unit.pipeline.fakes import (
    CAMERA,
    CHECKPOINT,
    OTHER,
    FakeCamera,
    Listening,
    tiny_predictor,
)


def test_no_camera_is_one_sentence_and_a_fault(live: Listening, camera: FakeCamera) -> None:
    camera.plugged.clear()
    live.engine.start(CAMERA, CHECKPOINT)
    event = live.wait_for(EventKind.ERROR)
    assert event.message == "Fake camera is busy or not connected."
    assert live.engine.state is EngineState.FAULTED
    camera.plugged.set()
    live.engine.start(CAMERA)
    live.wait_state(EngineState.RUNNING)
    live.reading()


def test_busy_camera_starts_as_soon_as_it_is_free(live: Listening, camera: FakeCamera) -> None:
    camera.busy = True
    live.engine.start(CAMERA, CHECKPOINT)
    live.wait_for(EventKind.WARNING, "Fake camera is busy.")
    live.wait_for(EventKind.STATE, "Waiting for Fake camera")
    assert live.engine.state is EngineState.STARTING
    camera.busy = False
    live.wait_state(EngineState.RUNNING)
    live.reading()
    assert sum("busy" in e.message for e in live.events) == 1


def test_stopping_while_a_camera_is_busy(live: Listening, camera: FakeCamera) -> None:
    camera.busy = True
    live.engine.start(CAMERA, CHECKPOINT)
    live.wait_for(EventKind.WARNING, "busy")
    live.engine.stop()
    assert live.engine.close(timeout=20)
    assert camera.opened == 0


def test_unplugged_camera_is_reported_and_comes_back(live: Listening, camera: FakeCamera) -> None:
    live.engine.start(CAMERA, CHECKPOINT)
    live.reading()
    camera.plugged.clear()
    event = live.wait_for(EventKind.WARNING)
    assert event.message == "Fake camera was disconnected."
    assert live.engine.state is EngineState.STARTING
    camera.plugged.set()
    live.wait_state(EngineState.RUNNING)
    live.engine.take_reading()
    live.reading()


def test_closing_while_a_camera_is_gone_is_quick(camera: FakeCamera) -> None:
    listening = Listening(lambda _: camera)
    listening.engine.start(CAMERA, CHECKPOINT)
    listening.reading()
    camera.plugged.clear()
    listening.wait_for(EventKind.WARNING)
    assert listening.engine.close()


def test_a_source_that_does_not_open_leaves_the_one_in_use(
    portrait: np.ndarray, camera: FakeCamera
) -> None:
    broken = FakeCamera(portrait, "Broken")
    broken.plugged.clear()
    live = Listening(lambda spec: camera if spec == CAMERA else broken)
    try:
        live.engine.start(CAMERA, CHECKPOINT)
        live.reading()
        live.engine.start(OTHER)
        assert "Broken" in live.wait_for(EventKind.WARNING).message
        assert live.engine.state is EngineState.RUNNING
        live.engine.take_reading()
        live.reading()
        assert camera.closed == 0
    finally:
        live.engine.close()


def test_source_swap_starts_new_ids_and_closes_the_old_source(
    portrait: np.ndarray, camera: FakeCamera
) -> None:
    second = FakeCamera(np.ascontiguousarray(portrait[:, ::-1]), "Second")
    live = Listening(lambda spec: camera if spec == CAMERA else second)
    try:
        live.engine.start(CAMERA, CHECKPOINT)
        live.reading()
        live.engine.start(OTHER)
        live.wait(lambda: camera.closed == 1, "the first source to be closed")
        live.wait(lambda: live.reading().frame.image is second.picture, "the second picture")
        assert live.reading().faces[0].face_id == 1
        assert live.engine.stats().source.startswith("Second")
    finally:
        live.engine.close()


def test_file_plays_to_its_end_in_its_own_time(tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 20, (64, 48))
    for shade in range(10):
        writer.write(np.full((48, 64, 3), 20 * shade, np.uint8))
    writer.release()
    live = Listening(open_source)
    try:
        start = time.monotonic()
        live.engine.start(SourceSpec.parse(str(clip)), CHECKPOINT)
        live.wait_for(EventKind.SOURCE_ENDED)
        assert time.monotonic() - start > 0.4
        assert live.engine.state is EngineState.STOPPED
    finally:
        live.engine.close()


def test_a_file_waits_with_its_first_frame_for_the_network(
    portrait: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "a.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (640, 480))
    for _ in range(60):
        writer.write(portrait)
    writer.release()
    loading = threading.Event()

    def slow(path: Path, device: str) -> Predictor:
        assert loading.wait(20)
        return tiny_predictor(path, device)

    live = Listening(open_source, slow)
    try:
        live.engine.start(SourceSpec.parse(str(path)), CHECKPOINT)
        live.wait_for(EventKind.STATE, "Loading the network …")
        shown = set()
        end = time.monotonic() + 0.8
        while time.monotonic() < end:
            frame = live.engine.take_preview()
            shown |= set() if frame is None else {frame.index}
            time.sleep(0.02)
        # It is offered again and again, since a window that is reset forgets it.
        assert shown == {0}
        assert live.engine.take_reading() is None
        loading.set()
        first = live.reading()
        assert first.frame.media_time < 1.5  # nothing was played while it loaded
        live.wait_for(EventKind.SOURCE_ENDED)
    finally:
        loading.set()
        live.engine.close()


def test_stepping_through_pictures(portrait: np.ndarray, tmp_path: Path) -> None:
    """Each stays on screen until asked for another; its faces have ids of their own."""
    for number in range(1, 4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), portrait)
    live = Listening(open_source)
    try:
        live.engine.start(SourceSpec.parse(str(tmp_path)), CHECKPOINT)
        live.engine.step(0)

        def shows(name: str) -> Reading:
            def there() -> bool:
                reading = live.reading()
                found.append(reading)
                return reading.frame.file is not None and reading.frame.file.name == name

            found: list[Reading] = []
            live.wait(there, name)
            return found[-1]

        first = shows("1.png")
        assert first.frame.still
        again = live.reading()
        assert again.frame.file == first.frame.file
        assert again.faces[0].face_id == first.faces[0].face_id
        live.engine.step(1)
        second = shows("2.png")
        assert second.faces[0].face_id != first.faces[0].face_id
        live.engine.step(1)
        shows("3.png")
        live.engine.step(1)
        shows("3.png")
        live.engine.step(-9)
        shows("1.png")
        assert live.engine.state is EngineState.RUNNING
    finally:
        live.engine.close()


@pytest.mark.parametrize("shape", [(1, 1, 3), (4320, 7680, 3), (480, 640, 3)])
def test_frames_without_a_face_and_of_any_size(shape: tuple[int, int, int]) -> None:
    camera = FakeCamera(np.zeros(shape, np.uint8))
    live = Listening(lambda _: camera)
    try:
        live.engine.start(CAMERA, CHECKPOINT)
        assert live.reading().faces == ()
        assert live.engine.state is EngineState.RUNNING
    finally:
        live.engine.close()


def test_no_reading_of_the_old_source_comes_after_the_new_one_opened(
    portrait: np.ndarray,
) -> None:
    """Also not the one that was being analysed just then."""
    old, new = FakeCamera(portrait, "Old"), FakeCamera(portrait.copy(), "New")
    at_work, go_on = threading.Event(), threading.Event()

    class Held:
        def __init__(self, inner: Predictor) -> None:
            self.inner, self.card, self.device = inner, inner.card, inner.device

        def predict(self, crops: np.ndarray, geometry: np.ndarray) -> object:
            at_work.set()
            go_on.wait(20)
            return self.inner.predict(crops, geometry)

    sources = {CAMERA: old, OTHER: new}
    held = Listening(
        lambda spec: sources[spec],
        lambda path, device: Held(tiny_predictor(path, device)),  # type: ignore[arg-type,return-value]
    )
    held.engine.start(CAMERA, CHECKPOINT)
    held.wait(at_work.is_set)
    held.engine.start(OTHER)
    held.wait_for(EventKind.SOURCE_OPENED, "New")
    go_on.set()
    assert held.reading().frame.image is new.picture
    assert held.engine.close()
