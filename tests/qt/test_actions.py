"""Commands, shortcuts, menus, reachability."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QComboBox, QMenu, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from ferdesk.ui.actions import COMMANDS
from ferdesk.ui.dialogs.shortcuts import ShortcutsDialog
from ferdesk.ui.window import option_menus as options
from tests.qt.conftest import Bench


def entries(menu: QMenu) -> list[QAction]:
    found = []
    for action in menu.actions():
        sub = action.menu()
        found += entries(sub) if isinstance(sub, QMenu) else [action]
    return found


def test_no_shortcut_is_used_twice(bench: Bench) -> None:
    keys = Counter(
        action.shortcut().toString() for _, action in bench.window.commands if action.shortcut()
    )
    assert [key for key, count in keys.items() if key and count > 1] == []
    assert keys["Ctrl+O"] == keys["Space"] == keys["F11"] == keys["Ctrl+S"] == keys["Ctrl+R"] == 1


def test_every_command_is_in_a_menu(bench: Bench) -> None:
    shown = {
        action.objectName()
        for top in bench.window.menuBar().actions()
        for action in entries(top.menu())  # type: ignore[arg-type]
    }
    assert set(COMMANDS) <= shown


def test_every_setting_command_switches_its_setting(bench: Bench) -> None:
    for name, command in COMMANDS.items():
        if not command.setting:
            continue
        before = getattr(bench.window.store.value, command.setting)
        bench.window.commands[name].trigger()
        assert getattr(bench.window.store.value, command.setting) is not before, name
        bench.window.commands[name].trigger()


def test_disabled_commands_say_why(bench: Bench) -> None:
    for _, action in bench.window.commands:
        assert action.toolTip()
    assert "no picture yet" in bench.window.commands["snapshot"].toolTip()
    assert "Ctrl+S" in bench.window.commands["snapshot"].toolTip()


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


def test_shortcut_list_shows_all(bench: Bench) -> None:
    dialog = ShortcutsDialog(bench.window.commands, bench.window)
    rows = dialog.table.rowCount()
    assert rows == sum(not a.shortcut().isEmpty() for _, a in bench.window.commands)
    keys = {item.text() for r in range(rows) if (item := dialog.table.item(r, 1))}
    assert QKeySequence("F11").toString(QKeySequence.SequenceFormat.NativeText) in keys
    dialog.close()


@dataclass(frozen=True)
class Device:
    key: str
    name: str
    available: bool
    reason: str = ""


def test_devices_that_cannot_be_used_say_why(
    bench: Bench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = (
        Device("openvino", "OpenVINO (CPU)", True),
        Device("cuda", "CUDA", False, "no NVIDIA GPU was found"),
    )
    monkeypatch.setattr(options, "_devices", lambda: devices)
    menu = bench.window.menus.sub["Device"]
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: len(menu.actions()) == 3)
    automatic, openvino, cuda = menu.actions()
    assert automatic.isChecked()
    assert openvino.isEnabled()
    assert not cuda.isEnabled()
    assert "no NVIDIA GPU" in cuda.toolTip()
    openvino.trigger()
    assert bench.engine.options.device == "openvino"


def test_diagnostics_are_copied(bench: Bench, qapp: object) -> None:
    bench.run()
    bench.window.commands["copy_diagnostics"].trigger()
    text = qapp.clipboard().text()  # type: ignore[attr-defined]
    for part in ("ferdesk:", "Python:", "torch:", "Device: OpenVINO CPU", "Checkpoint: live-1"):
        assert part in text


@pytest.mark.parametrize("name", ["about", "notice", "shortcuts", "preferences"])
def test_dialogs_open_without_blocking(bench: Bench, qtbot: QtBot, name: str) -> None:
    from PySide6.QtWidgets import QDialog

    bench.window.commands[name].trigger()
    shown = [d for d in bench.window.findChildren(QDialog) if d.isVisible()]
    assert len(shown) == 1
    assert not shown[0].grab().isNull()
    qtbot.keyClick(shown[0], Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not any(d.isVisible() for d in bench.window.findChildren(QDialog)))
    assert bench.window.isVisible()
