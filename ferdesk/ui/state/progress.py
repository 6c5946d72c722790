"""How far a command is, from the JSON lines that it writes with `--progress`."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """Of one command; times in seconds of any steady clock."""

    state: str = ""
    """What the command says of itself: loading, reading, done."""
    share: float = 0.0
    """0..1 of its frames are done."""
    started: float | None = None

    def hear(self, line: str, now: float) -> None:
        """One line of the command's output; what is not understood is left alone."""
        try:
            news = json.loads(line)
        except ValueError:
            return
        if not isinstance(news, dict):
            return
        self.state = str(news.get("state", self.state))
        if self.state == "reading" and self.started is None:
            self.started = now
        done, total = news.get("done"), news.get("total")
        if isinstance(done, int) and isinstance(total, int) and total > 0:
            self.share = min(done / total, 1.0)

    def seconds_left(self, now: float) -> float | None:
        """Estimated from what was done so far; None before there is anything to go by."""
        if self.started is None or self.share < 0.02:
            return None
        return (now - self.started) / self.share * (1.0 - self.share)
