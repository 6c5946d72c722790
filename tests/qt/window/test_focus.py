"""The window by keyboard and by name."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from tests.qt.conftest import Bench


def test_everything_that_takes_the_focus_has_a_name(bench: Bench) -> None:
    bench.window.commands["show_log"].trigger()
    kinds = (QAbstractButton, QComboBox, QPlainTextEdit)
    nameless = [
        widget
        for widget in bench.window.findChildren(QWidget)
        if isinstance(widget, kinds)
        and widget.isVisible()
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


def test_tab_reaches_the_controls(bench: Bench, qtbot: QtBot) -> None:
    reached: set[QWidget] = set()
    bench.video.setFocus()
    for _ in range(40):
        focus = bench.window.focusWidget()
        assert focus is not None
        reached.add(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
    assert set(bench.window.panels.timeline.chips) <= reached
    assert bench.window.panels.timeline.length in reached
