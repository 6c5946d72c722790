"""One readable file, written at once, and never a reason not to start."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ferdesk.ui.dialogs.preferences import PreferencesDialog
from ferdesk.ui.state.settings import Settings, SettingsStore, parse, remembered
from tests.qt.conftest import Bench


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def test_only_what_differs_is_written(path: Path) -> None:
    store = SettingsStore(path)
    store.update(theme="dark", smoothing_seconds=0.5, recent_sources=("a", "b"))
    assert json.loads(path.read_text()) == {
        "theme": "dark",
        "smoothing_seconds": 0.5,
        "recent_sources": ["a", "b"],
    }
    store.update(theme="system")
    assert "theme" not in json.loads(path.read_text())


def test_round_trip_of_every_setting(path: Path) -> None:
    changed = {}
    for spec in fields(Settings):
        default = getattr(Settings(), spec.name)
        choices = spec.metadata.get("choices")
        if choices:
            changed[spec.name] = next(value for value in choices if value != default)
        elif isinstance(default, bool):
            changed[spec.name] = not default
        elif isinstance(default, tuple):
            changed[spec.name] = ("x", "y")
        elif isinstance(default, int):
            changed[spec.name] = default + 1
        elif isinstance(default, float):
            changed[spec.name] = default / 2
        else:
            changed[spec.name] = default + "…"
    SettingsStore(path).update(**changed)
    assert SettingsStore(path).value == replace(Settings(), **changed)


def test_listeners_hear_old_and_new(path: Path) -> None:
    store = SettingsStore(path)
    heard = []
    store.changed.connect(lambda old, new: heard.append((old.mirror, new.mirror)))
    store.update(mirror=False)
    store.update(mirror=False)
    assert heard == [(True, False)]


@pytest.mark.parametrize("text", ["{", "[1, 2]", "", "\x00\x01", '"theme"'])
def test_an_unreadable_file_is_kept_aside(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    store = SettingsStore(path)
    assert store.value == Settings()
    assert path.with_name("settings.json.bad").read_text() == text
    assert "settings.json.bad" in store.complaint
    assert store.complaint.endswith(".")
    store.update(mirror=False)
    assert not SettingsStore(path).value.mirror


def test_bytes_that_are_no_text_are_kept_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe\x00junk")
    assert SettingsStore(path).value == Settings()


def test_unusable_values_fall_back_one_by_one(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(
        json.dumps({"theme": "pink", "max_faces": "2", "mirror": 1, "timeline_seconds": 60})
    )
    store = SettingsStore(path)
    assert store.value == replace(Settings(), timeline_seconds=60)
    for name in ("theme", "max_faces", "mirror"):
        assert name in store.complaint


def test_settings_of_a_newer_version_are_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"from_the_future": {"a": 1}}')
    store = SettingsStore(path)
    assert store.complaint == ""
    store.update(mirror=False)
    assert json.loads(path.read_text())["from_the_future"] == {"a": 1}


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


def test_recents_are_unique_and_bounded() -> None:
    recent: tuple[str, ...] = ()
    for index in [*range(15), 12]:
        recent = remembered(recent, str(index))
    assert recent[0] == "12"
    assert len(recent) == len(set(recent)) == 10


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


def test_preferences_apply_at_once_and_follow(bench: Bench) -> None:
    dialog = PreferencesDialog(bench.window.store, bench.window)
    listed = {spec.name for spec in fields(Settings) if "text" in spec.metadata}
    assert set(dialog.editors) == listed
    dialog.editors["show_mesh"].setChecked(True)  # type: ignore[union-attr]
    assert bench.video.options.mesh
    assert bench.window.commands["show_mesh"].isChecked()
    bench.window.store.update(smoothing_seconds=1.0)
    assert dialog.editors["smoothing_seconds"].currentText() == "1 s"  # type: ignore[union-attr]
    assert bench.engine.options.smoothing_seconds == 1.0
    dialog._restore()
    assert not bench.video.options.mesh
    dialog.close()


def test_choices_in_menus_reach_engine_and_file(bench: Bench) -> None:
    menus = bench.window.menus.sub
    for title, text in (("Smoothing", "0.5 s"), ("Faces", "5"), ("Colour scheme", "Dark")):
        next(a for a in menus[title].actions() if a.text() == text).trigger()
    assert bench.engine.options.smoothing_seconds == 0.5
    assert bench.engine.options.max_faces == 5
    again = SettingsStore(bench.window.store.path).value
    assert (again.smoothing_seconds, again.max_faces, again.theme) == (0.5, 5, "dark")


def test_the_division_of_the_window_comes_back(build_bench: Callable[..., Bench]) -> None:
    first = build_bench()
    first.window.division.across.setSizes([600, 660])
    sizes = first.window.division.across.sizes()
    first.window.close()
    assert build_bench().window.division.across.sizes() == pytest.approx(sizes, abs=2)


def test_passwords_of_earlier_versions_are_dropped() -> None:
    settings, refused = parse({"recent_sources": ["rtsp://me:secret@cam/1", "/a/b.mp4"]})
    assert settings.recent_sources == ("rtsp://me:***@cam/1", "/a/b.mp4")
    assert not refused
