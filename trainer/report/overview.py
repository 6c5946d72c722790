"""What a run came to, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainer.measure.summary import LastEpochs, RunSummary
from trainer.report.blocks import Block, Section, Text, Tile, Tiles
from trainer.report.lines import LABELS
from trainer.report.record import Record
from trainer.report.tables import Table, interval, percent, plain

NAMES = {
    "final": "final (L_final)",
    "p": "first guess (p)",
    "t_g": "nearest examples (t_g)",
    "t_a": "parts of the face (t_a)",
    "t": "both corrections (t)",
}
"""The five distributions as the window calls them, with the paper's symbols."""


def result(record: Record) -> Section:
    """The section "Result"."""
    return Section("Result", tuple(_result(record.summary)))


def facts(record: Record) -> Section:
    """The section "How it was made"."""
    return Section("How it was made", (_facts(record),))


def _result(summary: RunSummary) -> list[Block]:
    blocks: list[Block] = []
    if summary.epochs_done < summary.epochs:
        blocks.append(
            Text(
                f"This run is not finished: {summary.epochs_done} of {summary.epochs} epochs are "
                "done. The figures are about the epochs so far.",
                warning=True,
            )
        )
    elif not summary.finished:
        blocks.append(
            Text(
                "This run is not finished: all its epochs are done, but there is no checkpoint. "
                "Run the command that trained it again to write one.",
                warning=True,
            )
        )
    figures, where = summary.measured, f"pictures of the {summary.measure_on} part, clean labels"
    if not figures:
        figures, where = summary.held_out, "held-out training pictures, labels as given"
        blocks.append(
            Text(
                "No pictures with clean labels were measured (measure_on: none)."
                + (" The figures are about held-out training pictures." if figures else ""),
                warning=True,
            )
        )
    if "final" not in figures:
        return blocks
    blocks.append(Tiles(tuple(_tiles(summary, figures))))
    count = "last epoch" if summary.averaged == 1 else f"last {summary.averaged} epochs"
    count += f", a tenth of {summary.epochs}" if summary.averaged > 1 else ""
    method, data = LABELS.get(summary.method, summary.method), summary.layout or "unknown data"
    blocks.append(
        Text(
            f"{method}, trained on {data}, label noise: {summary.noise}. The figures are means "
            f"over the {count}, of a fixed schedule, measured on {figures['final'].n} "
            f"{where}; ± is the standard deviation over these epochs. The 95 % interval (Wilson) "
            "says how far the accuracy could lie from this with other pictures of the same kind. "
            "Another training seed can change it further."
        )
    )
    if summary.last_epoch_accuracy is not None:
        blocks.append(
            Text(f"The last epoch alone: {percent(summary.last_epoch_accuracy)} % accuracy.")
        )
    if summary.best_epoch_accuracy is not None:
        blocks.append(
            Text(
                "Only for comparison with papers that report their best epoch: here it was epoch "
                f"{summary.best_epoch_number} with {percent(summary.best_epoch_accuracy)} %. It is "
                "chosen on the pictures it is measured on and therefore too high."
            )
        )
    return blocks


def _tiles(summary: RunSummary, figures: Mapping[str, LastEpochs]) -> list[Tile]:
    final = figures["final"]
    tiles = [
        Tile(
            "accuracy",
            f"{percent(final.accuracy.mean)} %",
            ("" if final.accuracy.std is None else f"± {percent(final.accuracy.std)}; ")
            + f"95 % interval {interval(final.interval)} %",
        )
    ]
    if "p" in figures:
        other = figures["p"]
        tiles.append(
            Tile(
                "first guess (p)",
                f"{percent(other.accuracy.mean)} %",
                f"95 % interval {interval(other.interval)} %",
            )
        )
    tiles += [
        Tile(
            "mean class accuracy",
            f"{percent(final.mean_class_accuracy.mean)} %",
            "every expression counts the same",
        ),
        Tile("macro F1", f"{percent(final.macro_f1.mean)} %", "mean over the expressions"),
        Tile("calibration error", plain(final.ece.mean), "ECE; 0 is best"),
    ]
    found = summary.purification.get("final")
    if found is not None:
        tiles.append(
            Tile(
                "wrong labels corrected",
                f"{percent(found.recovery, 1)} %",
                f"and {percent(found.damage, 1)} % of the right ones lost",
            )
        )
    return tiles


