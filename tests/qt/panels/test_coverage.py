"""The slider: how many faces get a label."""

from __future__ import annotations

import json

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ferdesk.ui.settings_store import SettingsStore
from tests.qt.conftest import Bench
from tests.qt.readings import make_face, make_reading


def promise(labelled: str, wrong: str) -> str:
    return f"Labels {labelled}; {wrong} of those labels are wrong on faces like the test set"


def test_the_slider_reads_the_table(judged: Bench) -> None:
    panel, slider = judged.window.panels.distribution, judged.window.panels.distribution.coverage
    assert (slider.slider.minimum(), slider.slider.maximum()) == (0, 4)
    assert slider.slider.value() == 1
    assert slider.slider.accessibleDescription() == promise("90 of 100 faces", "about 10 %")
    judged.show(make_reading((make_face(reliability=0.8),)))
    slider.slider.setValue(3)
    assert slider.slider.accessibleDescription() == promise("60 of 100 faces", "about 4 %")
    assert slider.promise.text().startswith("Labels 60 of 100 faces")
    assert panel.bars.headline == "Unsure"
    assert panel.meter.words.text() == "Not reliable enough to label (limit 85 %)"
    assert judged.window.live.shown.threshold == 0.85
    slider.slider.setValue(0)
    assert slider.slider.accessibleDescription() == promise("every face", "about 15 %")
    assert panel.bars.headline == "Happiness"
    slider.slider.setValue(4)
    assert "less than 1 %" in slider.promise.text()
    assert "Live video may differ" in slider.slider.toolTip()


def test_the_slider_works_by_keyboard_and_is_remembered(judged: Bench, qtbot: QtBot) -> None:
    slider = judged.window.panels.distribution.coverage.slider
    slider.setFocus(Qt.FocusReason.TabFocusReason)
    assert slider.hasFocus()
    assert "fewer mistakes" in slider.accessibleName()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    store = judged.window.store
    assert store.value.coverage == 0.8
    assert json.loads(store.path.read_text())["coverage"] == 0.8
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert SettingsStore().value.coverage == 1.0


def test_the_promise_is_shortened_where_it_does_not_fit(judged: Bench) -> None:
    slider = judged.window.panels.distribution.coverage
    judged.window.resize(900, 600)
    assert slider.promise.text() == "Labels 90 of 100 faces, about 10 % of the labels wrong"
    assert slider.promise.fontMetrics().horizontalAdvance(slider.promise.text()) <= slider.width()
    judged.window.resize(1700, 800)
    assert slider.promise.text() == promise("90 of 100 faces", "about 10 %")
