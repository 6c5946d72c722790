"""Small errands off the GUI thread: reading a card, listing cameras, asking for devices."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from ferdesk.errors import FerdeskError

log = logging.getLogger(__name__)

T = TypeVar("T")


class Jobs(QObject):
    """Runs functions on daemon threads and hands results back on the thread that owns it.

    Daemon threads rather than a thread pool: a camera driver that hangs must not keep the process
    alive. A job whose `owner` was destroyed in the meantime is forgotten.
    """

    _finished = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[int, tuple[Callable[[Any], None], Callable[[FerdeskError], None]]] = {}
        self._numbers = itertools.count()
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[FerdeskError], None],
        owner: QObject | None = None,
    ) -> None:
        """Call `work` elsewhere, then `done(result)` or `failed(error)` here.

        An exception that is no FerdeskError is logged with its traceback and handed on as one.
        """
        number = next(self._numbers)
        self._waiting[number] = (done, failed)
        if owner is not None:
            owner.destroyed.connect(lambda *_: self._waiting.pop(number, None))
        threading.Thread(
            target=self._work, args=(number, work), name=f"ferdesk-job-{number}", daemon=True
        ).start()

    def _work(self, number: int, work: Callable[[], Any]) -> None:
        result: Any = None
        problem: FerdeskError | None = None
        try:
            result = work()
        except FerdeskError as error:
            problem = error
        except Exception as error:
            log.exception("a background job failed")
            problem = FerdeskError(f"Something unexpected went wrong: {error}.")
        try:
            self._finished.emit(number, result, problem)
        except RuntimeError:
            log.debug("job %d ended after the window was gone", number)

    @Slot(int, object, object)
    def _deliver(self, number: int, result: Any, problem: FerdeskError | None) -> None:
        done, failed = self._waiting.pop(number, (None, None))
        if problem is not None:
            if failed is not None:
                failed(problem)
        elif done is not None:
            done(result)
