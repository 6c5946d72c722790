"""From a coverage to the reliability below which a label reads "unsure"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferdesk.errors import FerdeskError

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card


def operating_point(card: Card, coverage: float) -> float:
    """The reliability below which a label reads "unsure"; 0 for a coverage of 1.

    FerdeskError when less is asked of a checkpoint that has no risk-coverage table.
    """
    if coverage == 1:
        return 0.0
    if card.risk_coverage is None:
        raise FerdeskError(
            f"The checkpoint '{card.name}' has no risk-coverage table, so --coverage cannot be "
            "used; run 'python -m trainer calibrate' on it first."
        )
    return card.risk_coverage.for_coverage(coverage).threshold
