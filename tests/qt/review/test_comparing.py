"""A second checkpoint on the frames of the session under review, in the real window."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferdesk.session.records import AnalysisRecord
from ferdesk.session.session import Session
from tests.qt.conftest import Bench
from tests.qt.review.conftest import PictureSession
from tests.unit.model.helpers import tiny_checkpoint


@pytest.fixture
def copy(recorded: PictureSession, tmp_path: Path) -> Path:
    """A copy of the recorded session, which may be changed."""
    folder = tmp_path / "copy"
    shutil.copytree(recorded.folder, folder)
    return folder


def look(bench: Bench, folder: Path, qtbot: QtBot) -> None:
    work = bench.window.session_work
    work.open(str(folder))
    qtbot.waitUntil(lambda: work.reviewing, timeout=20_000)
    bench.window.activateWindow()
    qtbot.waitUntil(bench.window.isActiveWindow)


def position(bench: Bench) -> float:
    opened = bench.window.session_work.review.opened
    assert opened is not None
    return opened.player.position


def key(bench: Bench, code: Qt.Key, *held: Qt.KeyboardModifier) -> None:
    QTest.keyClick(bench.window, code, *held)
    QApplication.processEvents()


def test_two_readings_lie_beside_each_other(
    bench: Bench, recorded: PictureSession, copy: Path, qtbot: QtBot
) -> None:
    with Session.open(copy) as session:
        other = session.store.add_analysis(
            AnalysisRecord(1, "other", "CPU", 0.0, 3, recorded.threshold)
        )
        for i, reading in enumerate(recorded.readings):
            face = reading.faces[0]
            if i == 10 or 20 <= i < 30:
                face = replace(face, probabilities=np.roll(face.probabilities, 1))
            session.store.add_faces(i, other, [face])
        session.store.commit()
    look(bench, copy, qtbot)
    work, frame = bench.window.session_work, 1 / recorded.fps
    assert work.bar.ribbon.names == ("Face 1", "· other")
    layout = work.bar.ribbon.layout_now()
    at = [QPointF(layout.x(0.9), layout.lane(row).center().y()) for row in (0, 1)]
    assert work.bar.ribbon.describe(at[0]) != work.bar.ribbon.describe(at[1])
    panel = work.comparison
    assert panel.isVisible()
    assert "Same label in 78 % of 50 readings" in panel.agreement.text()
    assert panel.table.horizontalHeaderItem(3).text() == "other"  # type: ignore[union-attr]
    key(bench, Qt.Key.Key_D)
    assert position(bench) == pytest.approx(10 * frame, abs=0.01)
    assert panel.table.currentRow() == 0
    key(bench, Qt.Key.Key_D)
    assert position(bench) == pytest.approx(20 * frame, abs=0.01)
    assert panel.rows[panel.table.currentRow()].onset == pytest.approx(20 * frame, abs=0.01)
    key(bench, Qt.Key.Key_D, Qt.KeyboardModifier.ShiftModifier)
    assert position(bench) == pytest.approx(10 * frame, abs=0.01)
    # The longest first, on a click on the last heading; a click on a row goes there.
    panel.table.horizontalHeader().sectionClicked.emit(4)
    durations = [d.duration for d in panel.rows]
    assert durations == sorted(durations, reverse=True)
    row = panel.table.visualItemRect(panel.table.item(0, 2)).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert position(bench) == pytest.approx(panel.rows[0].onset)
    work.review.leave()
    assert not panel.isVisible()


@pytest.mark.timeout(300)
def test_the_command_reads_again_beside_the_window(
    bench: Bench, recorded: PictureSession, copy: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    model = tiny_checkpoint(tmp_path / "tiny.safetensors", seed=3)
    gone = tmp_path / "gone.safetensors"
    bench.window.store.update(device="cpu", recent_checkpoints=(str(gone), str(model)))
    look(bench, copy, qtbot)
    work = bench.window.session_work
    assert not work.comparison.isVisible()
    bench.window.commands["compare"].trigger()
    dialog = work.comparing.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.list.count() > 0)
    names = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    assert [("tiny.safetensors" in n, "built in" in n) for n in names] == [
        (True, False), (False, True),
    ]  # fmt: skip
    dialog.start()
    assert dialog.cancel.isEnabled()
    dialog.process.stop()
    qtbot.waitUntil(lambda: not dialog.process.running, timeout=60_000)
    assert "Stopped" in dialog.message.text()
    dialog.start()
    work.editing.mark("meanwhile")
    qtbot.waitUntil(work.comparison.isVisible, timeout=200_000)
    assert not dialog.isVisible()
    opened = work.review.opened
    assert opened is not None
    assert opened.compared[0].agreement.readings == recorded.count
    assert dialog.progress.share == 1.0
    assert work.bar.ribbon.names == ("Face 1", "· tiny")
    with Session.open(copy) as session:
        assert session.passes == (0, 1)
        assert [e.label for e in session.store.events()] == ["meanwhile", "clip A"]
    bench.window.commands["compare"].trigger()
    again = work.comparing.dialog
    assert again is not None
    qtbot.waitUntil(lambda: again.list.count() > 0)
    assert "compared already" in again.list.item(0).text()


def test_without_pictures_there_is_nothing_to_read_again(
    bench: Bench, copy: Path, qtbot: QtBot
) -> None:
    (copy / "video.mkv").unlink()
    look(bench, copy, qtbot)
    bench.window.commands["compare"].trigger()
    assert any("video of the session 'copy' is missing" in text for text in bench.notices())
    assert bench.window.session_work.comparing.dialog is None