def _facts(record: Record) -> Table:
    summary, config = record.summary, record.config
    used = record.data.get("used") or {}
    rows = [
        ("data", f"{summary.layout or 'unknown'}{_text(' in folder {}', record.data, 'folder')}"),
        ("training pictures", _number(used.get("training"))),
        ("held-out pictures", _number(used.get("held_out"))),
        ("measured pictures", _measured(used, summary)),
        ("noise", _noise(summary, config)),
        ("sampler", _sampler(config)),
        ("method, architecture", f"{summary.method}, {config.get('architecture', '')}"),
        ("DWMCA", _switch((config.get("network") or {}).get("cross_attention"))),
        ("APCL corrections", summary.corrections or "as the architecture has them"),
        ("pretraining", summary.pretraining),
        (
            "epochs, batch",
            f"{summary.epochs_done} of {summary.epochs}, {config.get('batch_size', 0)}",
        ),
        ("seed of training", str(config.get("seed", 0))),
        (
            "time",
            f"{summary.hours:.2f} hours, {summary.pictures_per_second:.0f} pictures per second",
        ),
        ("hardware", _hardware(record.environment)),
        ("versions", _versions(record.environment)),
        ("data hash", str(record.data.get("sha256", "unknown"))[:16]),
    ]
    left_out = len(record.data.get("unreadable") or ())
    duplicates = record.data.get("duplicates") or 0
    if left_out or duplicates:
        rows.append(
            (
                "left out",
                f"{left_out} unreadable pictures, {duplicates} copies of training pictures",
            )
        )
    if config.get("notes"):
        rows.append(("notes", str(config["notes"])))
    return Table(("", ""), tuple(rows), words=True)


def _text(pattern: str, values: Mapping[str, Any], key: str) -> str:
    return pattern.format(values[key]) if values.get(key) else ""


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "unknown"


def _measured(used: Mapping[str, Any], summary: RunSummary) -> str:
    if summary.measure_on == "none":
        return "none"
    return f"{_number(used.get('measured'))}, {summary.measure_on} part"


def _noise(summary: RunSummary, config: Mapping[str, Any]) -> str:
    if summary.noise_kind == "none":
        return summary.noise
    return f"{summary.noise}, seed {(config.get('noise') or {}).get('seed', 0)}"


def _sampler(config: Mapping[str, Any]) -> str:
    if config.get("sampler") == "balanced":
        return f"balanced, {config.get('per_class')} per class and epoch, by the given label"
    return "full: every picture once per epoch"


def _switch(value: bool | None) -> str:
    return "as the architecture has it" if value is None else "on" if value else "off"


def _hardware(environment: Mapping[str, Any]) -> str:
    name = environment.get("device_name") or environment.get("cpu") or "unknown"
    parts = [f"{environment.get('device', 'unknown')} ({name})"]
    if environment.get("threads"):
        parts.append(f"{environment['threads']} threads")
    return ", ".join(parts)


def _versions(environment: Mapping[str, Any]) -> str:
    parts = [
        f"{key} {environment[key]}"
        for key in ("ferdesk", "torch", "numpy", "python")
        if environment.get(key)
    ]
    git = environment.get("git")
    if isinstance(git, dict) and git.get("commit"):
        changed = " with changes" if git.get("dirty") else ""
        parts.append(f"commit {str(git['commit'])[:10]}{changed}")
    return ", ".join(parts) or "unknown"
