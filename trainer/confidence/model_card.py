"""MODEL_CARD.md from the card inside a checkpoint: the same facts, for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
* Fear and disgust are rare in the data: fear is often missed, and disgust may hardly ever be given;
  the recalls above say how often.
* Side views, hands before the face, very dark and very blurred pictures were rare in training.
"""
_MEASURED = """\
On the valid split (PublicTest of FER+), against the label most people gave, without pictures that
are also in the training part. Nothing was trained, chosen or fitted on it. A row that says held out
is about pictures kept from training.
"""
_NOT_CALIBRATED = "* The reported probabilities are not calibrated.\n"
_CALIBRATED = """\
* What is said of probability, reliability and abstaining holds for faces like those it was measured
  on. The rows under faults show where the reliability says too much: it cannot see that something
  covers the face.
"""


def _table(values: dict[str, Any]) -> str:
    rows = []
    for key, value in values.items():
        shown = f"{value:.4f}" if isinstance(value, float) else str(value)
        rows.append(f"| {key.replace('_', ' ')} | {shown} |")
    return "\n".join(["| | |", "|---|---|", *rows]) + "\n"


def _grid(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; fractions with three places."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        cells = [f"{v:.3f}" if isinstance(v, float) else str(v) for v in row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _records(head: dict[str, str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A grid of records; `head` maps their keys to titles."""
    return _grid(list(head.values()), ([row[key] for key in head] for row in rows))


_NEEDED = {
    "recall", "degradations", "diagram", "reliability_diagram", "reliability_features",
    "risk_coverage", "invariances",
}  # fmt: skip


def _confidence(card: Card, plot: str) -> str:
    """Everything `calibrate` has measured; "" for a card it has not seen."""
    t = card.tables
    if card.calibration is None or card.reliability is None or card.risk_coverage is None:
        return ""
    if not set(t) >= _NEEDED:
        return ""
    bins = {"from": "from", "share": "share of faces", "confidence": "stated", "accuracy": "right"}
    features = t["reliability_features"]
    parts = [
        "## Each expression\n",
        _grid(("expression", "recall"),
              ((DISPLAY_NAMES[name], value) for name, value in t["recall"].items())),
        "## Under faults\n",
        "One fault at a time, put on the aligned crops (`trainer/confidence/faults.py`). The "
        "reliability is of the faces the landmarker had found, and should equal the accuracy "
        "beside it.\n",
        _records({"pictures": "pictures", "accuracy": "accuracy",
                  "mean_class_accuracy": "mean class", "accuracy_of_found": "accuracy, face found",
                  "mean_reliability": "mean reliability"}, t["degradations"]),
        "## Calibration\n",
        f"Temperature {card.calibration.temperature:.3f}; a prediction set holds every expression "
        f"from {card.calibration.set_threshold:.3f} on. The probability of the label, in bins:\n",
        _records(bins, t["diagram"]),
        "## Reliability\n",
        "The chance that the label is right: a logistic regression. A feature joined when it saved "
        "cross-validated log loss and its weight had the sign it should have.\n",
        _grid(("feature", "log loss with it", "weight", "from", "to"),
              ((r["feature"], f"{r['log_loss']:.4f}", x.weight, x.low, x.high)
               for r, x in zip(features["joined"], card.reliability.terms, strict=True))),
        f"Left out, because they did not help: {', '.join(features['left_out'])}.\n",
        _records(bins, t["reliability_diagram"]),
        "## Abstaining\n",
        "Promised by cross-validation on held-out training pictures, "
        "measured on the valid split.\n",
        _grid(("reliability from", "promised: answered", "wrong", "measured: answered", "wrong"),
              ((a.threshold, a.coverage, a.error, b["coverage"], b["error"])
               for a, b in zip(card.risk_coverage.rows, t["risk_coverage"], strict=True))),
    ]  # fmt: skip
    if plot:
        parts.append(f"![Reliability diagram and risk-coverage curve]({plot})\n")
    parts += [
        "## One smile, seven times\n",
        "`assets/portrait.png`, a broad smile: the label and the probability of happiness.\n",
        _records({"picture": "picture", "label": "label", "happiness": "happiness"},
                 t["invariances"]),
    ]  # fmt: skip
    return "\n".join(parts)


def render(card: Card, filename: str, plot: str = "") -> str:
    """Markdown; `plot` is the name of a picture beside it, if there is one.

    Nothing in it depends on the time or the machine it is rendered on.
    """
    architecture = card.architecture
    labels = ", ".join(DISPLAY_NAMES[name] for name in card.labels)
    confidence = _confidence(card, plot)
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

{_MEASURED if confidence else ""}
{_table(card.metrics)}
{confidence}
## Training

{_table(card.training)}
{_USE}
{_LIMITS}{_CALIBRATED if confidence else _NOT_CALIBRATED}
{card.notes}
""".rstrip()
        + "\n"
    )
