"""MODEL_CARD.md from the card inside a checkpoint: the same facts, for people."""

from __future__ import annotations

from typing import Any

from ferdesk.model.checkpoint import Card
from ferdesk.model.labels import DISPLAY_NAMES

_USE = """\
## Intended use

Research on facial expressions, usability studies with informed participants, and teaching. The
network describes what a face looks like in one picture; it does not know what the person feels.

It must not be used to decide about people, to watch them without their knowledge, or to infer
emotions at work or in education (forbidden in the EU by Art. 5(1)(f) of Regulation 2024/1689).
"""

_LIMITS = """\
## Limits

* Trained on 48×48 grey web pictures labelled by ten people each, most of them adults and many of
  them posing. Groups that are rare there will be read worse; this was not measured per group.
* Fear and disgust are rare in the data and are often missed.
* Side views, hands before the face, very dark and very blurred pictures were rare in training.
* The reported probabilities are not calibrated yet.
"""


def _table(values: dict[str, Any]) -> str:
    rows = []
    for key, value in values.items():
        shown = f"{value:.4f}" if isinstance(value, float) else str(value)
        rows.append(f"| {key.replace('_', ' ')} | {shown} |")
    return "\n".join(["| | |", "|---|---|", *rows]) + "\n"


def render(card: Card, filename: str) -> str:
    """Markdown. Nothing in it depends on the time or the machine it is rendered on."""
    architecture = card.architecture
    labels = ", ".join(DISPLAY_NAMES[name] for name in card.labels)
    return (
        f"""\
# {card.name}

`{filename}`, created {card.created}. Architecture `{architecture.name}`: image stream
{architecture.image_backbone}, landmark stream {architecture.landmark_backbone} (frozen), \
{architecture.scales} scale DWMCA, APCL with {architecture.anchors_per_class} anchors a class.

Input: {card.preprocessing.size}×{card.preprocessing.size} RGB crops aligned by landmarks\
{", used as grey" if card.preprocessing.grayscale else ""}. Output: {labels}.

Licence: {card.licence}

Method: {card.citation}.

## Measured

{_table(card.metrics)}
## Training

{_table(card.training)}
{_USE}
{_LIMITS}
{card.notes}
""".rstrip()
        + "\n"
    )
