"""Several runs at a time on one machine or GPU, each in a process of its own.

What a run held on the GPU is free when it ends, and one that is killed takes no other with it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal, Protocol

from ferdesk.errors import FerdeskError
from trainer.config import TrainConfig

log = logging.getLogger(__name__)

_SPAWN = multiprocessing.get_context("spawn")
"""A fork would inherit threads and a GPU context that do not survive it."""


class Work(Protocol):
    """What such a process does. It is pickled: a function of a module, or a partial of one."""

    def __call__(self, config: TrainConfig, run: Path, *, label: str) -> None:
        """Train one run, which `label` names in everything it says."""


@dataclass(frozen=True, slots=True)
class _Ending:
    state: Literal["done", "stopped", "failed"]
    reason: str = ""


class SideBySide:
    """Called from as many threads, it trains as many runs at a time."""

    def __init__(self, number: int, out: Path, work: Work) -> None:
        """Runs are called by their folder below `out`.

        Raises FerdeskError for less than one run at a time.
        """
        if number < 1:
            raise FerdeskError(f"{number} runs at a time train nothing; give --jobs 1 or more.")
        self.number = number
        self._out, self._work = out, work
        self._running: set[BaseProcess] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def __call__(self, config: TrainConfig, run: Path) -> None:
        """Train in a process of its own, until it ends.

        Raises FerdeskError with its reason when it failed, KeyboardInterrupt when it was stopped.
        """
        label = run.relative_to(self._out).as_posix()
        result, sender = _SPAWN.Pipe(duplex=False)
        process = _SPAWN.Process(target=_child, args=(self._work, config, run, label, sender))
        with self._lock:
            if self._stopped:
                raise KeyboardInterrupt
            process.start()
            self._running.add(process)
        sender.close()
        try:
            ending: _Ending | None = result.recv()
        except EOFError:
            ending = None
        process.join()
        with self._lock:
            self._running.discard(process)
            stopped = self._stopped
        if ending is None and not stopped:
            code = process.exitcode or 0
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise FerdeskError(
                f"Its process ended with {how}; where the lines above do not say why, "
                "memory may have run out: give fewer --jobs."
            )
        if ending is None or ending.state == "stopped":
            raise KeyboardInterrupt
        if ending.state == "failed":
            raise FerdeskError(ending.reason)

    def stop(self) -> None:
        """Have every run save its state and end; once only, and none starts after it."""
        with self._lock:
            if not self._stopped:
                self._stopped = True
                for process in self._running:
                    process.terminate()


def _child(work: Work, config: TrainConfig, run: Path, label: str, result: Connection) -> None:
    # Ctrl-C on the terminal reaches the first process alone, which passes it on once.
    if sys.platform != "win32":
        os.setsid()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s {label}: %(message)s", datefmt="%H:%M:%S"
    )
    try:
        work(config, run, label=label)
        ending = _Ending("done")
    except KeyboardInterrupt:
        ending = _Ending("stopped")
    except FerdeskError as error:
        ending = _Ending("failed", str(error))
    except (RuntimeError, OSError, MemoryError) as error:
        log.exception("failed")
        ending = _Ending("failed", f"{type(error).__name__}: {error}")
    result.send(ending)


def _end_with_parent() -> None:
    """Two processes must never train one run: a killed grid takes its runs with it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
