"""Freed memory really goes back to the system."""

from __future__ import annotations

import ctypes
import sys

import pytest

from ferdesk.memory import give_back, resident_mb


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc"
)
def test_what_was_freed_below_something_that_is_still_used_is_given_back() -> None:
    blocks = [bytes(1000) for _ in range(100_000)]
    last = blocks.pop()
    del blocks
    before = resident_mb()
    give_back()
    assert before - resident_mb() > 50
    assert len(last) == 1000
