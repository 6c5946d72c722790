"""Exports and the report of a session under review."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ferdesk.session.session import Session
from ferdesk.ui.dialogs.export import KINDS, ExportDialog
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


def test_the_report_lies_in_the_session(bench: Bench, reviewed: Path, qtbot: QtBot) -> None:
    bench.window.session_work.exporting.report(show=False)
    page = reviewed / "report.html"
    qtbot.waitUntil(lambda: any(str(page) in t for t in bench.notices()), timeout=20_000)
    text = page.read_text(encoding="utf-8")
    assert "clip A" in text
    assert reviewed.name in text


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
