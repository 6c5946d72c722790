"""How many threads each library may start: the one place where cores are shared out."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ThreadBudget:
    """Threads for one process. MediaPipe takes one of its own, whatever is set."""

    model: int
    """OpenVINO or torch."""
    opencv: int


def thread_budget(cores: int | None = None) -> ThreadBudget:
    """The budget for this machine.

    Landmarks and network run one after the other on the analysis thread, so the network may use
    what the landmarker leaves idle; beyond four threads one face gains nothing. OpenCV's calls are
    too small to be worth threads.
    """
    cores = cores or os.cpu_count() or 1
    return ThreadBudget(model=max(1, min(4, cores)), opencv=1)
