"""Latest wins, overwrites counted, waiting wakes."""

import threading
import time

from ferdesk.pipeline.mailbox import Mailbox


def test_the_newest_value_is_taken_once_and_overwrites_are_counted() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.take() is None
    for value in (1, 2, 3):
        box.put(value)
    assert box.take() == 3
    assert box.take() is None
    assert box.dropped == 2
    box.clear()
    assert box.dropped == 0


def test_a_waiting_taker_gets_the_value_at_once() -> None:
    box: Mailbox[str] = Mailbox()
    threading.Timer(0.05, box.put, ["news"]).start()
    start = time.monotonic()
    assert box.take(timeout=10) == "news"
    assert time.monotonic() - start < 5


def test_wake_ends_a_wait_without_a_value() -> None:
    box: Mailbox[str] = Mailbox()
    threading.Timer(0.05, box.wake).start()
    start = time.monotonic()
    assert box.take(timeout=10) is None
    assert time.monotonic() - start < 5
