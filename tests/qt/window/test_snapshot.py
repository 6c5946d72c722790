"""Snapshots: the type that was asked for, what they say about themselves, and nothing lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ferdesk.pipeline.types import Reading
from ferdesk.ui.state.shown import Shown
from ferdesk.ui.window.snapshot import JPEG_WITH, JPEG_WITHOUT, WITH, WITHOUT, Facts
from tests.qt.conftest import Bench
from tests.qt.readings import make_reading

FACTS = Facts("Camera A, 640x480", "live-1")


def save(bench: Bench, qtbot: QtBot, path: Path, kind: str, reading: Reading) -> Path:
    with qtbot.waitSignal(bench.window.snapshots.saved) as blocker:
        bench.window.snapshots.save(
            path, Shown(reading), bench.video.options, FACTS, file_filter=kind
        )
    return Path(blocker.args[0])


@pytest.mark.parametrize(
    ("typed", "kind", "name", "start"),
    [
        ("a", WITH, "a.png", b"\x89PNG"),
        ("a", JPEG_WITH, "a.jpg", b"\xff\xd8"),
        ("a.b", JPEG_WITHOUT, "a.b.jpg", b"\xff\xd8"),
        ("a.PNG", JPEG_WITH, "a.PNG", b"\x89PNG"),
        ("a.jpeg", WITHOUT, "a.jpeg", b"\xff\xd8"),
    ],
)
def test_the_type_that_was_asked_for(
    bench: Bench, qtbot: QtBot, tmp_path: Path, typed: str, kind: str, name: str, start: bytes
) -> None:
    path = save(bench, qtbot, tmp_path / typed, kind, make_reading())
    assert path == tmp_path / name
    assert path.read_bytes().startswith(start)
    read = QImage(str(path))
    assert read.size().width() == 640
    # Qt reads the comments of a JPEG as one text.
    said = " ".join(read.text(key) for key in read.textKeys()) + " ".join(read.textKeys())
    for fact in ("ferdesk", "Camera A, 640x480", "live-1", "20"):
        assert fact in said


def test_with_and_without_overlay(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    reading = make_reading()
    for kind, same in ((WITH, False), (WITHOUT, True)):
        seen = cv2.imread(str(save(bench, qtbot, tmp_path / kind[:9], kind, reading)))
        assert np.array_equal(seen, reading.frame.image) is same


def test_a_name_without_a_type_never_replaces_a_file(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_text("mine")
    assert save(bench, qtbot, tmp_path / "a", WITH, make_reading()).name == "a-2.png"
    assert (tmp_path / "a.png").read_text() == "mine"


def test_never_the_picture_that_is_being_read(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    source = tmp_path / "photo.png"
    source.write_bytes(b"the only one")
    reading = make_reading()
    reading = replace(reading, frame=replace(reading.frame, file=source))
    other = tmp_path / "link.png"
    other.symlink_to(source)
    for path in (source, other):
        with qtbot.waitSignal(bench.window.snapshots.failed) as blocker:
            bench.window.snapshots.save(path, Shown(reading), bench.video.options, FACTS)
        assert "is the file that is being read" in blocker.args[0]
    assert source.read_bytes() == b"the only one"


def test_what_cannot_be_written_is_told(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(bench.window.snapshots.failed) as blocker:
        target = tmp_path / "nowhere" / "a.png"
        bench.window.snapshots.save(target, Shown(make_reading()), bench.video.options, FACTS)
    assert "nowhere" in blocker.args[0]


def test_the_dialog_takes_what_is_shown_now(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    bench.run()
    shown = make_reading()
    bench.show(shown)
    bench.window.commands["snapshot"].trigger()
    dialog = bench.window.findChild(QFileDialog)
    assert dialog is not None
    bench.show(make_reading((), index=1, image=np.zeros((480, 640, 3), np.uint8)))
    dialog.selectNameFilter(WITHOUT)
    with qtbot.waitSignal(bench.window.snapshots.saved):
        dialog.fileSelected.emit(str(tmp_path / "shot.png"))
    assert np.array_equal(cv2.imread(str(tmp_path / "shot.png")), shown.frame.image)
    dialog.close()
