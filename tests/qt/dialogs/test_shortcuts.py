"""The list of shortcuts."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence

from ferdesk.ui.dialogs.shortcuts import ShortcutsDialog
from tests.qt.conftest import Bench


def test_shortcut_list_shows_all(bench: Bench) -> None:
    dialog = ShortcutsDialog(bench.window.commands, ("start", "", "clip A"), bench.window)
    rows = dialog.table.rowCount()
    assert rows == sum(not a.shortcut().isEmpty() for _, a in bench.window.commands) + 2
    texts = [item.text() for r in range(rows) if (item := dialog.table.item(r, 0))]
    mark = texts.index("Mark event")
    assert texts[mark + 1 : mark + 3] == ["Mark “start”", "Mark “clip A”"]
    keys = {item.text() for r in range(rows) if (item := dialog.table.item(r, 1))}
    assert QKeySequence("F11").toString(QKeySequence.SequenceFormat.NativeText) in keys
    dialog.close()
