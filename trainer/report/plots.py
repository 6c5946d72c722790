"""The drawings of a report, each from plain arrays to one inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSION_COLOURS, EXPRESSIONS
from trainer.report.svg import BLUE, GREEN, INK, ORANGE, RED, SOFT, drawing

Lines = Mapping[str, Sequence[float | None]]
"""Name → one value per epoch, None where an epoch has none."""

_DASHED = ("held out",)
_LINES = {
    "final": BLUE,
    "first guess": ORANGE,
    "answer is the given label": SOFT,
    "wrong label repeated": RED,
    "wrong label corrected": GREEN,
    "right label lost": ORANGE,
}


def _line(axes: Any, name: str, values: Sequence[float | None], colour: str | None = None) -> Any:
    kept = [(epoch, v) for epoch, v in enumerate(values, 1) if v is not None]
    first = name.partition(",")[0]
    (line,) = axes.plot(
        [epoch for epoch, _ in kept], [v for _, v in kept],
        color=colour or _LINES.get(first), label=name,
        linestyle="--" if any(word in name for word in _DASHED) else "-",
        marker="o" if len(kept) < 3 else None, markersize=4,
    )  # fmt: skip
    return line


def _epoch_axis(axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))


def _epochs(axes: Any, count: int, last: int) -> None:
    _epoch_axis(axes)
    axes.set_xlim(0.5, count + 0.5)
    axes.axvspan(count - last + 0.5, count + 0.5, color=SOFT, alpha=0.13, linewidth=0)


def _percent_axis(axis: Any) -> None:
    axis.set_major_formatter(lambda value, _: f"{100 * value:g} %")


def curves(losses: Lines, accuracies: Lines, epochs: int, last: int) -> str:
    """Losses to the left, accuracies to the right, the last epochs shaded."""
    with drawing("curves", 9.2, 3.7) as (figure, out):
        left, right = figure.subplots(1, 2)
        for (name, values), colour in zip(
            losses.items(), (BLUE, ORANGE, GREEN, RED, SOFT), strict=False
        ):
            _line(left, name, values, colour)
        left.set_title("Training losses")
        left.set_ylim(bottom=0)
        for name, values in accuracies.items():
            _line(right, name, values)
        right.set_title("Accuracy")
        _percent_axis(right.yaxis)
        for axes in (left, right):
            _epochs(axes, epochs, last)
            # Below the axes, where no curve runs.
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2, fontsize=9)
    return out[0]


def memory(shares: Lines, epochs: int, last: int) -> str:
    """What the answers of the training steps do with the labels."""
    with drawing("memory", 8.0, 4.0) as (figure, out):
        axes = figure.subplots()
        for name, values in shares.items():
            _line(axes, name, values)
        _epochs(axes, epochs, last)
        axes.set(ylabel="share of those pictures", ylim=(0, 1))
        _percent_axis(axes.yaxis)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, fontsize=9)
    return out[0]


def confusion(counts: NDArray[np.int64], rows: str = "truth", columns: str = "answer") -> str:
    """(7, 7) counts: each cell its share of the row and its count."""
    from matplotlib.patches import Rectangle

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with drawing("confusion", 7.0, 5.6) as (figure, out):
        axes = figure.subplots()
        for row in range(len(EXPRESSIONS)):
            for column in range(len(EXPRESSIONS)):
                share, count = float(shares[row, column]), int(counts[row, column])
                # The root lets rare mistakes show.
                strength = share if row == column else min(1.0, 1.1 * share**0.5)
                axes.add_patch(
                    Rectangle(
                        (column - 0.5, row - 0.5), 1, 1,
                        facecolor=BLUE if row == column else ORANGE,
                        alpha=strength, linewidth=0,
                    )
                )  # fmt: skip
                if count:
                    ink = "#ffffff" if row == column and strength > 0.6 else INK
                    axes.text(column, row - 0.1, f"{100 * share:.0f}", color=ink, ha="center",
                              va="center", fontsize=11)  # fmt: skip
                    axes.text(column, row + 0.27, f"{count}", color=ink, ha="center",
                              va="center", fontsize=7.5)  # fmt: skip
        totals = counts.sum(axis=1)
        names = [f"{name} ({n})" for name, n in zip(EXPRESSIONS, totals, strict=True)]
        axes.set(xlim=(-0.5, 6.5), ylim=(6.5, -0.5), xlabel=columns, ylabel=rows)
        axes.set_xticks(range(7), EXPRESSIONS, rotation=30, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(7), names)
        axes.grid(visible=False)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return out[0]


def reliability(diagrams: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Stated probability against the share that is right; below, how many pictures state it."""
    with drawing("reliability", 6.4, 5.4) as (figure, out):
        above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (3.2, 1)})
        above.plot(
            [0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=":", label="probability is true"
        )
        width = 0.1 / (len(diagrams) + 0.5)
        for i, (name, bins) in enumerate(diagrams.items()):
            colour = _LINES.get(name, BLUE)
            above.plot(
                [b["confidence"] for b in bins], [b["accuracy"] for b in bins],
                color=colour, marker="os"[i % 2], markersize=5, label=name,
            )  # fmt: skip
            offset = (i - (len(diagrams) - 1) / 2) * width
            below.bar(
                [b["from"] + 0.05 + offset for b in bins], [b["share"] for b in bins],
                width=width, color=colour,
            )  # fmt: skip
        above.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share that is right")
        below.set(xlabel="stated probability of the label", ylabel="pictures")
        for axis in (above.yaxis, below.xaxis, below.yaxis):
            _percent_axis(axis)
        above.legend(loc="upper left")
    return out[0]


def risk_coverage(curves: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """(share answered, share of these that is wrong) of each distribution."""
    with drawing("risk", 6.4, 3.9) as (figure, out):
        axes = figure.subplots()
        for i, (name, points) in enumerate(curves.items()):
            axes.plot(
                [x for x, _ in points], [y for _, y in points],
                color=_LINES.get(name, BLUE), marker="os"[i % 2], markersize=4, label=name,
            )  # fmt: skip
        axes.set(
            xlim=(0, 1.02), xlabel="share of pictures answered, surest first", ylabel="share wrong"
        )
        axes.set_ylim(bottom=0)
        for axis in (axes.xaxis, axes.yaxis):
            _percent_axis(axis)
        axes.legend(loc="upper left")
    return out[0]


def embedding_map(
    points: NDArray[np.floating[Any]],
    labels: NDArray[np.int64],
    anchors: NDArray[np.floating[Any]] | None,
) -> str:
    """(N, 2) pictures as dots, (7, K, 2) anchors as stars, both coloured by expression."""
    with drawing("map", 8.2, 6.0) as (figure, out):
        axes = figure.subplots()
        size = 16 if len(points) < 800 else 9
        for index, name in enumerate(EXPRESSIONS):
            own = points[labels == index]
            # Thousands of dots are smaller as a picture than as shapes.
            axes.scatter(
                own[:, 0], own[:, 1],
                s=size, color=EXPRESSION_COLOURS[name], alpha=0.55, linewidths=0, rasterized=True,
            )  # fmt: skip
            axes.scatter([], [], s=40, color=EXPRESSION_COLOURS[name], linewidths=0, label=name)
        if anchors is not None:
            for index, name in enumerate(EXPRESSIONS):
                axes.scatter(
                    anchors[index, :, 0], anchors[index, :, 1],
                    s=150, marker="*", color=EXPRESSION_COLOURS[name],
                    edgecolors=INK, linewidths=0.9,
                )  # fmt: skip
            axes.scatter([], [], s=130, marker="*", facecolors="none", edgecolors=INK,
                         linewidths=0.9, label="anchor")  # fmt: skip
        axes.set(xlabel="first principal direction", ylabel="second")
        axes.set_aspect("equal", adjustable="datalim")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return out[0]


def rows_compared(
    names: Sequence[str],
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], tuple[float, float] | None]]],
) -> str:
    """Title of a panel → name of a row → (accuracy of each seed, 95 % interval of their mean)."""
    columns = min(len(panels), 3)
    lines = -(-len(panels) // columns)
    with drawing("rows", 9.2, lines * (1.1 + 0.34 * len(names))) as (figure, out):
        every = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
        for axes in every[len(panels) :]:
            axes.set_visible(False)
        for axes, (title, rows) in zip(every[: len(panels)], panels.items(), strict=True):
            for place, name in enumerate(names):
                if name not in rows:
                    continue
                seeds, between = rows[name]
                if between is not None:
                    axes.plot(between, [place, place], color=BLUE, linewidth=8, alpha=0.35,
                              solid_capstyle="butt")  # fmt: skip
                axes.plot([float(np.mean(seeds))], [place], "o", color=BLUE, markersize=5)
                if len(seeds) > 1:
                    axes.plot(seeds, [place] * len(seeds), "|", color=INK, markersize=11)
            axes.set_yticks(range(len(names)), names)
            axes.set(ylim=(len(names) - 0.5, -0.5), xlabel="accuracy")
            axes.set_title(title)
            axes.margins(x=0.08)
            axes.locator_params(axis="x", nbins=4 if columns > 2 else 6)
            axes.grid(visible=False, axis="y")
            _percent_axis(axes.xaxis)
    return out[0]


def ranks_compared(mean: Mapping[str, float], critical: float) -> str:
    """Mean ranks, best on top, with bars of half the critical difference to either side."""
    with drawing("ranks", 7.4, 1.0 + 0.34 * len(mean)) as (figure, out):
        axes = figure.subplots()
        for place, rank in enumerate(mean.values()):
            axes.plot([rank - critical / 2, rank + critical / 2], [place, place], color=BLUE,
                      linewidth=8, alpha=0.35, solid_capstyle="butt")  # fmt: skip
            axes.plot([rank], [place], "o", color=BLUE, markersize=5)
        axes.set_yticks(range(len(mean)), list(mean))
        axes.set(ylim=(len(mean) - 0.5, -0.5), xlabel="mean rank, 1 is best")
        axes.grid(visible=False, axis="y")
    return out[0]


def epochs_compared(salt: str, panels: Mapping[str, Lines], colours: Mapping[str, str]) -> str:
    """Panels side by side with a line per method each; one legend below them all."""
    with drawing(salt, 9.2, 4.2) as (figure, out):
        every = figure.subplots(1, len(panels), squeeze=False)[0]
        shown: dict[str, Any] = {}
        for axes, (title, lines) in zip(every, panels.items(), strict=True):
            for label, values in lines.items():
                shown[label] = _line(axes, label, values, colours[label])
            axes.set_title(title)
            _epoch_axis(axes)
            _percent_axis(axes.yaxis)
        figure.legend(list(shown.values()), list(shown), loc="outside lower center", ncols=4)
    return out[0]
