"""Which numbers an option takes: written beside the field, checked when a configuration is made."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ferdesk.errors import FerdeskError

_INTERVAL: Final = re.compile(r"(0 or )?([\[(])([^,]+), ([^,]+)([\])])")
SEEDS: Final = "[0, 4294967295]"
THREADS: Final = "[1, 1024]"
"""A hundred thousand threads end the process."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers between two bounds, and 0 besides where `or_zero`; NaN and infinity never."""

    low: float
    high: float
    with_low: bool
    with_high: bool
    or_zero: bool = False

    @classmethod
    def parse(cls, text: str) -> Interval:
        """From mathematical notation: "[0, 1)", "(0, inf)", "0 or [16, 112]"."""
        found = _INTERVAL.fullmatch(text)
        if found is None:
            raise ValueError(f"'{text}' is no interval")
        zero, left, low, high, right = found.groups()
        return cls(float(low), float(high), left == "[", right == "]", zero is not None)

    def __contains__(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        above = value > self.low or (self.with_low and value == self.low)
        below = value < self.high or (self.with_high and value == self.high)
        return (above and below) or (self.or_zero and value == 0)

    def __str__(self) -> str:
        zero = "0 or " if self.or_zero else ""
        if self.with_low and self.with_high:
            return f"{zero}from {self.low:.10g} to {self.high:.10g}"
        low = f"{'at least' if self.with_low else 'more than'} {self.low:.10g}"
        if math.isinf(self.high):
            return f"{zero}{low}"
        return f"{zero}{low} and {'at most' if self.with_high else 'less than'} {self.high:.10g}"


def within(interval: str, default: Any) -> Any:
    """A dataclass field whose numbers, or all numbers of whose tuple, lie in `interval`."""
    return dataclasses.field(default=default, metadata={"interval": Interval.parse(interval)})


def check_number(option: str, value: float, interval: str) -> None:
    """FerdeskError, naming `option`, for a number outside `interval`."""
    _check(option, value, Interval.parse(interval))


def ranged(config: Any, prefix: str) -> Iterator[tuple[str, Any, Interval]]:
    """(name, value, interval) of the fields of a dataclass, and of those inside it, that have one.

    `prefix` stands before the names of the fields.
    """
    for spec in dataclasses.fields(config):
        value, name = getattr(config, spec.name), f"{prefix}{spec.name}"
        if dataclasses.is_dataclass(value):
            yield from ranged(value, f"{name}.")
        elif "interval" in spec.metadata:
            yield name, value, spec.metadata["interval"]


def check_ranges(config: Any, prefix: str) -> None:
    """FerdeskError for the first number of `ranged` that is outside its interval."""
    for option, value, interval in ranged(config, prefix):
        for number in value if isinstance(value, tuple) else (value,):
            if number is not None:
                _check(option, number, interval)


def _check(option: str, value: float, interval: Interval) -> None:
    if value not in interval:
        raise FerdeskError(f"{option} must be {interval}, not {value:.10g}.")
