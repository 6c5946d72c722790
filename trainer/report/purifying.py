"""The section about wrong labels: what is memorised, seen through, damaged."""

from __future__ import annotations

from trainer.report import plots as figures
from trainer.report.blocks import Block, Plot, Section, Text
from trainer.report.overview import NAMES
from trainer.report.record import Record
from trainer.report.tables import Table, percent, plain

_MEMORY = {
    "fits_label": "fits the label it was given",
    "flipped_fits_wrong": "wrong label repeated",
    "flipped_recovered": "wrong label seen through",
    "untouched_damaged": "right label missed",
}


def purifying(record: Record) -> list[Section]:
    """The section "Labels and memory"; none for a log without these figures."""
    blocks = [*_memory(record), *_figures(record)]
    return [Section("Labels and memory", tuple(blocks))] if blocks else []


def _memory(record: Record) -> list[Block]:
    epochs, summary = record.epochs, record.summary
    keys = [key for key in _MEMORY if any(key in e.memory for e in epochs)]
    if not keys:
        return []
    shares = {_MEMORY[key]: [e.memory.get(key) for e in epochs] for key in keys}
    caption = (
        "The answers given while training (augmented pictures, dropout on). Grey: the share of all "
        "training pictures whose answer is the label they were given. "
    )
    if len(keys) > 1:
        caption += (
            "Of the pictures with a wrong label, red is the share that repeats it and green the "
            "share that gets the true one; orange is the share of rightly labelled pictures that "
            "gets something else. A red line that climbs late is memorisation."
        )
    else:
        caption += "Without known wrong labels this is only how well the training set is fitted."
    rows = tuple(
        (str(epoch.number), *(percent(values[i]) for values in shares.values()))
        for i, epoch in enumerate(epochs)
    )
    return [
        Plot(
            "Memorisation",
            figures.memory(shares, len(epochs), summary.averaged),
            caption,
            Table(("epoch", *(f"{name} (%)" for name in shares)), rows),
        )
    ]


def _figures(record: Record) -> list[Block]:
    summary = record.summary
    if not summary.purification:
        if summary.noise_kind == "none":
            return [Text("Trained without added noise, so no label is known to be wrong.")]
        return [Text("Recovery and damage are counted at the end of the run.")]
    rows = tuple(
        (
            NAMES[name], percent(f.recovery, 1), percent(f.memorised, 1), percent(f.damage, 1),
            plain(f.auroc),
        )
        for name, f in summary.purification.items()
    )  # fmt: skip
    return [
        Table(
            ("answer", "seen through (%)", "repeated (%)", "damaged (%)", "AUROC"),
            rows,
            "At the end of the run, on the training pictures as they are (not augmented). Seen "
            "through (recovery): of the wrongly labelled pictures, the share that gets its true "
            "label. Repeated: the share that gets the wrong one. Damaged: of the rightly labelled "
            "ones, the share that gets another label. AUROC: the chance that 1 − q[label] is "
            "larger for a wrongly than for a rightly labelled picture; 0.5 is guessing.",
        )
    ]
