"""The comparison as a table for people."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.rivals.figures import ClipFigures, Figures, Score

_NAME = 36
_COLUMN = 17


def hardware(threads: int) -> dict[str, str]:
    """The machine and the day, for the report."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [li for li in info.read_text().splitlines() if li.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "threads": str(threads),
        "load": load,
        "date": datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    }


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:{_NAME}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells) + "\n"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _factor(value: float) -> str:
    return f"{value:.2f} x"


def _scores(columns: Sequence[Figures], pick: Callable[[Figures], Score | None]) -> str:
    found = [score for column in columns if (score := pick(column)) is not None]
    return _row("  accuracy", [_percent(s.accuracy) for s in found]) + _row(
        "  mean-class accuracy", [_percent(s.mean_class_accuracy) for s in found]
    )


def _clip(columns: Sequence[Figures], number: int) -> str:
    clips: list[ClipFigures] = [column.clips[number] for column in columns]
    return (
        f"Every frame of the clip: {clips[0].clip}, {clips[0].frames} frames\n"
        + _row("  ms per frame, detector and network", [f"{c.ms:.1f}" for c in clips])
        + _row("  ours is so many times as fast", [_factor(c.times_as_fast) for c in clips])
        + _row("  frames without a face", [str(c.without_face) for c in clips])
        + _row("  label flips per second", [_rate(c.flips_per_second) for c in clips])
        + _row("  the same, smoothed as in the app", [
            _rate(c.smoothed_flips_per_second) for c in clips
        ])
    )  # fmt: skip


def table(results: Sequence[Figures], data: str, machine: dict[str, str]) -> str:
    """All figures; a contestant that failed is one sentence at the end."""
    columns = [r for r in results if not r.failure]
    text = (
        f"{data}: {columns[0].pictures} pictures, the crowd's plurality, duplicates of training "
        f"pictures left out.\n{machine['processor']}; {machine['system']}; {machine['date']}; "
        f"threads each: {machine['threads']}; load at the start: {machine['load']}.\n"
        "Everything below was measured in this run. Times are medians; ratios are medians over "
        "the rounds.\n\n"
    )
    text += _row("", [c.title for c in columns])
    text += "Network on the whole picture, no detector\n"
    text += _scores(columns, lambda c: c.whole)
    text += _row("  ms per face", [f"{c.ms:.2f}" for c in columns])
    text += _row("  ours is so many times as fast", [_factor(c.times_as_fast) for c in columns])
    text += "Own detector on the enlarged picture; a missed face counts as wrong\n"
    text += _row("  faces missed", [str(c.missed) for c in columns])
    text += _scores(columns, lambda c: c.detected)
    text += "Own detector, and the whole picture where it finds no face\n"
    text += _scores(columns, lambda c: c.mixed)
    for number in range(len(columns[0].clips)):
        text += _clip(columns, number)
    text += "\n"
    for column in columns:
        versions = ", ".join(f"{name} {value}" for name, value in column.versions.items())
        text += f"{column.title}: {versions}\n"
    for failed in results:
        if failed.failure:
            text += f"{failed.title} is not in the table: {failed.failure}\n"
    return text
