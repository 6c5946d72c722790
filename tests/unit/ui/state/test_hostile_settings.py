"""Settings files that are broken, absurd, shared or out of reach: nothing vanishes, no litter."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from ferdesk.errors import FerdeskError
from ferdesk.ui.state.settings import Settings
from ferdesk.ui.state.settings_file import SettingsFile

NASTY: tuple[Any, ...] = (
    None, True, -1, 0, 2, 10**17, 1e300, -0.5, 0.5, "", "dark", "x" * 100_000, "a\nb\x00",
    "\udcff", [], ["\udcff", "b"], [1], ["x" * 9000] * 3, [[[]]], {}, {"a": [1]},
)  # fmt: skip
GOOD = {"theme": "dark", "coverage": 0.5, "recent_sources": ["sample", "/tmp/a.mp4"], "new": [1]}
ABSURD = (
    "[" * 100_000, '{"a":' * 100_000, '{"a": ' + "[" * 900 + "]" * 900 + "}",
    '{"coverage": NaN}', '{"coverage": 1e999}', '{"coverage": ' + "9" * 5000 + "}",
    '{"notice_accepted": ' + "9" * 400 + "}", '{"theme": "' + "x" * 2_000_000 + '"}',
    "null", "\ufeff{}", '{"theme": "dark",}',
)  # fmt: skip


def contents(seed: int) -> Iterator[bytes]:
    """At least a hundred files: every setting replaced, bits flipped, ends cut off, absurd ones."""
    draw = random.Random(12 + seed)
    for spec in fields(Settings):
        for value in draw.sample(NASTY, 4):
            yield json.dumps({**GOOD, spec.name: value}).encode()
    whole = json.dumps(GOOD).encode()
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        yield bytes(data)
    for _ in range(15):
        yield whole[: draw.randrange(len(whole))]
    for text in ABSURD:
        yield text.encode()


@pytest.mark.fuzz
def test_any_content_gives_settings_that_can_be_changed(tmp_path: Path, fuzz_rounds: range) -> None:
    tried = 0
    for content in (content for seed in fuzz_rounds for content in contents(seed)):
        path = tmp_path / str(tried) / "settings.json"
        path.parent.mkdir()
        path.write_bytes(content)
        file = SettingsFile(path)
        settings = file.read()
        assert "\n" not in file.complaint
        changed = replace(settings, mirror=not settings.mirror, recent_sources=("\udcff.mp4",))
        file.write(changed)
        assert SettingsFile(path).read() == changed
        kept = path.with_name("settings.json.bad")
        assert sorted(path.parent.iterdir()) in ([path], [path, kept])
        if kept.exists():
            assert kept.read_bytes() == content
        tried += 1
    assert tried >= 150


def test_two_windows_keep_each_others_changes(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    SettingsFile(path).write(Settings(show_mesh=True, show_pose=True))
    one, two = SettingsFile(path), SettingsFile(path)
    of_one, of_two = one.read(), two.read()
    one.write(of_one := replace(of_one, theme="dark", show_mesh=False))
    two.write(of_two := replace(of_two, max_faces=5))
    one.write(replace(of_one, mirror=False))
    two.write(replace(of_two, repeat_files=True))
    assert SettingsFile(path).read() == Settings(
        show_pose=True, theme="dark", max_faces=5, mirror=False, repeat_files=True
    )
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_removed_meanwhile_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(GOOD))
    file = SettingsFile(path)
    settings = file.read()
    path.unlink()
    file.write(replace(settings, mirror=False))
    assert SettingsFile(path).read() == replace(settings, mirror=False)
    assert json.loads(path.read_text())["new"] == [1]


def test_an_unusable_entry_goes_with_the_next_change(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({**GOOD, "max_faces": 7}))
    file = SettingsFile(path)
    file.write(replace(file.read(), mirror=False))
    again = SettingsFile(path)
    again.read()
    assert again.complaint == ""


def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    os.mkfifo(path)
    file = SettingsFile(path)
    assert file.read() == Settings()
    os.mkfifo(path)
    with pytest.raises(FerdeskError, match="not a file"):
        file.write(Settings(mirror=False))


def test_a_folder_that_cannot_be_made_gets_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file" / "config", tmp_path / ("x" * 300)):
        file = SettingsFile(folder / "settings.json")
        assert file.read() == Settings()
        with pytest.raises(FerdeskError) as refusal:
            file.write(Settings(mirror=False))
        assert "\n" not in str(refusal.value)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
