"""Jobs on other threads, whose results come back to this one."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from ferdesk.errors import FerdeskError
from ferdesk.ui.background import Jobs


def test_jobs_hand_back_results_and_errors(qtbot: QtBot) -> None:
    jobs = Jobs()
    results: list[object] = []
    here = threading.current_thread()

    def note(value: object) -> None:
        assert threading.current_thread() is here
        results.append(str(value))

    def refuse() -> None:
        raise FerdeskError("No.")

    def break_down() -> None:
        raise ZeroDivisionError("x")

    jobs.run(lambda: 7, note, note)
    jobs.run(refuse, note, note)
    jobs.run(break_down, note, note)
    qtbot.waitUntil(lambda: len(results) == 3)
    assert set(results) == {"7", "No.", "Something unexpected went wrong: x."}


def test_no_result_reaches_a_deleted_owner(qtbot: QtBot) -> None:
    jobs, owner, gate = Jobs(), QObject(), threading.Event()
    results: list[object] = []
    jobs.run(gate.wait, results.append, results.append, owner=owner)
    owner.deleteLater()
    qtbot.waitUntil(lambda: not jobs._waiting)
    gate.set()
    jobs.run(lambda: "after", results.append, results.append)
    qtbot.waitUntil(lambda: bool(results))
    assert results == ["after"]
