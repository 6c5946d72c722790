"""What a reader returns: one picture on disk and what is known about its label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Split = Literal["train", "valid", "test"]


@dataclass(frozen=True, slots=True)
class Example:
    """One picture before it is packed."""

    path: Path
    split: Split
    target: tuple[float, ...]
    """Seven probabilities in the order of ``labels.EXPRESSIONS``; one-hot for hard labels."""
