"""The Stream menu over a real WebSocket and real OSC."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from ferdesk.session.recorder import Recorder
from ferdesk.session.records import Origin
from ferdesk.session.session import Session
from ferdesk.session.writer import SessionInfo
from ferdesk.ui.window.streaming import Streaming
from tests.qt.conftest import CAMERA, Bench
from tests.qt.readings import make_reading

pytest.importorskip("websockets")
pytest.importorskip("pythonosc")

from websockets.sync.client import connect


def streaming(bench: Bench) -> Streaming:
    return bench.window.session_work.streaming


def switch(bench: Bench, way: str, qtbot: QtBot, on: bool = True) -> None:
    bench.window.commands[f"stream_{way}"].trigger()
    qtbot.waitUntil(lambda: (way in streaming(bench).on) is on)


def test_nothing_is_sent_until_it_is_asked_for(bench: Bench) -> None:
    bench.window.sources.chosen.emit(CAMERA)
    assert streaming(bench).on == ()
    assert not bench.engine.sinks
    assert bench.window.panels.status.streaming.isHidden()
    assert not bench.window.commands["stream_copy"].isEnabled()


def test_a_websocket_from_the_menu(bench: Bench, qtbot: QtBot) -> None:
    commands, field = bench.window.commands, bench.window.panels.status.streaming
    switch(bench, "websocket", qtbot)
    assert commands["stream_websocket"].isChecked()
    assert field.isVisible()
    assert field.text() == "Streaming WebSocket"
    assert "nobody listens" in field.toolTip()
    assert "token=***" in field.toolTip(), "not on the screen, where everybody can read it"
    commands["stream_copy"].trigger()
    address = QGuiApplication.clipboard().text()
    assert address.startswith("ws://127.0.0.1:")
    with connect(address, proxy=None) as client:
        assert json.loads(client.recv(5))["type"] == "hello"
        qtbot.waitUntil(lambda: "1 receiver" in field.toolTip())
        assert "1 receiver" in commands["stream_websocket"].text()
        reading = make_reading()
        for sink in bench.engine.sinks:
            sink.reading(reading)
        message = json.loads(client.recv(5))
        assert message["frame"] == reading.frame.index
        assert message["faces"][0]["label"] in (reading.faces[0].label, "unsure")
    switch(bench, "websocket", qtbot, on=False)
    assert field.isHidden()
    assert commands["stream_websocket"].text() == "WebSocket"
    assert not commands["stream_copy"].isEnabled()
    qtbot.wait(800)
    with pytest.raises(OSError, match=r"."):
        connect(address, proxy=None)


def test_osc_asks_where_to_and_can_be_left(bench: Bench, qtbot: QtBot) -> None:
    window = bench.window

    def dialog() -> QInputDialog:
        found = [d for d in window.findChildren(QInputDialog) if d.isVisible()]
        assert len(found) == 1
        return found[0]

    window.commands["stream_osc"].trigger()
    dialog().reject()
    assert not window.commands["stream_osc"].isChecked()
    window.commands["stream_osc"].trigger()
    dialog().setTextValue("nowhere")
    dialog().accept()
    qtbot.waitUntil(lambda: any("HOST:PORT" in text for text in bench.notices()))
    assert not window.commands["stream_osc"].isChecked()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        place = f"127.0.0.1:{receiver.getsockname()[1]}"
        window.commands["stream_osc"].trigger()
        dialog().setTextValue(place)
        dialog().accept()
        qtbot.waitUntil(lambda: streaming(bench).on == ("osc",))
        assert place in window.panels.status.streaming.toolTip()
        for sink in bench.engine.sinks:
            sink.reading(make_reading())
        assert b"/ferdesk/face/1/expression" in receiver.recv(65536)


def test_it_is_remembered_only_if_told_so(build_bench: Callable[..., Bench], qtbot: QtBot) -> None:
    first = build_bench()
    first.window.sources.chosen.emit(CAMERA)
    switch(first, "websocket", qtbot)
    assert first.window.store.value.streams == ()
    first.window.commands["stream_remember"].trigger()
    assert first.window.store.value.streams == ("websocket",)
    first.window.close()
    second = build_bench()
    assert streaming(second).on == (), "not before a source may be opened"
    second.window.sources.chosen.emit(CAMERA)
    qtbot.waitUntil(lambda: streaming(second).on == ("websocket",))
    second.window.commands["stream_remember"].trigger()
    assert second.window.store.value.streams == ()


def test_markers_of_another_program_become_events(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    """A real stream of markers into a real session."""
    try:
        import pylsl
    except (ImportError, OSError, RuntimeError):
        pytest.skip("pylsl or its library is not installed")
    work = bench.window.session_work
    action = bench.window.commands["stream_markers"]
    work.markers.begin("it's")
    qtbot.waitUntil(lambda: any("name" in text for text in bench.notices()))
    assert not action.isChecked()
    folder = tmp_path / "session"
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("camera", ""))
    work.recording.recorder = recorder
    bench.engine.attach(recorder)
    recorder.frame(make_reading(captured_at=time.perf_counter()).frame)
    switch(bench, "websocket", qtbot)
    name = f"window markers {os.getpid()}"
    theirs = pylsl.StreamOutlet(pylsl.StreamInfo(name, "Markers", 1, 0, "string", name))
    work.markers.begin(name)
    qtbot.waitUntil(
        lambda: work.markers.inlet is not None and work.markers.inlet.connected, timeout=15_000
    )
    assert action.isChecked()
    assert name in action.text()
    with connect(streaming(bench)._outlets["websocket"].address, proxy=None) as client:
        client.recv(5)
        theirs.push_sample(["picture 1"])
        theirs.push_sample(["picture 2"])
        qtbot.wait(500)
        work.recording.mark("by key")
        assert json.loads(client.recv(5))["label"] == "by key"
    work.markers.end()
    work.recording.stop()
    qtbot.waitUntil(lambda: any("ession" in text for text in bench.notices()))
    with Session.open(folder) as session:
        events = {event.label: event.origin for event in session.store.events()}
    assert events == {"picture 1": Origin.LSL, "picture 2": Origin.LSL, "by key": Origin.KEY}
