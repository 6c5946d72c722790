"""The sections about the measured pictures: which answers are right, and how sure they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS
from trainer.measure.metrics import confusion, diagram, risk_coverage, wilson
from trainer.report import plots as figures
from trainer.report.blocks import Block, Plot, Section, Text
from trainer.report.overview import NAMES
from trainer.report.record import Predictions, Record
from trainer.report.tables import ABSENT, Table, interval, matrix, percent, plain, spread

_DOTS = 4000
"""Pictures in the map at most."""
_BIN = ("share", "confidence", "accuracy")
_SHORT = {"final": "final", "p": "first guess"}


def answers(record: Record) -> list[Section]:
    """The sections "Five answers", "By expression" and "Confidence"."""
    tables = _distributions(record)
    sections = [Section("Five answers", tables)] if tables else []
    found = record.measured
    if found is None:
        text = (
            "Nothing was measured on clean labels, so there is nothing to show by expression."
            if record.summary.measure_on == "none"
            else "Answers picture by picture are written at the end of the run."
        )
        return [*sections, Section("By expression", (Text(text),))]
    return [
        *sections,
        Section("By expression", tuple(_by_expression(found))),
        Section("Confidence", tuple(_confidence(found))),
    ]


def _distributions(record: Record) -> tuple[Table, ...]:
    summary = record.summary
    head = (
        "answer", "pictures", "accuracy (%)", "95 % interval", "mean class (%)", "macro F1 (%)",
        "ECE",
    )  # fmt: skip
    intro = (
        "The network answers four times and combines its answers into the final one. Means ± "
        "standard deviation over the last epochs; ECE is the calibration error, 0 is best. If the "
        "final answer is no better than the first guess, the corrections did not help here. A "
        "correction that the network does not have repeats another row. "
    )
    parts = {
        "On the measured pictures with clean labels:": summary.measured,
        "On the held-out training pictures with their given labels:": summary.held_out,
    }
    tables: list[Table] = []
    for caption, found in parts.items():
        rows = tuple(
            (
                NAMES[name], str(f.n), spread(f.accuracy.mean, f.accuracy.std),
                interval(f.interval),
                spread(f.mean_class_accuracy.mean, f.mean_class_accuracy.std),
                spread(f.macro_f1.mean, f.macro_f1.std), plain(f.ece.mean),
            )
            for name, f in found.items()
        )  # fmt: skip
        if rows:
            tables.append(Table(head, rows, caption if tables else intro + caption))
    return tuple(tables)


def _differ(found: Predictions) -> list[str]:
    """`final`, and `p` where it is not the same."""
    q = found.distributions
    return ["final"] if np.array_equal(q["final"], q["p"]) else ["final", "p"]


def _by_expression(found: Predictions) -> list[Block]:
    counts = confusion(found.distributions["final"], found.labels)
    primary = confusion(found.distributions["p"], found.labels)
    totals, given = counts.sum(axis=1), counts.sum(axis=0)
    rows = []
    for i, name in enumerate(EXPRESSIONS):
        n, hits = int(totals[i]), int(counts[i, i])
        rows.append(
            (
                name, str(n),
                percent(hits / n, 1) if n else ABSENT,
                interval(wilson(hits, n)) if n else ABSENT,
                percent(int(primary[i, i]) / n, 1) if n else ABSENT,
                percent(hits / int(given[i]), 1) if given[i] else ABSENT,
            )
        )  # fmt: skip
    recalls = Table(
        ("expression", "pictures", "recall (%)", "95 % interval", "first guess recall (%)",
         "precision (%)"),
        tuple(rows),
        "After the last epoch. Recall: of the pictures that show this expression, the share that "
        "was answered with it. Precision: of the pictures that were answered with it, the share "
        "that shows it.",
    )  # fmt: skip
    plot = Plot(
        "Which expression is mistaken for which",
        figures.confusion(counts),
        "Each row holds the pictures of one true expression; the columns say what the answer was. "
        "Large figures are percent of the row, small ones numbers of pictures. Blue is right, "
        "orange is wrong.",
        matrix("truth", counts),
    )
    return [recalls, plot]


def _winner(found: Predictions, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    q = found.distributions[name]
    return q.max(axis=1).astype(np.float64), q.argmax(axis=1) == found.labels


def _confidence(found: Predictions) -> list[Block]:
    names = _differ(found)
    diagrams = {name: diagram(*_winner(found, name)) for name in names}
    risks = {name: risk_coverage(*_winner(found, name)) for name in names}
    bins = Table(
        ("answer", "from (%)", "share of pictures (%)", "stated (%)", "right (%)"),
        tuple(
            (_SHORT[name], percent(b["from"], 0), *(percent(b[k], 1) for k in _BIN))
            for name, rows in diagrams.items()
            for b in rows
        ),
    )
    first = [x for x, _ in risks[names[0]].points]
    errors = Table(
        ("share answered (%)", *(f"{_SHORT[name]}: wrong (%)" for name in names)),
        tuple(
            (percent(x, 0), *(percent(risks[name].points[i][1], 1) for name in names))
            for i, x in enumerate(first)
        ),
    )
    area = ", ".join(f"{_SHORT[name]} {risk.aurc:.4f}" for name, risk in risks.items())
    return [
        Plot(
            "Is the stated probability true?",
            figures.reliability({_SHORT[name]: rows for name, rows in diagrams.items()}),
            "The answers are grouped by the probability that the network gives to its label, "
            "before any calibration. On the dotted line the probability is true; below it the "
            "network is too sure, above it not sure enough. The bars say how many pictures are in "
            "each group.",
            bins,
        ),
        Plot(
            "Fewer errors by leaving out the least sure answers",
            figures.risk_coverage({_SHORT[name]: risk.points for name, risk in risks.items()}),
            "The share of wrong answers when only the surest ones are given. The lower the line, "
            f"the better the network knows where it is wrong. Area under the line: {area}.",
            errors,
        ),
    ]


def embeddings(record: Record) -> list[Section]:
    """The section "Embeddings and anchors"; none before the end of the run."""
    found = record.measured or record.training
    if found is None or len(found.labels) < 3:
        return []
    clean = found.clean if found.clean is not None else found.labels
    labels = np.where(clean >= 0, clean, found.labels)
    rows = np.arange(len(labels))
    if len(rows) > _DOTS:
        rows = np.sort(np.random.default_rng(0).permutation(len(rows))[:_DOTS])
    points, anchors, explained = project(found.embedding, record.anchors)
    anchors_said = (
        "Stars are the anchors, the examples that a face is compared with; each should lie among "
        "the dots of its colour."
        if anchors is not None
        else "There are no stars: this network has no anchors, or no checkpoint yet."
    )
    part = "measured" if record.measured is not None else "training"
    plot = Plot(
        "Embeddings and anchors",
        figures.embedding_map(points[rows], labels[rows], anchors),
        f"Each dot is one of {len(rows)} {part} pictures in the colour of its clean label. "
        "Pictures that the network finds similar lie close together. The map shows the two "
        f"directions in which the embeddings vary most (PCA), with {100 * explained[0]:.0f} % and "
        f"{100 * explained[1]:.0f} % of the variance, so dots that overlap here may be far apart "
        f"in the full space. {anchors_said}",
    )
    return [Section("Embeddings", (plot,))]


def project(
    embedding: NDArray[np.float32], anchors: NDArray[np.float32] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, tuple[float, float]]:
    """PCA of (N, E) embeddings; anchors (7, K, E) go along the same two directions.

    Returns (N, 2), (7, K, 2) or None, and the shares of the variance.
    """
    centre = embedding.mean(axis=0, dtype=np.float64)
    centred = embedding.astype(np.float64) - centre
    # The eigenvectors of the (E, E) covariance: N may be tens of thousands.
    _, values, directions = np.linalg.svd(centred.T @ centred)
    axes = directions[:2]
    axes = axes * np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[:, None]
    total = float(values.sum()) or 1.0
    placed = None if anchors is None else (anchors.astype(np.float64) - centre) @ axes.T
    return centred @ axes.T, placed, (float(values[0]) / total, float(values[1]) / total)
