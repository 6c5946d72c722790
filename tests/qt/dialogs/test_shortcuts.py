"""The list of shortcuts."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence

from ferdesk.ui.dialogs.shortcuts import ShortcutsDialog
from tests.qt.conftest import Bench


def test_shortcut_list_shows_all(bench: Bench) -> None:
    dialog = ShortcutsDialog(bench.window.commands, bench.window)
    rows = dialog.table.rowCount()
    assert rows == sum(not a.shortcut().isEmpty() for _, a in bench.window.commands)
    keys = {item.text() for r in range(rows) if (item := dialog.table.item(r, 1))}
    assert QKeySequence("F11").toString(QKeySequence.SequenceFormat.NativeText) in keys
    dialog.close()
