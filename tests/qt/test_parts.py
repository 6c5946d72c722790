"""The parts behind the panels: history, selection, explanations, jobs, the log."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from ferdesk.errors import FerdeskError
from ferdesk.ui.background import Jobs
from ferdesk.ui.panels.log import LogBuffer
from ferdesk.ui.state.explanation import explain, sureness
from ferdesk.ui.state.history import Histories, History
from ferdesk.ui.state.selection import FaceSelection
from ferdesk.ui.state.shown import Shown
from tests.qt.conftest import Bench
from tests.qt.fakes import make_face, make_reading, peaked, purified


def test_history_is_contiguous_when_it_wraps() -> None:
    history = History(capacity=8)
    face = make_face()
    for t in range(20):
        history.add(float(t), np.full(7, t / 20, np.float32), face)
    times, shares, confidences = history.window(14.5)
    assert times.tolist() == [15, 16, 17, 18, 19]
    assert shares.shape == (7, 5)
    assert np.allclose(shares[0], times / 20)
    assert confidences.shape == (4, 5)
    assert history.window(-1)[0].tolist() == list(range(12, 20))
    assert times.base is not None


def test_gaps_are_stored_once_and_old_faces_forgotten() -> None:
    histories = Histories(keep_seconds=5)
    histories.add(make_reading(captured_at=0.0))
    for t in range(1, 4):
        histories.add(make_reading((), captured_at=float(t)))
    first = histories.of(1)
    assert first is not None
    assert first.window(-1)[0].tolist() == [0.0, 1.0]
    assert np.isnan(first.window(-1)[1][:, 1]).all()
    histories.add(make_reading((), captured_at=20.0))
    assert histories.of(1) is None


def test_the_largest_face_is_shown_until_one_is_chosen() -> None:
    selection = FaceSelection()
    one, two, three = (make_face(i) for i in (1, 2, 3))
    assert selection.pick(make_reading((two, one, three), captured_at=0.0)) == 2
    selection.choose(3)
    assert selection.pick(make_reading((two, one, three), captured_at=0.1)) == 3
    # Out of sight for a moment: nobody takes its place. For longer: the largest does.
    assert selection.pick(make_reading((two, one), captured_at=0.9)) == 3
    assert selection.pick(make_reading((two, one), captured_at=1.2)) == 2
    assert selection.step(1) == 1
    assert selection.step(-1) == 2
    selection.choose(99)
    assert selection.current == 2


def test_what_is_shown_knows_its_face_and_place() -> None:
    reading = make_reading((make_face(4), make_face(2), make_face(7)))
    shown = Shown(reading, 4)
    assert shown.face is reading.faces[0]
    assert shown.position == (2, 3)
    out_of_sight = replace(shown, selected=3)
    assert out_of_sight.face is None
    assert out_of_sight.position == (0, 3)
    assert (Shown().faces, Shown().face, Shown().position) == ((), None, (0, 0))


@pytest.mark.parametrize(
    ("p", "g", "a", "start"),
    [
        ((1, 0.9), (1, 0.6), (1, 0.5), "The two corrections agree with the first guess: Happiness"),
        ((2, 0.95), (6, 0.5), (6, 0.4), "Both corrections point to Fear; the first guess Surprise"),
        ((2, 0.3), (6, 0.9), (6, 0.9), "Both corrections point to Fear and overruled the first"),
        ((2, 0.95), (6, 0.5), (2, 0.6), "The nearest examples point to Fear; everything else"),
        ((2, 0.95), (2, 0.6), (4, 0.5), "The parts of the face point to Anger; everything else"),
        ((2, 0.95), (6, 0.5), (4, 0.4), "The nearest examples point to Fear, the parts of the "),
        ((2, 0.3), (6, 0.95), (4, 0.4), "The nearest examples point to Fear, the parts of the "),
    ],
)
def test_sentences(
    p: tuple[int, float], g: tuple[int, float], a: tuple[int, float], start: str
) -> None:
    text = explain(make_face(answer=purified(peaked(*p), peaked(*g), peaked(*a))))
    assert text.startswith(start)
    assert text.endswith(".")


def test_certainty_is_claimed_only_when_it_is_there() -> None:
    surer = purified(peaked(2, 0.9), peaked(6, 0.5), peaked(6, 0.5))
    assert "because it is more certain" in explain(make_face(answer=surer))
    base = purified(peaked(2, 0.5), peaked(6, 0.6), peaked(6, 0.6))
    forced = replace(base, final=peaked(2, 0.6))
    assert "more certain" not in explain(make_face(answer=forced))


def test_close_calls_are_said() -> None:
    q = np.array([0.0, 0.42, 0.38, 0.05, 0.05, 0.05, 0.05], np.float32)
    face = make_face(answer=purified(q, q, q))
    assert explain(face).endswith("A close call between Happiness and Surprise.")


def test_sureness() -> None:
    assert sureness(np.full(7, 1 / 7)) == pytest.approx(0, abs=1e-6)
    assert sureness(np.eye(7)[2]) == pytest.approx(1, abs=1e-5)


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


def test_the_log_is_bounded_and_takes_every_thread() -> None:
    buffer = LogBuffer(limit=500)
    logger = logging.Logger("test", logging.DEBUG)
    logger.addHandler(buffer)

    def write() -> None:
        for index in range(400):
            logger.warning("line %d of %s", index, threading.current_thread().name)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    number, lines = buffer.since(0, logging.DEBUG)
    assert number == 1600
    assert len(lines) == 500
    logger.error("last")
    assert buffer.since(number, logging.ERROR)[1][0].endswith("last")


def test_the_log_drawer_shows_what_was_logged(bench: Bench) -> None:
    bench.window.commands["show_log"].trigger()
    logging.getLogger("ferdesk.somewhere").warning("the drawer shows this")
    bench.window.live.refresh_status()
    assert "the drawer shows this" in bench.window.panels.log.view.toPlainText()
