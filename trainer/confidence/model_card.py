"""MODEL_CARD.md from the card inside a checkpoint: the same facts, for people."""

from __future__ import annotations

from collections import defaultdict

from ferdesk.model.checkpoint import Card
from ferdesk.model.labels import DISPLAY_NAMES
from ferdesk.templates import render as render_template
from trainer.confidence.strange import PER_KIND

_NEEDED = {
    "recall", "degradations", "diagram", "reliability_diagram", "reliability_features",
    "risk_coverage", "invariances",
}  # fmt: skip
_TITLES = {
    "macro_f1": "macro F1",
    "accuracy_of_p": "accuracy of the first guess (p) alone",
    "ece": "calibration error (ECE)",
    "ece_before_calibration": "calibration error (ECE) before calibration",
    "brier": "Brier score",
    "brier_before_calibration": "Brier score before calibration",
    "set_coverage": "prediction sets that hold the right expression",
    "set_size": "expressions per prediction set",
    "reliability_ece": "calibration error (ECE) of the reliability",
    "auroc_reliability": "AUROC, right or wrong by reliability",
    "auroc_winner": "AUROC by probability of the label",
    "auroc_c_t": "AUROC by confidence c_t",
    "auroc_degraded_reliability": "under faults: AUROC by reliability",
    "auroc_degraded_winner": "under faults: AUROC by probability of the label",
    "auroc_degraded_c_t": "under faults: AUROC by confidence c_t",
}
"""What the card calls its metrics → what people call them."""


def render(card: Card, filename: str, plot: str = "") -> str:
    """Markdown; `plot` is the name of a picture beside it, if there is one.

    A checkpoint that `calibrate` has not seen gets a card without what it would have measured.
    Nothing in it depends on the time or the machine it is rendered on.
    """
    tables, reliability, risk = card.tables, card.reliability, card.risk_coverage
    parts = {}
    calibrated = card.calibration is not None and set(tables) >= _NEEDED
    if calibrated and reliability is not None and risk is not None:
        joined = tables["reliability_features"]["joined"]
        parts = {
            "terms": list(zip(joined, reliability.terms, strict=True)),
            "abstaining": list(zip(risk.rows, tables["risk_coverage"], strict=True)),
        }
    return render_template(
        "trainer/confidence/model_card.md.j2",
        card=card,
        filename=filename,
        plot=plot,
        per_kind=PER_KIND,
        names=DISPLAY_NAMES,
        titles=defaultdict(str, _TITLES),
        calibrated=bool(parts),
        **parts,
    )
