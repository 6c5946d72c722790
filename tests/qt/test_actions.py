"""Commands, shortcuts, menus, reachability."""

from __future__ import annotations

from collections import Counter

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ferdesk.ui.actions import COMMANDS
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
