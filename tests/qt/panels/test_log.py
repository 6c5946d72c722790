"""The log drawer."""

from __future__ import annotations

import logging
import threading

from ferdesk.ui.panels.log import LogBuffer
from tests.qt.conftest import Bench


def test_the_log_is_bounded_and_takes_every_thread() -> None:
    buffer = LogBuffer(limit=500)
    logger = logging.Logger("test", logging.DEBUG)
    logger.addHandler(buffer)

    def write() -> None:
        for index in range(400):
            logger.warning("line %d of %s", index, threading.current_thread().name)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    number, lines = buffer.since(0, logging.DEBUG)
    assert number == 1600
    assert len(lines) == 500
    logger.error("last")
    assert buffer.since(number, logging.ERROR)[1][0].endswith("last")


def test_the_log_drawer_shows_what_was_logged(bench: Bench) -> None:
    bench.window.commands["show_log"].trigger()
    logging.getLogger("ferdesk.somewhere").warning("the drawer shows this")
    bench.window.live.refresh_status()
    assert "the drawer shows this" in bench.window.panels.log.view.toPlainText()
