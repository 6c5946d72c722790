"""Plots come after the first paint and know what was asked of them before."""

from __future__ import annotations

import subprocess
import sys

from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from ferdesk.ui.paint.theme import DARK
from ferdesk.ui.panels.timeline import TimelinePanel


def test_the_window_is_imported_without_pyqtgraph_torch_and_mediapipe() -> None:
    code = (
        "import sys, ferdesk.ui.app;"
        "print({'pyqtgraph', 'torch', 'mediapipe', 'openvino'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_what_was_asked_before_the_plot_is_made_holds(qtbot: QtBot) -> None:
    panel = TimelinePanel({20: "20 s", 30: "30 s"})
    qtbot.addWidget(panel)
    panel.set_seconds(30)
    panel.restyle(DARK)
    panel.chips[2].setChecked(False)
    panel.refresh(None, 0.0)
    assert not panel.place.made
    panel.show()
    qtbot.waitUntil(lambda: panel.place.made, timeout=30_000)
    assert panel.plot.view.backgroundBrush().color() == QColor(DARK.card)
    assert not panel.plot.curves[2].isVisible()
    assert panel.plot.item.viewRange()[0][0] < -25
