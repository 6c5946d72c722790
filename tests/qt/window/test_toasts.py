"""Notices come, are counted, go, and do not flood."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from ferdesk.ui.window import toasts as toast_module
from ferdesk.ui.window.toasts import LIMIT, Severity
from tests.qt.conftest import Bench


def test_the_same_sentence_is_counted(bench: Bench) -> None:
    for _ in range(1000):
        bench.window.warn("The camera is busy.")
    assert bench.notices() == ["The camera is busy."]
    assert bench.window.toasts.toasts[0].count == 1000


def test_never_more_than_fit(bench: Bench) -> None:
    for index in range(20):
        bench.window.tell(f"Notice {index}.")
    assert bench.notices() == [f"Notice {index}." for index in range(20 - LIMIT, 20)]


def test_dismissed_by_button_and_by_key(bench: Bench, qtbot: QtBot) -> None:
    bench.window.warn("One.")
    bench.window.warn("Two.")
    button = bench.window.toasts.toasts[0].findChild(QToolButton)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert bench.notices() == ["Two."]
    qtbot.keyClick(bench.window, Qt.Key.Key_Escape)
    assert bench.notices() == []
    assert not bench.window.toasts.isVisible()


def test_what_was_dismissed_keeps_quiet_for_a_while(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.window.warn("Again and again.")
    bench.window.toasts.dismiss_all()
    bench.window.warn("Again and again.")
    assert bench.notices() == []
    monkeypatch.setattr(toast_module, "QUIET_SECONDS", 0.0)
    bench.window.warn("Again and again.")
    assert bench.notices() == ["Again and again."]


def test_errors_stay_and_information_goes(
    bench: Bench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(toast_module._SECONDS, Severity.INFO, 0.05)
    bench.window.toasts.show_notice("stays", Severity.ERROR)
    bench.window.toasts.show_notice("goes", Severity.INFO)
    qtbot.waitUntil(lambda: bench.notices() == ["stays"])


def test_long_sentences_are_wrapped_and_inside_the_window(bench: Bench) -> None:
    bench.window.resize(900, 600)
    bench.window.warn("word " * 60 + "end.")
    stack = bench.window.toasts
    toast = stack.toasts[0]
    toast.grab()
    assert toast.height() >= toast.heightForWidth(toast.width())
    assert bench.video.rect().contains(stack.geometry())
