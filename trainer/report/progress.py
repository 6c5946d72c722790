"""The section about the epochs: losses, accuracies, speed."""

from __future__ import annotations

from collections.abc import Mapping

from trainer.measure.epochs import Epoch
from trainer.measure.metrics import Metrics
from trainer.report import plots as figures
from trainer.report.blocks import Plot, Section
from trainer.report.record import Record
from trainer.report.tables import Table, by_epoch, percent, plain

_LOSSES = 5
"""Losses that are drawn at most."""


def training(record: Record) -> Section:
    """The section "Training"."""
    epochs, summary = record.epochs, record.summary
    names = [name for name in epochs[-1].train if name != "agreement"][:_LOSSES]
    losses = {name: [epoch.train.get(name) for epoch in epochs] for name in names}
    labels = "given labels" if summary.noise_kind != "none" else "own labels"
    accuracies = {}
    for name, said in (("final", "final"), ("p", "first guess")):
        for part, where in (("measured", "measured"), ("held_out", "held out")):
            shares = [_accuracy(getattr(epoch, part), name) for epoch in epochs]
            if any(share is not None for share in shares):
                accuracies[f"{said}, {where}"] = shares
    caption = (
        "Left: the losses, means over the training steps of an epoch. Right: the accuracies, solid "
        "lines on the measured pictures with clean labels, dashed lines on the held-out pictures "
        f"with their {labels}. "
    )
    if summary.noise_kind != "none":
        caption += (
            "The held-out labels are as noisy as those trained on, so the dashed lines cannot "
            "reach 100 %. "
        )
    caption += "The result above is the mean over the shaded epochs."
    return Section(
        "Training",
        (
            Plot(
                "Losses and accuracy by epoch",
                figures.curves(losses, accuracies, len(epochs), summary.averaged),
                caption,
                _numbers(epochs, names, accuracies),
            ),
        ),
    )


def _accuracy(metrics: Mapping[str, Metrics], name: str) -> float | None:
    return metrics[name].accuracy if name in metrics else None


def _numbers(
    epochs: tuple[Epoch, ...], names: list[str], accuracies: Mapping[str, list[float | None]]
) -> Table:
    return by_epoch({
        **{name: [plain(e.train.get(name)) for e in epochs] for name in names},
        **{f"{name} (%)": [percent(v) for v in values] for name, values in accuracies.items()},
        "pictures/s": [f"{e.pictures_per_second:.0f}" for e in epochs],
        "data wait (%)": [percent(e.data_wait, 1) for e in epochs],
    })  # fmt: skip
