"""The queue of files over the real command, with a clip and a file that is no video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from ferdesk.session.video import VideoWriter
from ferdesk.ui.dialogs.analyze import AnalyzeDialog
from ferdesk.ui.state.file_queue import FileState, sources_of
from tests.qt.conftest import Bench


def test_files_become_sessions_and_a_failure_costs_itself(
    bench: Bench, tmp_path: Path, qtbot: QtBot
) -> None:
    bench.window.store.update(device="cpu")
    clip = tmp_path / "clip.mkv"
    writer = VideoWriter(clip, 320, 240)
    for i in range(6):
        writer.add(np.full((240, 320, 3), 40 + i, np.uint8), i * 40)
    writer.close()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    bench.window.commands["analyze_files"].trigger()
    dialog = bench.window.session_work.batch
    assert isinstance(dialog, AnalyzeDialog)
    dialog.folder.setText(str(tmp_path / "out"))
    (tmp_path / "notes.txt").write_text("no source")
    (tmp_path / "face.png").write_bytes(b"no picture either")
    dialog.dropEvent(_dropped(tmp_path))
    qtbot.waitUntil(dialog.go.isEnabled, timeout=10_000)
    assert "One picture" in dialog.message.text()
    assert [Path(path).name for path in dialog.queue.files] == ["broken.mp4", "clip.mkv"]
    dialog.start()
    assert not dialog.go.isEnabled()
    assert dialog.cancel.isEnabled()
    qtbot.waitUntil(lambda: not dialog.process.running, timeout=110_000)
    states = {Path(f.path).name: f.state for f in dialog.queue.files.values()}
    assert states == {"clip.mkv": FileState.DONE, "broken.mp4": FileState.FAILED}
    assert "1 of 2 files are done" in dialog.message.text()
    assert (tmp_path / "out" / "summary.csv").is_file()
    wanted: list[str] = []
    dialog.session_wanted.disconnect()
    dialog.session_wanted.connect(wanted.append)
    assert dialog.table.item(1, 1).text() == "Open"
    dialog.table.itemClicked.emit(dialog.table.item(1, 0))
    dialog.table.itemClicked.emit(dialog.table.item(1, 1))
    dialog.table.itemActivated.emit(dialog.table.item(1, 0))
    assert [Path(folder).name for folder in wanted] == ["clip.mkv"] * 2
    dialog.table.itemClicked.emit(dialog.table.item(0, 1))
    assert "broken.mp4" in dialog.message.text()


def test_folders_in_the_queue(tmp_path: Path) -> None:
    for name in ("clip10.mp4", "clip9.MOV", "readme.md"):
        (tmp_path / name).touch()
    found = sources_of(tmp_path)
    assert [Path(path).name for path in found.sources] == ["clip9.MOV", "clip10.mp4"]
    assert found.sentence == ""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    assert sources_of(pictures).sources == ()
    assert "'pictures' has no videos or pictures" in sources_of(pictures).sentence
    (pictures / "a.png").touch()
    assert sources_of(pictures).sources == (str(pictures),)


def _dropped(place: Path) -> QDropEvent:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(place))])
    _dropped.data = data  # type: ignore[attr-defined]  # the event does not own it
    none = (Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier)
    return QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, *none)
