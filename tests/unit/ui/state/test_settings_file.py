"""One readable file, and never a reason not to start."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from ferdesk.ui.state.settings import Settings
from ferdesk.ui.state.settings_file import SettingsFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def test_only_what_differs_is_written(path: Path) -> None:
    file = SettingsFile(path)
    chosen = Settings(theme="dark", smoothing_seconds=0.5, recent_sources=("a", "b"))
    file.write(chosen)
    assert json.loads(path.read_text()) == {
        "theme": "dark",
        "smoothing_seconds": 0.5,
        "recent_sources": ["a", "b"],
    }
    file.write(replace(chosen, theme="system"))
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
    SettingsFile(path).write(replace(Settings(), **changed))
    assert SettingsFile(path).read() == replace(Settings(), **changed)


@pytest.mark.parametrize("text", ["{", "[1, 2]", "", "\x00\x01", '"theme"'])
def test_an_unreadable_file_is_kept_aside(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    file = SettingsFile(path)
    assert file.read() == Settings()
    assert path.with_name("settings.json.bad").read_text() == text
    assert "settings.json.bad" in file.complaint
    assert file.complaint.endswith(".")
    file.write(Settings(mirror=False))
    assert not SettingsFile(path).read().mirror


def test_bytes_that_are_no_text_are_kept_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe\x00junk")
    assert SettingsFile(path).read() == Settings()


def test_unusable_values_fall_back_one_by_one(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(
        json.dumps({"theme": "pink", "max_faces": "2", "mirror": 1, "timeline_seconds": 60})
    )
    file = SettingsFile(path)
    assert file.read() == replace(Settings(), timeline_seconds=60)
    for name in ("theme", "max_faces", "mirror"):
        assert name in file.complaint


def test_settings_of_a_newer_version_are_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"from_the_future": {"a": 1}}')
    file = SettingsFile(path)
    settings = file.read()
    assert file.complaint == ""
    file.write(replace(settings, mirror=False))
    assert json.loads(path.read_text())["from_the_future"] == {"a": 1}
