"""The card before the checkpoint is taken, and the notice before the first use."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
)
from pytestqt.qtbot import QtBot

from ferdesk.model.calibration import Calibration
from ferdesk.model.checkpoint import Card
from ferdesk.model.config import LIVE, Preprocessing
from ferdesk.pipeline.types import EventKind
from ferdesk.ui.dialogs.first_run import VERSION, FirstRunDialog
from ferdesk.ui.settings_store import SettingsStore
from tests.qt.conftest import Bench
from tests.qt.window.test_choose_source import drop

CARD = Card(
    name="live-9",
    architecture=LIVE,
    preprocessing=Preprocessing(),
    metrics={"accuracy": 0.7841},
    calibration=Calibration(temperature=1.31, set_threshold=0.1),
    training={"data": "FER+ crowd labels"},
    licence="MIT",
    citation="Sun, 2025",
)


def checkpoint(folder: Path, **changes: Any) -> Path:
    """A file with a card and no weights: enough to be looked at."""
    metadata = {"ferdesk": json.dumps({**CARD.to_json(), **changes})}
    header = json.dumps({"__metadata__": metadata}).encode()
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


def test_the_card_is_shown_and_used(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    bench.run()
    path = checkpoint(tmp_path)
    drop(bench, path)
    dialog = bench.window.checkpoints.dialog
    assert dialog is not None
    assert not dialog.use.isEnabled()
    qtbot.waitUntil(dialog.use.isEnabled)
    text = "\n".join(label.text() for label in dialog.findChildren(QLabel))
    for part in ("live-9", "78 of 100 faces", "FER+", "MIT", "Sun, 2025"):
        assert part in text
    assert "0.7841" not in text
    assert not dialog.raw.isVisible()
    dialog.whole.click()
    assert dialog.raw.isVisible()
    for part in ('"accuracy": 0.7841', '"temperature": 1.31'):
        assert part in dialog.raw.toPlainText()
    assert bench.engine.loaded == []
    dialog.use.click()
    assert bench.engine.loaded == [path]
    qtbot.waitUntil(lambda: bench.window.store.value.checkpoint == str(path))
    assert bench.window.store.value.recent_checkpoints == (str(path),)
    qtbot.waitUntil(lambda: bench.window.checkpoints.dialog is None)


def test_cancel_changes_nothing(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    bench.window.checkpoints.show_card(checkpoint(tmp_path))
    dialog = bench.window.checkpoints.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.use.isEnabled)
    dialog.reject()
    assert bench.engine.loaded == []
    assert bench.window.store.value.recent_checkpoints == ()


@pytest.mark.parametrize("kind", ["empty", "junk", "pickle", "folder", "labels", "missing", "cut"])
def test_refusals_show_one_sentence(bench: Bench, qtbot: QtBot, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.safetensors"
    if kind == "empty":
        path.touch()
    elif kind == "junk":
        path.write_bytes(b"nothing of the kind, but long enough to have a header" * 9)
    elif kind == "pickle":
        path.write_bytes(b"PK\x03\x04" + bytes(60))
    elif kind == "folder":
        path.mkdir()
    elif kind == "labels":
        checkpoint(tmp_path, labels=["cat", "dog"])
    elif kind == "cut":
        checkpoint(tmp_path)
        path.write_bytes(path.read_bytes()[:-20])
    bench.window.checkpoints.show_card(path)
    dialog = bench.window.checkpoints.dialog
    assert dialog is not None
    with qtbot.waitSignal(dialog.refused) as blocker:
        pass
    sentence = blocker.args[0]
    assert "model.safetensors" in sentence
    assert sentence.endswith(".")
    assert dialog.message.text() == sentence
    assert not dialog.use.isVisible()
    dialog.buttons.button(QDialogButtonBox.StandardButton.Cancel).click()
    assert bench.engine.loaded == []


def test_closing_the_dialog_while_it_reads_is_harmless(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    path = checkpoint(tmp_path)
    for _ in range(20):
        bench.window.checkpoints.show_card(path)
        dialog = bench.window.checkpoints.dialog
        assert dialog is not None
        dialog.close()
    qtbot.waitUntil(lambda: not bench.window.findChildren(QDialog))
    assert bench.window.checkpoints.dialog is None


def test_a_checkpoint_that_was_refused_is_not_remembered(bench: Bench, tmp_path: Path) -> None:
    bench.run()
    bench.engine.load_checkpoint = lambda path: bench.engine.tell(  # type: ignore[method-assign]
        EventKind.WARNING, f"'{path.name}' is truncated."
    )
    bench.window.checkpoints.use(tmp_path / "bad.safetensors")
    bench.tell(EventKind.STATE, "Running.")
    assert bench.notices() == ["'bad.safetensors' is truncated."]
    assert bench.window.store.value.checkpoint == ""


def test_a_checkpoint_that_vanished_gives_way_to_the_built_in_one(
    build_bench: Callable[..., Bench], qtbot: QtBot
) -> None:
    bench = build_bench(checkpoint="/nowhere/old.safetensors")
    bench.window.begin("sample")
    qtbot.waitUntil(lambda: bool(bench.engine.started))
    assert bench.engine.started[0][1] is None
    assert any("old.safetensors" in text for text in bench.notices())


def notice(bench: Bench) -> FirstRunDialog | None:
    shown = bench.window.findChildren(FirstRunDialog)
    return next((dialog for dialog in shown if dialog.isVisible()), None)


def test_nothing_is_opened_before_the_notice_was_accepted(
    build_bench: Callable[..., Bench], qtbot: QtBot
) -> None:
    first = build_bench(untouched=True)
    asked: list[int] = []
    first.window.sources._cameras = lambda: (asked.append(1), ())[1]  # type: ignore[func-returns-value]
    first.window.begin()
    dialog = notice(first)
    assert dialog is not None
    qtbot.wait(100)
    assert not asked
    assert not first.engine.started
    assert "accepted the notice" in first.video._hint
    text = " ".join(label.text() for label in dialog.findChildren(QLabel))
    for part in ("this machine", "Google", "not a feeling", "Article 5(1)(f)", "Research"):
        assert part in text
    for label in dialog.findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width()), label.text()
    dialog.accept()
    qtbot.waitUntil(lambda: bool(first.engine.started))
    assert asked
    assert SettingsStore().value.notice_accepted == VERSION
    first.window.close()
    second = build_bench(untouched=True)
    second.window.begin("sample")
    assert notice(second) is None
    second.window.commands["notice"].trigger()
    again = notice(second)
    assert again is not None
    again.reject()
    assert second.window.isVisible()


def test_declining_the_notice_quits(build_bench: Callable[..., Bench], qtbot: QtBot) -> None:
    bench = build_bench(untouched=True)
    bench.window.begin("sample")
    dialog = notice(bench)
    assert dialog is not None
    dialog.reject()
    qtbot.waitUntil(lambda: not bench.window.isVisible())
    assert SettingsStore().value.notice_accepted == 0
    assert not bench.engine.started


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
