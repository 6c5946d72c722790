"""Seconds for people."""

from __future__ import annotations


def clock(seconds: float, *, tenths: bool = False) -> str:
    """`1:02:03`, `2:03`, or `2:03.4` with tenths."""
    seconds = max(0.0, seconds)
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    text = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    text += f":{whole % 60:02d}"
    return f"{text}.{int(seconds * 10 + 1e-6) % 10}" if tenths else text


def length(seconds: float) -> str:
    """`12.4 s`, `3 min 05 s`."""
    whole = int(seconds)
    return f"{seconds:.1f} s" if seconds < 60 else f"{whole // 60} min {whole % 60:02d} s"
