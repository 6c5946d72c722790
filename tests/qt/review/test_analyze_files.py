"""The queue of files over the real command, with a clip and a file that is no video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from ferdesk.session.video import VideoWriter
from ferdesk.ui.dialogs.analyze import AnalyzeDialog
from ferdesk.ui.state.file_queue import FileState
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
    dialog.add_files([str(clip), str(broken)])
    assert dialog.go.isEnabled()
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
    dialog.table.itemActivated.emit(dialog.table.item(0, 0))
    assert [Path(folder).name for folder in wanted] == ["clip.mkv"]
    dialog.table.itemActivated.emit(dialog.table.item(1, 0))
    assert dialog.message.text()
