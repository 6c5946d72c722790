"""Neutral for five seconds: by key, in sight, broken off, refused, taken back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferdesk.pipeline.baseline import SECONDS, with_changes
from ferdesk.pipeline.types import EventKind, FaceReading, Reading
from ferdesk.ui.window import neutral as module
from ferdesk.ui.window.neutral import Neutral
from ferdesk.vision.types import HeadPose
from tests.qt.conftest import Bench
from tests.qt.panels.test_movements import moving
from tests.qt.readings import make_face, make_reading, peaked

REST = peaked(3, 0.4)


def part(bench: Bench) -> Neutral:
    return bench.window.session_work.neutral


def at_rest(pose: HeadPose | None = None) -> FaceReading:
    return moving(
        make_face(probabilities=REST, pose=pose or HeadPose(2.0, 0.0, 0.0)), mouthFrownLeft=0.3
    )


def press(bench: Bench) -> None:
    QTest.keyClick(bench.window, Qt.Key.Key_N)
    QApplication.processEvents()


def five_seconds(bench: Bench, qtbot: QtBot, face: Callable[[], FaceReading | None]) -> None:
    """Readings that say they were captured over five seconds, as fast as the window takes them."""
    begun = time.perf_counter()
    live = bench.window.live
    for i in range(13):
        found = face()
        at = begun + i * SECONDS / 12
        reading = make_reading(() if found is None else (found,), captured_at=at)
        bench.engine.feed(reading)
        qtbot.waitUntil(lambda: live.shown.reading is reading)  # noqa: B023
    assert not part(bench).collecting


def show(bench: Bench, face: FaceReading) -> Reading:
    """As the engine gives it: with its change, if its face has a baseline."""
    reading = make_reading(with_changes((face,), bench.engine.baselines))
    bench.show(reading)
    return reading


def test_by_key_then_seen_recorded_and_removed(bench: Bench, qtbot: QtBot) -> None:
    window, panels = bench.window, bench.window.panels
    bench.run()
    window.commands["show_movements"].setChecked(True)
    show(bench, at_rest())
    heard: list[object] = []
    part(bench).taken_changed.connect(heard.append)
    press(bench)
    assert part(bench).collecting
    assert bench.video.notice.startswith("Look neutral and at the camera: ")
    assert window.commands["neutral"].iconText() == "Cancel (5 s)"
    five_seconds(bench, qtbot, at_rest)
    (taken,) = part(bench).taken
    assert taken.face == 1
    assert taken.baseline.log_probabilities == pytest.approx(np.log(REST), abs=1e-6)
    assert bench.notices()[-1].startswith(f"Baseline taken from {taken.baseline.readings} readings")
    assert heard == [(taken,)]
    assert window.session_work.recording._taken == (taken,), "for a recording that begins later"
    assert bench.video.notice == ""
    glad = moving(make_face(probabilities=peaked(1, 0.6)), mouthSmileLeft=0.8, mouthFrownLeft=0.1)
    reading = show(bench, glad)
    assert re.fullmatch(r"Baseline since \d\d:\d\d:\d\d", panels.distribution.baseline.text())
    assert "Change from baseline on since" in panels.distribution.baseline.toolTip()
    assert "no promise" in panels.distribution.baseline.toolTip()
    said = panels.distribution.bars.accessibleDescription()
    assert "Happiness 60 %" in said, "the probability stays what it is"
    assert "Happiness ×6.0" in said
    assert "Sadness ÷6.0" in said
    movements = panels.movements.bars.accessibleDescription()
    assert "Mouth corner raised 0.80  +0.80" in movements
    assert "Mouth corner lowered 0.10  −0.20" in movements
    assert reading.faces[0].change is not None
    QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert bench.engine.baselines == {}
    assert heard[-1] == ()
    assert panels.distribution.baseline.text() == ""
    assert not window.commands["neutral_off"].isEnabled()


def test_esc_and_the_key_break_it_off(bench: Bench) -> None:
    bench.run()
    show(bench, at_rest())
    bench.video.set_notice("as it was")
    press(bench)
    bench.window.commands["dismiss"].trigger()
    assert not part(bench).collecting
    assert bench.video.notice == "as it was"
    press(bench)
    assert part(bench).collecting
    press(bench)
    assert not part(bench).collecting
    assert part(bench).taken == ()
    assert bench.notices() == []


@pytest.mark.parametrize(
    ("face", "words"),
    [
        (lambda: None, "was not in view"),
        (lambda: at_rest(HeadPose(40.0, 0.0, 0.0)), "turned away"),
        (lambda: replace(at_rest(), quality=replace(at_rest().quality, inside=0.5)), "outside"),
    ],
)
def test_a_face_that_cannot_be_used_gives_none(
    bench: Bench, qtbot: QtBot, face: Callable[[], FaceReading | None], words: str
) -> None:
    bench.run()
    show(bench, at_rest())
    press(bench)
    five_seconds(bench, qtbot, face)
    (said,) = bench.notices()
    assert said.startswith("No baseline: ")
    assert words in said
    assert bench.engine.baselines == {}


def test_too_few_readings_give_none(
    bench: Bench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.1)
    bench.run()
    show(bench, at_rest())
    press(bench)
    qtbot.waitUntil(lambda: not part(bench).collecting, timeout=30_000)
    assert "only 0 readings" in bench.notices()[0]


def test_without_a_face_or_a_source_it_says_why(bench: Bench) -> None:
    press(bench)
    assert "Nothing is being read" in bench.notices()[-1]
    bench.run()
    bench.show(make_reading(()))
    press(bench)
    assert "no face in view" in bench.notices()[-1]
    bench.show(make_reading())
    bench.window.live.look_at(make_reading())
    press(bench)
    assert "a moment of the past" in bench.notices()[-1]
    assert not part(bench).collecting


def test_another_checkpoint_or_source_ends_it(bench: Bench, qtbot: QtBot) -> None:
    bench.run()
    for end, words in (
        (lambda: bench.tell(EventKind.CHECKPOINT_LOADED, "Using b."), "another checkpoint"),
        (lambda: bench.window.commands["reset"].trigger(), "counted anew"),
    ):
        show(bench, at_rest())
        press(bench)
        five_seconds(bench, qtbot, at_rest)
        assert bench.engine.baselines
        end()
        assert bench.engine.baselines == {}
        assert words in bench.notices()[-1]
