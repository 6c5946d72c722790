"""What `record` and `stream` refuse before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferdesk import cli

COMMANDS = (("record", "sample", "--out", "sessions"), ("stream", "sample", "--lsl"))
REFUSED = {
    ("--max-faces", "11"): "--max-faces must be between 1 and 10, not 11.",
    ("--max-faces", "0"): "--max-faces must be between 1 and 10, not 0.",
    ("--smoothing", "-1"): "--smoothing must be 0 to 60 seconds, not -1.",
    ("--smoothing", "nan"): "--smoothing must be 0 to 60 seconds, not nan.",
    ("--seconds", "0"): "--seconds must be more than 0, not 0.",
    ("--seconds", "nan"): "--seconds must be more than 0, not nan.",
    ("--neutral", "-1"): "--neutral must be 0 or more seconds, not -1.",
    ("--neutral", "inf"): "--neutral must be 0 or more seconds, not inf.",
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("option", REFUSED, ids="=".join)
def test_meaningless_value_gets_one_sentence(
    command: tuple[str, ...],
    option: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run([*command, *option]) == 2
    assert capfd.readouterr().err == f"ferdesk: {REFUSED[option]}\n"
    assert not (tmp_path / "sessions").exists()
