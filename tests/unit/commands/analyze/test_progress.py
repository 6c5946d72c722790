"""How far it is, in words, and how many frames will come."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferdesk.commands.analyze.progress import Progress, duration
from ferdesk.sources.file_list import FolderSource


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(1200, every=0.0) as progress:
        for _ in range(300):
            progress.frame()
    assert progress.line(30.0) == "300 of 1,200 frames, about 90 s left".replace("90 s", "2 min")
    assert len(capsys.readouterr().err.splitlines()) == 300
    with Progress(None) as progress:
        progress.frame()
    assert progress.line(0.5) == "1 frames, 2.0 per second"
    assert capsys.readouterr().err == "", "no line before its time"


def test_more_frames_than_were_promised() -> None:
    with Progress(1) as progress:
        progress.frame()
        progress.frame()
    assert progress.line(1.0) == "2 frames, 2.0 per second"


def test_durations() -> None:
    assert duration(3) == "about 3 s"
    assert duration(89) == "about 89 s"
    assert duration(600) == "about 10 min"
    assert duration(3 * 3600 + 1200) == "about 3 h 20 min"


def test_a_folder_knows_its_frames(folder: Path) -> None:
    """Three pictures and a clip of five; the broken one counts until it is opened."""
    source = FolderSource(folder)
    source.open()
    assert source.count_frames() == 3 + 5 + 1
    source.close()
