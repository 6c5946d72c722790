"""Notices come, are counted, go, and do not flood."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from ferdesk.pipeline.types import EngineState, EventKind
from ferdesk.ui.window import toasts as toast_module
from ferdesk.ui.window.toasts import LIMIT, Severity
from tests.qt.conftest import Bench
from tests.qt.readings import make_face, make_reading


def test_the_same_sentence_is_counted(bench: Bench) -> None:
    for _ in range(1000):
        bench.window.warn("The camera is busy.")
    assert bench.notices() == ["The camera is busy."]
    assert bench.window.toasts.toasts[0].count == 1000


def test_never_more_than_fit(bench: Bench) -> None:
    for index in range(20):
        bench.window.tell(f"Notice {index}.")
    assert bench.notices() == [f"Notice {index}." for index in range(20 - LIMIT, 20)]


def test_dismissed_by_button_and_by_key(bench: Bench, qtbot: QtBot) -> None:
    bench.window.warn("One.")
    bench.window.warn("Two.")
    button = bench.window.toasts.toasts[0].findChild(QToolButton)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert bench.notices() == ["Two."]
    qtbot.keyClick(bench.window, Qt.Key.Key_Escape)
    assert bench.notices() == []
    assert not bench.window.toasts.isVisible()


def test_what_was_dismissed_keeps_quiet_for_a_while(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.window.warn("Again and again.")
    bench.window.toasts.dismiss_all()
    bench.window.warn("Again and again.")
    assert bench.notices() == []
    monkeypatch.setattr(toast_module, "QUIET_SECONDS", 0.0)
    bench.window.warn("Again and again.")
    assert bench.notices() == ["Again and again."]


def test_errors_stay_and_information_goes(
    bench: Bench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(toast_module._SECONDS, Severity.INFO, 0.05)
    bench.window.toasts.show_notice("stays", Severity.ERROR)
    bench.window.toasts.show_notice("goes", Severity.INFO)
    qtbot.waitUntil(lambda: bench.notices() == ["stays"])


def test_long_sentences_are_wrapped_and_inside_the_window(bench: Bench) -> None:
    bench.window.resize(900, 600)
    bench.window.warn("word " * 60 + "end.")
    stack = bench.window.toasts
    toast = stack.toasts[0]
    toast.grab()
    assert toast.height() >= toast.heightForWidth(toast.width())
    assert bench.window.central.rect().contains(stack.geometry())


@pytest.mark.parametrize("size", [(900, 600), (1366, 700)])
def test_notices_cover_no_face(bench: Bench, size: tuple[int, int]) -> None:
    bench.window.resize(*size)
    bench.run()
    for index, settings in enumerate(({}, {"show_timeline": False})):
        bench.window.store.update(**settings)
        faces = (make_face(centre=(320.0, 180.0), size=250.0),)
        bench.show(make_reading(faces, index=index))
        bench.window.warn("The camera is busy.")
        stack, video = bench.window.toasts, bench.video
        assert stack.isVisible()
        for face in video.face_areas():
            corner = video.mapTo(bench.window.central, face.topLeft())
            covered = QRect(corner, face.size()).intersected(stack.geometry())
            # Where nothing but the picture is left, it is the freest corner.
            allowed = 0.05 * face.width() * face.height() if settings else 0
            assert covered.isEmpty() or covered.width() * covered.height() <= allowed


def test_a_complaint_goes_when_it_was_acted_on(bench: Bench) -> None:
    bench.run()
    bench.tell(EventKind.ERROR, "The camera 'A' was unplugged.", EngineState.FAULTED)
    bench.window.tell("Diagnostics copied to the clipboard")
    bench.tell(EventKind.SOURCE_OPENED, "Camera A is back.", EngineState.RUNNING)
    assert bench.notices() == ["Diagnostics copied to the clipboard"]
    # It may come again at once: nobody dismissed it.
    bench.tell(EventKind.ERROR, "The camera 'A' was unplugged.", EngineState.FAULTED)
    assert "The camera 'A' was unplugged." in bench.notices()


def test_escape_ends_notices_first_then_the_line_in_the_picture(bench: Bench, qtbot: QtBot) -> None:
    bench.window.warn("One.")
    bench.video.set_notice("clip.mp4 was played to its end.")
    qtbot.keyClick(bench.window, Qt.Key.Key_Escape)
    assert (bench.notices(), bool(bench.video.notice)) == ([], True)
    qtbot.keyClick(bench.window, Qt.Key.Key_Escape)
    assert bench.video.notice == ""
