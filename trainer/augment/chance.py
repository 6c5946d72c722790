"""All chance of one batch, drawn at once from a CPU generator."""

from __future__ import annotations

import torch
from torch import Tensor

PARTS = (
    "place", "pose", "erase", "cover", "light", "shadow",
    "tint", "blur", "detail", "noise", "jpeg", "grey",
)  # fmt: skip
_DRAWS = 8
"""Numbers per picture and part; no part needs more."""


class Chance:
    """Uniform numbers in [0, 1) for every picture and part.

    Every part has numbers of its own whether it is on or off, so switching one off leaves the
    others as they were; a picture's numbers are consecutive, so they depend only on its place in
    the generator's sequence. They live on the CPU, where it can be decided without waiting for the
    device which pictures a part works on, and on the device, copied there once.
    """

    def __init__(self, n: int, device: torch.device, generator: torch.Generator) -> None:
        self._here = torch.rand((n, len(PARTS), _DRAWS), generator=generator)
        self._there = self._here.to(device, non_blocking=True)

    def of(self, part: str) -> tuple[Tensor, ...]:
        """Eight tensors of shape (B,) on the device."""
        return self._there[:, PARTS.index(part)].unbind(1)

    def chosen(self, part: str, probability: float, above: float = 0.0) -> Tensor:
        """Which pictures `part` works on: int64 on the device.

        Those whose first number is in [above, probability).
        """
        first = self._here[:, PARTS.index(part), 0]
        rows = ((first >= above) & (first < probability)).nonzero()[:, 0]
        return rows.to(self._there.device, non_blocking=True)


def spread(uniform: Tensor) -> Tensor:
    """[0, 1) → [-1, 1)."""
    return 2 * uniform - 1


def normal(uniform: Tensor) -> Tensor:
    """[0, 1) → standard normal, cut at ±2."""
    return (2**0.5 * torch.erfinv(2 * uniform - 1)).clamp(-2, 2)


def each(values: Tensor) -> Tensor:
    """(B,) → (B, 1, 1, 1)."""
    return values.view(-1, 1, 1, 1)
