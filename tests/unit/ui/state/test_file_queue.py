"""The queue of files as the command's own words make it."""

from __future__ import annotations

import json

import pytest

from ferdesk.ui.state.file_queue import FileQueue, FileState


def test_lines_of_the_command_become_rows() -> None:
    queue = FileQueue()
    queue.add(["/a.mp4", "/b.mp4", "/a.mp4"])
    assert queue.begin() == ["/a.mp4", "/b.mp4"]
    a, b = queue.files.values()

    def hear(at: float, **news: object) -> None:
        queue.hear(json.dumps(news) + "\n", at)

    hear(10.0, source="/a.mp4", folder="/out/a", state="reading", done=0, total=100)
    assert a.seconds_left(11.0) is None, "nothing to go by yet"
    hear(20.0, source="/a.mp4", folder="/out/a", state="reading", done=25, total=100)
    assert a.seconds_left(20.0) == pytest.approx(30.0)
    hear(50.0, source="/a.mp4", folder="/out/a", state="done", sentence="done")
    hear(51.0, source="/b.mp4", folder="/out/b", state="failed", sentence="It is damaged.")
    assert (a.state, a.share, a.folder) == (FileState.DONE, 1.0, "/out/a")
    assert (b.state, b.sentence) == (FileState.FAILED, "It is damaged.")
    assert queue.begin() == ["/a.mp4", "/b.mp4"]
    assert [f.state for f in queue.files.values()] == [FileState.DONE, FileState.WAITING]


def test_what_is_not_understood_is_left_alone() -> None:
    queue = FileQueue()
    queue.add(["/a.mp4"])
    for line in ("no JSON", "[]", '{"source": "/other"}', '{"source": "/a.mp4"}'):
        queue.hear(line, 0.0)
    assert queue.files["/a.mp4"].state is FileState.WAITING


def test_a_file_that_was_stopped_waits_again() -> None:
    queue = FileQueue()
    queue.add(["/a.mp4"])
    queue.hear('{"source": "/a.mp4", "state": "reading", "done": 5, "total": 10}', 0.0)
    queue.end()
    file = queue.files["/a.mp4"]
    assert (file.state, file.share) == (FileState.WAITING, 0.0)
