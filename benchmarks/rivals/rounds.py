"""Everyone on the same pictures in turn, so that a machine that slows down slows all alike."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.rivals.answers import Answer, Contestant, Task
from ferdesk.errors import FerdeskError

log = logging.getLogger(__name__)

_WARM_UP = 4


@dataclass(slots=True)
class Record:
    """What one contestant answered, or why it has no answers."""

    title: str
    versions: dict[str, str] = field(default_factory=dict)
    rounds: dict[Task, list[list[Answer]]] = field(default_factory=dict)
    """The answers of each round; put together they are in the order of the task's pictures."""
    failure: str = ""
    """One sentence; what was answered before counts for nothing then."""

    def answers(self, task: Task) -> list[Answer]:
        """All rounds together."""
        return [answer for part in self.rounds[task] for answer in part]


def share(count: int, rounds: int) -> list[tuple[int, int]]:
    """(first, last) of each round: all parts as equal as can be, none empty."""
    rounds = min(rounds, count)
    edges = [count * i // rounds for i in range(rounds + 1)]
    return list(itertools.pairwise(edges))


def compare(contestants: Sequence[Contestant], tasks: Sequence[Task], rounds: int) -> list[Record]:
    """Every contestant on every task, `rounds` times a part of it; who begins changes.

    A contestant that fails is left out from there on and its record says why.
    """
    records = [Record(c.title, c.versions, {task: [] for task in tasks}) for c in contestants]

    def ask(i: int, task: Task, first: int, last: int) -> list[Answer]:
        if records[i].failure:
            return []
        try:
            return contestants[i].answer(task, first, last)
        except FerdeskError as error:
            records[i].failure = str(error)
            log.warning("%s", error)
            return []

    for task in tasks:
        for i in range(len(contestants)):
            ask(i, task, 0, min(_WARM_UP, task.count))
    for contestant in contestants:
        contestant.reset()
    parts = {task: share(task.count, rounds) for task in tasks}
    for number in range(rounds):
        for task in tasks:
            if number >= len(parts[task]):
                continue
            first, last = parts[task][number]
            for step in range(len(contestants)):
                i = (number + step) % len(contestants)
                records[i].rounds[task].append(ask(i, task, first, last))
        log.info("round %d of %d", number + 1, rounds)
    return records
