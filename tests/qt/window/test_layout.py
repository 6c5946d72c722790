"""The division of the window."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.qt.conftest import Bench


def test_the_division_of_the_window_comes_back(build_bench: Callable[..., Bench]) -> None:
    first = build_bench()
    first.window.division.across.setSizes([600, 660])
    sizes = first.window.division.across.sizes()
    first.window.close()
    assert build_bench().window.division.across.sizes() == pytest.approx(sizes, abs=2)
