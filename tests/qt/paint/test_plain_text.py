"""Foreign text is shown as it is; nothing in it is opened or drawn."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from ferdesk.ui.background import Jobs
from ferdesk.ui.dialogs.checkpoint import CheckpointDialog
from ferdesk.ui.paint.plain_text import PlainLabel, tooltip
from ferdesk.ui.window.toasts import Severity, Toast
from tests.unit.model.helpers import edit_card, tiny_checkpoint

LINK = "<a href='file:///etc/passwd'>press here</a><img src='file:///etc/hostname'>"
UI = Path(__file__).resolve().parents[3] / "ferdesk" / "ui"


def test_the_window_makes_plain_labels_only() -> None:
    """All but the time line's readout, which writes its own two numbers."""
    found = [
        f"{file.relative_to(UI)}:{node.lineno}"
        for file in sorted(UI.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("QLabel", "QMessageBox", "QErrorMessage")
    ]
    assert [place.partition(":")[0] for place in found] == ["panels/plot.py"]


def test_a_card_cannot_bring_links_or_pictures(qtbot: QtBot, tmp_path: Path) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    edit_card(path, lambda card: card.update(
        name=LINK, notes=LINK, licence=LINK, citation=LINK, training={LINK: LINK},
        metrics={LINK: 0.5},
    ))  # fmt: skip
    jobs = Jobs()
    dialog = CheckpointDialog(path, jobs)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(dialog.use.isEnabled, timeout=10_000)
    labels = dialog.findChildren(QLabel)
    assert sum(LINK in label.text() for label in labels) >= 4
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)


def test_notices_are_plain(qtbot: QtBot) -> None:
    toast = Toast(f"'{LINK}' cannot be read.", Severity.ERROR, None)  # type: ignore[arg-type]
    qtbot.addWidget(toast)
    for label in toast.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText


def test_plain_labels_are_as_tall_as_their_text(qtbot: QtBot) -> None:
    """As rich text the link would be one word, and the picture none."""
    label = PlainLabel(LINK)
    qtbot.addWidget(label)
    assert label.sizeHint().width() > label.fontMetrics().horizontalAdvance(LINK) - 4


@pytest.mark.parametrize("text", [LINK, "a & b", "&lt;b&gt;"])
def test_tooltips_hold_no_tags_of_others(text: str) -> None:
    shown = tooltip(text)
    assert shown.count("<") == 2
    assert "<a" not in shown
    assert "<img" not in shown


def test_ordinary_tooltips_stay_as_they_are() -> None:
    assert tooltip("Open a video (Ctrl+O)\nor drop it") == "Open a video (Ctrl+O)\nor drop it"
