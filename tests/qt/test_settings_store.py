"""Every change is written at once and told to everyone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ferdesk.ui.settings_store import SettingsStore
from tests.qt.conftest import Bench


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def test_listeners_hear_old_and_new(path: Path) -> None:
    store = SettingsStore(path)
    heard = []
    store.changed.connect(lambda old, new: heard.append((old.mirror, new.mirror)))
    store.update(mirror=False)
    store.update(mirror=False)
    assert heard == [(True, False)]


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    store = SettingsStore(blocked / "settings.json")
    told: list[str] = []
    store.problem.connect(told.append)
    store.update(mirror=False)
    store.update(mirror=True)
    assert len(told) == 1
    assert store.value.mirror


def test_the_window_says_that_the_file_was_bad(
    build_bench: Callable[..., Bench], qtbot: QtBot
) -> None:
    path = SettingsStore().path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("not json")
    bench = build_bench(untouched=True)
    bench.window.begin("sample")
    qtbot.waitUntil(lambda: any("settings.json.bad" in text for text in bench.notices()))
    bench.run()
