"""The engine's states, faults, checkpoints and options; real landmarker, tiny network."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.model.predictor import Predictor
from ferdesk.pipeline import analyzer as analyzer_module
from ferdesk.pipeline.engine import EngineOptions
from ferdesk.pipeline.types import EngineState, EventKind
from tests.unit.pipeline.fakes import CAMERA, CHECKPOINT, FakeCamera, Listening, tiny_predictor


def test_a_frame_becomes_a_reading(live: Listening, camera: FakeCamera) -> None:
    assert live.engine.card is None, "nothing is loaded yet"
    live.engine.start(CAMERA, CHECKPOINT)
    reading = live.reading()
    assert len(reading.faces) == 1
    face = reading.faces[0]
    assert face.face_id == 1
    assert reading.frame.image is camera.picture
    assert face.probabilities.sum() == pytest.approx(1.0, abs=1e-5)
    assert face.purified.final.shape == (7,)
    assert reading.timings.landmarks > 0
    assert reading.finished_at > reading.frame.captured_at
    assert live.engine.state is EngineState.RUNNING
    stats = live.engine.stats()
    assert stats.checkpoint == "first"
    assert "fake mode" in stats.source
    assert [e.kind for e in live.events].count(EventKind.SOURCE_OPENED) == 1


def test_slow_analysis_drops_frames_and_keeps_the_newest(camera: FakeCamera) -> None:
    class Slow:
        def __init__(self, inner: Predictor) -> None:
            self.inner, self.card, self.device = inner, inner.card, inner.device

        def predict(self, crops: np.ndarray, geometry: np.ndarray) -> object:
            time.sleep(0.15)
            return self.inner.predict(crops, geometry)

    slow = Listening(lambda _: camera, lambda p, d: Slow(tiny_predictor(p, d)))  # type: ignore[arg-type, return-value]
    try:
        slow.engine.start(CAMERA, CHECKPOINT)
        first, second = slow.reading(), slow.reading()
        assert second.frame.index - first.frame.index > 5
        assert second.timings.waiting < 100
        assert slow.engine.stats().dropped > 5
    finally:
        slow.engine.close()


def test_stop_and_start_again(live: Listening, camera: FakeCamera) -> None:
    live.engine.start(CAMERA, CHECKPOINT)
    live.reading()
    live.engine.stop()
    assert live.engine.state is EngineState.STOPPED
    live.wait(lambda: camera.closed == 1, "the camera to be closed")
    live.engine.start(CAMERA)
    live.wait(lambda: camera.opened == 2, "the camera to be opened again")
    live.reading()
    assert sum(e.kind is EventKind.CHECKPOINT_LOADED for e in live.events) == 1


def test_exception_on_the_capture_thread(live: Listening, camera: FakeCamera) -> None:
    live.engine.start(CAMERA, CHECKPOINT)
    live.reading()
    camera.explode = "bang"
    event = live.wait_for(EventKind.ERROR)
    assert "bang" in event.message
    assert "\n" not in event.message
    camera.explode = ""
    live.engine.start(CAMERA)
    live.wait_state(EngineState.RUNNING)


def test_one_exception_in_the_analysis_is_survived(
    live: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.engine.start(CAMERA, CHECKPOINT)
    live.reading()
    real, calls = analyzer_module.align_face, iter([True])

    def once(*args: object) -> object:
        if next(calls, False):
            raise ZeroDivisionError("a bug")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(analyzer_module, "align_face", once)
    event = live.wait_for(EventKind.WARNING)
    assert "a bug" in event.message
    assert "Traceback" in event.detail
    live.engine.take_reading()
    live.reading()
    assert live.engine.state is EngineState.RUNNING


def test_analysis_that_always_fails_stops_with_a_fault(
    live: Listening, camera: FakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always(*_: object) -> object:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(analyzer_module, "align_face", always)
    live.engine.start(CAMERA, CHECKPOINT)
    live.wait_for(EventKind.ERROR, "repeated failures")
    assert live.engine.state is EngineState.FAULTED
    live.wait(lambda: camera.closed == 1, "the camera to be closed")


def test_checkpoint_swap_and_refusal(live: Listening) -> None:
    live.engine.start(CAMERA, CHECKPOINT)
    live.reading()
    live.engine.load_checkpoint(Path("second.safetensors"))
    live.wait(lambda: live.engine.stats().checkpoint == "second", "the second checkpoint")
    live.engine.load_checkpoint(Path("bad.safetensors"))
    assert "refused" in live.wait_for(EventKind.WARNING).message
    assert live.engine.stats().checkpoint == "second"
    live.reading()


def test_a_refused_first_checkpoint_can_be_replaced(live: Listening) -> None:
    live.engine.start(CAMERA, Path("bad.safetensors"))
    live.wait_for(EventKind.ERROR, "refused")
    live.engine.load_checkpoint(CHECKPOINT)
    live.wait_state(EngineState.RUNNING)
    live.reading()


def test_an_absent_device_keeps_the_one_in_use(live: Listening) -> None:
    live.engine.start(CAMERA, CHECKPOINT)
    live.reading()
    before = live.engine.stats().device
    live.engine.set_options(EngineOptions(device="tpu"))
    assert "tpu" in live.wait_for(EventKind.WARNING).message
    assert live.engine.stats().device == before
    live.reading()


def test_pause_freezes_and_reset_counts_anew(live: Listening) -> None:
    live.engine.start(CAMERA, CHECKPOINT)
    live.reading()
    live.engine.pause(True)
    # What is being analysed still comes, later on a busy machine.
    analysed = -1
    while live.engine.stats().analysed != analysed:
        analysed = live.engine.stats().analysed
        time.sleep(0.3)
    live.engine.take_reading()
    time.sleep(0.3)
    assert live.engine.take_reading() is None
    live.engine.pause(False)
    live.reading()
    live.engine.reset()
    live.wait(lambda: live.engine.stats().analysed > 0, "a reading after the reset")


def test_smoothing_and_face_count_change_while_running(live: Listening) -> None:
    live.engine.start(CAMERA, CHECKPOINT)
    live.engine.set_options(EngineOptions(smoothing_seconds=0.0, max_faces=1))
    live.reading()
    reading = live.reading()
    face = reading.faces[0]
    assert np.array_equal(face.probabilities, face.purified.final)


def test_close_during_a_slow_opening_and_a_slow_load(camera: FakeCamera) -> None:
    camera.wait_open = 1.0
    released = threading.Event()

    def slow(path: Path, device: str) -> Predictor:
        released.wait(30)
        raise FerdeskError(f"too late for {path} on {device}")

    live = Listening(lambda _: camera, slow)
    live.engine.start(CAMERA, CHECKPOINT)
    start = time.monotonic()
    assert not live.engine.close(timeout=0.5)
    assert time.monotonic() - start < 15, "it does not wait for what hangs"
    released.set()
    assert live.engine.close()
