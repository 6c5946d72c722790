"""Menus of devices, smoothing, faces and colour schemes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pytestqt.qtbot import QtBot

from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.window import option_menus as options
from tests.qt.conftest import Bench


def test_choices_in_menus_reach_engine_and_file(bench: Bench) -> None:
    menus = bench.window.menus.sub
    for title, text in (("Smoothing", "0.5 s"), ("Faces", "5"), ("Colour scheme", "Dark")):
        next(a for a in menus[title].actions() if a.text() == text).trigger()
    assert bench.engine.options.smoothing_seconds == 0.5
    assert bench.engine.options.max_faces == 5
    again = SettingsStore(bench.window.store.path).value
    assert (again.smoothing_seconds, again.max_faces, again.theme) == (0.5, 5, "dark")


@dataclass(frozen=True)
class Device:
    key: str
    name: str
    available: bool
    reason: str = ""


def test_devices_that_cannot_be_used_say_why(
    bench: Bench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = (
        Device("openvino", "OpenVINO (CPU)", True),
        Device("cuda", "CUDA", False, "no NVIDIA GPU was found"),
    )
    monkeypatch.setattr(options, "_devices", lambda: devices)
    menu = bench.window.menus.sub["Device"]
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: len(menu.actions()) == 3)
    automatic, openvino, cuda = menu.actions()
    assert automatic.isChecked()
    assert openvino.isEnabled()
    assert not cuda.isEnabled()
    assert "no NVIDIA GPU" in cuda.toolTip()
    openvino.trigger()
    assert bench.engine.options.device == "openvino"
