"""The face movements: bars that stand still, a table of all, one place for two panels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from ferdesk.pipeline.types import Change, FaceReading
from ferdesk.vision.blendshapes import BLENDSHAPES, MOVEMENT_GROUPS
from tests.qt.conftest import Bench
from tests.qt.readings import make_face, make_reading


def moving(face: FaceReading, **given: float) -> FaceReading:
    """The face with these scores."""
    scores = np.zeros(52, np.float32)
    for name, value in given.items():
        scores[BLENDSHAPES.index(name)] = value
    return replace(face, landmarks=replace(face.landmarks, blendshapes=scores))


def shown(bench: Bench) -> list[str]:
    groups = bench.window.panels.movements.bars.groups
    return [MOVEMENT_GROUPS[group].plain for group in groups]


def test_the_strongest_movements_of_the_chosen_face(bench: Bench) -> None:
    window, panel = bench.window, bench.window.panels.movements
    bench.run()
    QTest.keyClick(window, Qt.Key.Key_5, Qt.KeyboardModifier.AltModifier)
    assert panel.isVisible()
    assert not window.panels.purification.isVisible()
    happy = moving(make_face(1), mouthSmileLeft=0.8, mouthSmileRight=0.7, jawOpen=0.4)
    tired = moving(make_face(2, centre=(120, 120), size=90), eyeBlinkLeft=0.9, eyeBlinkRight=0.85)
    bench.show(make_reading((happy, tired)))
    assert shown(bench)[:2] == ["Mouth corner raised", "Jaw dropped"]
    spoken = panel.bars.accessibleDescription()
    assert spoken.startswith("Mouth corner raised 0.80  0.70, Jaw dropped 0.40")
    window.live.choose_face(2)
    bench.show(make_reading((happy, tired), index=1))
    assert shown(bench)[0] == "Eye closed"
    bench.show(make_reading((), index=2))
    assert panel.bars.accessibleDescription() == "No face in view"


def test_one_place_for_two_panels(bench: Bench) -> None:
    panels, commands = bench.window.panels, bench.window.commands
    bench.run()
    bench.show(make_reading())
    tabs = panels.purification.tabs.findChildren(QWidget)
    (tab,) = [tab for tab in tabs if tab.accessibleDescription() == "Show face movements"]
    QTest.mouseClick(tab, Qt.MouseButton.LeftButton)
    assert panels.movements.isVisible()
    assert not panels.purification.isVisible()
    assert commands["show_movements"].isChecked()
    assert not commands["show_purification"].isChecked()
    panels.movements.tabs.wanted.emit()
    assert panels.purification.isVisible()
    assert not panels.movements.isVisible()
    commands["show_purification"].trigger()
    assert not panels.purification.isVisible()
    assert not panels.movements.isVisible()


@pytest.mark.parametrize("size", [(900, 600), (1366, 728)])
def test_nothing_is_cut_off(bench: Bench, size: tuple[int, int]) -> None:
    bench.window.resize(*size)
    bench.window.commands["show_movements"].setChecked(True)
    bench.run()
    bench.show(make_reading((moving(make_face(), mouthSmileLeft=0.8),)))
    QApplication.processEvents()
    panel = bench.window.panels.movements
    assert len(panel.bars.groups) == panel.bars.rows >= 4
    assert panel.all.width() >= panel.all.sizeHint().width()
    parts = [w for w in panel.findChildren(QWidget) if w.parent() is panel and w.isVisible()]
    for part in parts:
        assert panel.rect().contains(part.geometry())
    row = panel.bars.height() / panel.bars.rows
    assert row >= panel.bars.fontMetrics().height()


def test_the_table_has_all_and_follows(bench: Bench) -> None:
    bench.run()
    bench.window.commands["show_movements"].setChecked(True)
    bench.show(make_reading((moving(make_face(), jawOpen=0.37),)))
    QTest.mouseClick(bench.window.panels.movements.all, Qt.MouseButton.LeftButton)
    dialog = bench.window.movement_table.dialog
    assert dialog is not None
    table = dialog.table
    movement, score, change, name, unit = range(5)

    def row(of: str) -> dict[int, str]:
        (found,) = table.findItems(of, Qt.MatchFlag.MatchExactly)
        items = {column: table.item(found.row(), column) for column in range(5)}
        return {column: item.text() for column, item in items.items() if item is not None}

    assert all(row(blendshape)[name] == blendshape for blendshape in BLENDSHAPES)
    assert row("jawOpen") == {
        movement: "Jaw dropped", score: "0.37", change: "–", name: "jawOpen",
        unit: "AU26 jaw drop, AU27 mouth stretch",
    }  # fmt: skip
    rested = Change(np.zeros(7, np.float32), np.full(52, -0.25, np.float32))
    face = replace(moving(make_face(), jawOpen=0.62), change=rested)
    bench.show(make_reading((face,), index=1))
    assert (row("jawOpen")[score], row("jawOpen")[change]) == ("0.62", "−0.25")
    bench.show(make_reading((), index=2))
    assert (row("jawOpen")[score], row("jawOpen")[change]) == ("–", "–")
    dialog.close()


def test_a_session_that_kept_none_says_so(bench: Bench) -> None:
    bench.run()
    face = make_face()
    unknown = replace(face.landmarks, blendshapes=np.full(52, np.nan, np.float32))
    bench.show(make_reading((replace(face, landmarks=unknown),)))
    assert "not kept" in bench.window.panels.movements.bars.accessibleDescription()
