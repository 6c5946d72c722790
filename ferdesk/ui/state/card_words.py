"""What a checkpoint is, in words for somebody who wants to know whether to use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ferdesk.model.labels import DISPLAY_NAMES
from ferdesk.ui.state.verdict import WEAK, recalls

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card

_DATA: Final = {
    "ferplus": "FER+: small grey pictures from the web, labelled by ten people each",
    "fer2013": "FER2013: small grey pictures from the web",
    "rafdb": "RAF-DB: colour pictures from the web, labelled by forty people each",
    "synthetic": "generated faces, for tests",
}
"""Names of data sets as the trainer writes them."""


def describe(card: Card) -> list[tuple[str, str]]:
    """(title, text) rows: what it was trained on, how good it is, what it may be used for.

    What the card does not say is named as missing where it matters.
    """
    grey = "Grey pictures" if card.preprocessing.grayscale else "Colour pictures"
    size = card.preprocessing.size
    rows = [
        ("Trained on", _data(card.training)),
        ("How good", _accuracy(card.metrics)),
        ("Per expression", _expressions(recalls(card))),
        ("Reliability", _reliability(card)),
        ("Looks at", f"{grey} of the face, {size}×{size} pixels"),
        ("May be used for", card.licence or "not stated"),
        ("Method", card.citation),
        ("Notes", card.notes),
        ("Made on", card.created),
    ]
    return [(title, text) for title, text in rows if text]


def _data(training: Mapping[str, Any]) -> str:
    name = training.get("data")
    if not isinstance(name, str) or not name:
        return "not stated"
    text = _DATA.get(name, name)
    count = training.get("training_pictures")
    return f"{text} ({count:,} pictures)" if isinstance(count, int) else text


def _accuracy(metrics: Mapping[str, float]) -> str:
    accuracy, pictures = metrics.get("accuracy"), metrics.get("pictures")
    if accuracy is None:
        return "not measured"
    faces = "faces that it was not trained on"
    of = f" (measured on {pictures:,.0f} pictures)" if pictures is not None else ""
    return f"{accuracy * 100:.0f} of 100 {faces} get the right label{of}"


def _expressions(found: Mapping[str, float]) -> str:
    """The best first; the weak ones are called so."""
    if not found:
        return "not measured"
    ordered = sorted(found.items(), key=lambda item: -item[1])
    lines = [
        f"{'weak on ' if share < WEAK else ''}{DISPLAY_NAMES[name]}: {share * 100:.0f} of 100 found"
        for name, share in ordered
    ]
    return "\n".join(line[0].upper() + line[1:] for line in lines)


def _reliability(card: Card) -> str:
    if card.reliability is None:
        return "Not measured: every face gets a label, and nothing says how far to trust it"
    if card.risk_coverage is None:
        return "Stated for every label"
    return "Stated for every label; the slider chooses below which labels read Unsure"
