"""The plot beside MODEL_CARD.md: are the probabilities true, and what does abstaining gain?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ferdesk.files import replacing
from ferdesk.model.checkpoint import Card

_SIZE = (9.0, 4.0)
_LEAST = 0.01
"""Share of the faces below which a bin says nothing."""
_SETTINGS: dict[Any, Any] = {
    # Words stay words and ids do not change, so the same card always gives the same file.
    "svg.fonttype": "none",
    "svg.hashsalt": "ferdesk",
    "font.family": "sans-serif",
    "font.size": 10,
}


def write_plot(card: Card, path: Path) -> bool:
    """An SVG of both diagrams; False, and no file, for a card that was not calibrated."""
    tables = card.tables
    if card.risk_coverage is None or not {"diagram", "risk_coverage"} <= set(tables):
        return False
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=_SIZE, layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--")
        for key, name, marker in (
            ("diagram", "probability", "o"),
            ("reliability_diagram", "reliability", "s"),
        ):
            bins = [b for b in tables[key] if b["share"] >= _LEAST]
            stated = [b["confidence"] for b in bins]
            left.plot(stated, [b["accuracy"] for b in bins], marker=marker, label=name)
        left.set(
            title="Is the stated probability true?", xlabel="stated", ylabel="share that is right"
        )
        left.set(xlim=(0, 1), ylim=(0, 1))
        left.legend()
        rows = card.risk_coverage.rows
        right.plot(
            [r.coverage for r in rows],
            [r.error if r.at_most is None else r.at_most for r in rows],
            marker="o",
            label="promised: at most",
        )
        measured = tables["risk_coverage"]
        right.plot(
            [r["coverage"] for r in measured], [r["error"] for r in measured],
            marker="s", label="measured",
        )  # fmt: skip
        right.set(
            title="Fewer errors by abstaining",
            xlabel="share of faces labelled",
            ylabel="share wrong",
        )
        right.set(xlim=(0, 1), ylim=(0, None))
        right.legend()
        with replacing(path) as file:
            figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return True
