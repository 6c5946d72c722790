"""Commands that install things; what they print goes to a file."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ferdesk.errors import FerdeskError

Runner = Callable[[Sequence[str], Path], int]
"""Runs a command, its output appended to a file; returns the exit status."""


def run_logged(command: Sequence[str], output: Path, environment: Mapping[str, str]) -> int:
    """With its last argument bound, the `Runner` that really runs.

    `environment` is that of before `prepare_environment`, which sends https nowhere.
    """
    with output.open("a", encoding="utf-8") as file:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False,
            env=environment,
        ).returncode  # fmt: skip


def last_line(path: Path) -> str:
    """The last line with anything on it, or "no output"."""
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "no output")


def install(title: str, command: Sequence[str], output: Path, run: Runner) -> None:
    """One step of the installation of `title`. Raises FerdeskError when it fails."""
    try:
        status = run(command, output)
    except OSError as error:
        raise FerdeskError(f"{title} could not be installed: {error}.") from error
    if status:
        raise FerdeskError(
            f"{title} could not be installed ({last_line(output)}); the whole output is in "
            f"'{output}'."
        )
