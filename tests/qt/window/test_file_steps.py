"""Folders and lists: names, back and forward, and no time that pictures do not have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ferdesk.pipeline.types import Reading
from ferdesk.sources.spec import SourceKind
from tests.qt.conftest import Bench
from tests.qt.readings import make_face, make_reading, peaked
from tests.qt.window.test_choose_source import drop, image_file

FILES = tuple(Path(f"/photos/img{i}.jpg") for i in (1, 2, 10))


def still(at: int, *faces: object) -> Reading:
    reading = make_reading(faces, index=at)  # type: ignore[arg-type]
    return replace(reading, frame=replace(reading.frame, file=FILES[at], still=True))


@pytest.fixture
def folder(bench: Bench) -> Bench:
    bench.engine.files = FILES
    bench.run()
    bench.show(still(0, make_face(probabilities=peaked(1, 0.7))))
    return bench


def test_pictures_get_names_and_labels_instead_of_curves(folder: Bench) -> None:
    panels = folder.window.panels
    assert panels.files.isVisible()
    assert not panels.timeline.isVisible()
    assert not panels.purification.place.isVisible()
    folder.show(still(1))
    folder.show(still(2, make_face(2, probabilities=peaked(3, 0.6)), make_face(3)))
    rows = [[panels.files.table.item(row, column).text() for column in (0, 1)] for row in range(3)]
    assert rows[0] == ["img1.jpg", "Happiness  70 %"]
    assert rows[1] == ["img2.jpg", "No face found"]
    assert rows[2][1].startswith("1 · Sadness  60 %, 2 · Happiness")
    assert panels.files.which.text() == "3 of 3"
    assert panels.files.table.currentRow() == 2
    folder.window.live.refresh_status()
    assert panels.status.source.text().startswith("img10.jpg (3 of 3)")


def test_a_face_in_another_picture_has_no_past(folder: Bench) -> None:
    folder.show(still(1, make_face(probabilities=peaked(4))))
    assert folder.window.panels.timeline.plot._x.size <= 1


def test_a_chosen_face_does_not_hide_those_of_the_next_picture(folder: Bench) -> None:
    folder.window.live.choose_face(1)
    folder.show(still(1, make_face(2)))
    assert folder.window.live.shown.face is not None


def test_back_and_forward_by_keys_buttons_and_rows(folder: Bench, qtbot: QtBot) -> None:
    window, files = folder.window, folder.window.panels.files
    qtbot.keyClick(window, Qt.Key.Key_PageDown)
    qtbot.keyClick(window, Qt.Key.Key_PageUp)
    qtbot.mouseClick(files._next, Qt.MouseButton.LeftButton)
    assert folder.engine.steps == [1, -1, 1]
    spot = files.table.visualRect(files.table.model().index(2, 0)).center()
    qtbot.mouseClick(files.table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert folder.engine.steps[-1] == 2
    window.commands["pause"].trigger()
    window.commands["next_file"].trigger()
    assert not folder.engine.paused


def test_videos_keep_their_curves(folder: Bench) -> None:
    reading = make_reading(index=3)
    folder.show(replace(reading, frame=replace(reading.frame, file=FILES[1])))
    assert folder.window.panels.timeline.isVisible()
    assert not folder.window.panels.files.isVisible()
    assert folder.window.panels.files.table.item(1, 1).text() == "video"


def test_a_single_picture_has_neither_curves_nor_files(bench: Bench) -> None:
    bench.run()
    bench.show(still(0, make_face()))
    panels = bench.window.panels
    assert not panels.timeline.isVisible()
    assert not panels.files.isVisible()
    assert not bench.window.commands["next_file"].isVisible()


def test_several_files_dropped_together_are_a_list(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    paths = [image_file(tmp_path, name) for name in ("b.png", "a.png")]
    drop(bench, *paths)
    qtbot.waitUntil(lambda: bool(bench.engine.started))
    spec = bench.engine.started[0][0]
    assert spec.kind is SourceKind.LIST
    assert set(spec.value.splitlines()) == {str(path) for path in paths}
    assert bench.window.store.value.recent_sources == ()
