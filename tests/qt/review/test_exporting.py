"""Exports and the report of a session under review."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ferdesk.session.session import Session
from ferdesk.ui.dialogs.export import KINDS, ExportDialog
from ferdesk.ui.dialogs.report import ReportDialog
from tests.qt.conftest import Bench
from tests.qt.review.conftest import PictureSession

BY_NAME = {kind.name: kind for kind in KINDS}


@pytest.fixture
def reviewed(bench: Bench, recorded: PictureSession, tmp_path: Path, qtbot: QtBot) -> Path:
    """The folder of a copy that is under review."""
    copy = tmp_path / "copy"
    shutil.copytree(recorded.folder, copy)
    bench.window.session_work.open(str(copy))
    qtbot.waitUntil(lambda: bench.window.session_work.reviewing, timeout=20_000)
    return copy


def test_every_kind_is_written_and_told(
    bench: Bench, reviewed: Path, recorded: PictureSession, tmp_path: Path, qtbot: QtBot
) -> None:
    exporting = bench.window.session_work.exporting
    told: list[str] = []
    exporting.told.connect(told.append)
    for name, target in (
        ("csv", tmp_path / "out.csv"),
        ("tsv", tmp_path / "tsv"),
        ("corrections", tmp_path / "set"),
    ):
        exporting.export(reviewed, BY_NAME[name], target, None)
        qtbot.waitUntil(lambda where=target: any(str(where) in t and "…" not in t for t in told),
                        timeout=20_000)  # fmt: skip
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == recorded.count
    shown = recorded.readings[3].faces[0].probabilities[1]
    assert float(rows[3]["probability_happiness"]) == pytest.approx(float(shown), abs=1e-4)
    assert (tmp_path / "tsv" / "events.tsv").is_file()
    assert (tmp_path / "set" / "manifest.csv").is_file()


def test_a_refused_export_is_a_sentence(bench: Bench, reviewed: Path, qtbot: QtBot) -> None:
    (reviewed / "video.mkv").unlink()
    with Session.open(reviewed) as session:
        session.store.remove_crops(session.store.kept_crops())
    exporting = bench.window.session_work.exporting
    exporting.export(reviewed, BY_NAME["corrections"], reviewed / "set", None)
    refused = "no pictures of its corrections were kept"
    qtbot.waitUntil(lambda: any(refused in t for t in bench.notices()), timeout=10_000)
    assert not (reviewed / "set").exists()


def test_a_report_about_two_sessions_from_the_window(
    bench: Bench, reviewed: Path, recorded: PictureSession, tmp_path: Path, qtbot: QtBot
) -> None:
    window = bench.window
    window.commands["report"].trigger()
    dialog = window.findChild(ReportDialog)
    assert dialog is not None
    dialog.add(recorded.folder, ticked=False)
    assert dialog.folders == [reviewed]
    dialog.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert not dialog.go.isEnabled()
    dialog.add(reviewed, ticked=True)
    dialog.add(recorded.folder, ticked=True)
    dialog.chosen.disconnect()
    with qtbot.waitSignal(dialog.chosen) as chosen:
        dialog.go.click()
    reporting = window.session_work.reporting
    asked = reporting.ask_where(chosen.args[0])
    assert asked.nameFilters() == ["Web page (*.html)", "PDF (*.pdf)"]
    asked.close()
    for name in ("both.html", "both.pdf"):
        reporting.write(chosen.args[0], tmp_path / name, show=False)
        qtbot.waitUntil(
            lambda where=name: any(str(tmp_path / where) in t for t in bench.notices()),
            timeout=20_000,
        )
    text = (tmp_path / "both.html").read_text(encoding="utf-8")
    assert "Side by side" in text
    assert {"clip A", reviewed.name, recorded.folder.name} <= set(re.findall(r"[^<>\n]+", text))
    assert (tmp_path / "both.pdf").read_bytes().startswith(b"%PDF")


def test_the_dialog_offers_faces_where_they_can_be_chosen(bench: Bench, reviewed: Path) -> None:
    assert reviewed.is_dir()
    bench.window.commands["export"].trigger()
    dialog = bench.window.findChild(ExportDialog)
    assert dialog is not None
    chosen: list[tuple[str, int | None]] = []
    dialog.chosen.connect(lambda kind, face: chosen.append((kind.name, face)))
    assert dialog.face.itemText(1) == "Face 1 alone"
    dialog.group.button(3).setChecked(True)
    assert not dialog.face.isEnabled()
    dialog.group.button(1).setChecked(True)
    dialog.face.setCurrentIndex(1)
    dialog.chosen.connect(lambda *_: None)
    dialog._accept()
    assert chosen == [("tsv", 1)]
