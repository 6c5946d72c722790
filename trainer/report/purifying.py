"""The section about wrong labels: what is memorised, corrected, damaged."""

from __future__ import annotations

from trainer.report import plots as figures
from trainer.report.blocks import Block, Plot, Section, Text
from trainer.report.overview import NAMES
from trainer.report.record import Record
from trainer.report.tables import Table, by_epoch, percent, plain

_MEMORY = {
    "fits_label": "answer is the given label",
    "flipped_fits_wrong": "wrong label repeated",
    "flipped_recovered": "wrong label corrected",
    "untouched_damaged": "right label lost",
}
HOW_TO_READ = (
    "Of the pictures with a wrong label, recovery is the share whose answer is the true label, and "
    "repeated the share whose answer is the wrong one. Of the pictures with a right label, damage "
    "is the share whose answer is another one. AUROC: how well a low probability of the given "
    "label finds the wrong ones; 1 is perfect, 0.5 is guessing."
)
"""About a table of recovery, repeated, damage and AUROC."""


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
        "How the network answers the pictures that it is being trained on (augmented, dropout on). "
        "Grey: of all training pictures, the share whose answer is the given label. "
    )
    if len(keys) > 1:
        caption += (
            "Of the pictures with a wrong label, red is the share whose answer repeats it and "
            "green the share whose answer is the true label. Orange: of the pictures with a right "
            "label, the share whose answer is another one. A red line that rises late means that "
            "the network has begun to learn the wrong labels by heart."
        )
    else:
        caption += (
            "No wrong labels are known here, so it only says how well these labels are learnt."
        )
    columns = {f"{name} (%)": [percent(v) for v in values] for name, values in shares.items()}
    return [
        Plot(
            "Memorisation",
            figures.memory(shares, len(epochs), summary.averaged),
            caption,
            by_epoch(columns),
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
            ("answer", "recovery (%)", "repeated (%)", "damage (%)", "AUROC"),
            rows,
            "At the end of the run, on the training pictures as they are (not augmented). "
            + HOW_TO_READ,
        )
    ]
