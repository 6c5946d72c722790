"""The head of a report: the result, and everything one has to know to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainer.measure.summary import LAST, LastEpochs, RunSummary
from trainer.report.blocks import Block, Section, Text, Tile, Tiles
from trainer.report.record import Record
from trainer.report.tables import Table, interval, percent, plain

NAMES = {
    "final": "final (L_final)",
    "p": "p, primary",
    "t_g": "t_g, anchors",
    "t_a": "t_a, attention",
    "t": "t, both corrections",
}
"""The five distributions as reports call them."""


def overview(record: Record) -> list[Section]:
    """The sections "Result" and "What was run"."""
    return [Section("Result", tuple(_result(record))), Section("What was run", (_facts(record),))]


def _result(record: Record) -> list[Block]:
    summary = record.summary
    blocks: list[Block] = []
    if summary.epochs_done < summary.epochs:
        blocks.append(
            Text(
                f"This run is not finished: {summary.epochs_done} of {summary.epochs} epochs are "
                "done. The figures are those of the epochs so far.",
                warning=True,
            )
        )
    elif not summary.finished:
        blocks.append(
            Text(
                "This run is not finished: all its epochs are done, but there is no checkpoint. "
                "The command that trained it writes it.",
                warning=True,
            )
        )
    figures, where = summary.measured, f"pictures of the {summary.measure_on} part, clean labels"
    if not figures:
        figures, where = summary.held_out, "held-out training pictures, labels as given"
        blocks.append(
            Text(
                "No pictures with clean labels were measured (measure_on: none)."
                + (" Figures are on held-out training pictures." if figures else ""),
                warning=True,
            )
        )
    if "final" not in figures:
        return blocks
    blocks.append(Tiles(tuple(_tiles(summary, figures))))
    count = "last epoch" if summary.averaged == 1 else f"last {summary.averaged} epochs"
    chosen = "" if summary.averaged == LAST else f" (there are no {LAST} yet)"
    blocks.append(
        Text(
            f"Means over the {count}{chosen} of a schedule that was fixed beforehand, on "
            f"{figures['final'].n} {where}; ± is the standard deviation over these epochs. The "
            "95 % interval (Wilson) covers the chance in drawing the test pictures, not that of "
            "another training seed."
        )
    )
    if summary.best_epoch_accuracy is not None:
        blocks.append(
            Text(
                "For comparison with papers that report it: the best epoch on the measured "
                f"pictures was epoch {summary.best_epoch_number} with "
                f"{percent(summary.best_epoch_accuracy)} %. It is chosen on the pictures it is "
                "measured on and therefore too high."
            )
        )
    return blocks


def _tiles(summary: RunSummary, figures: Mapping[str, LastEpochs]) -> list[Tile]:
    final = figures["final"]
    low, high = final.interval
    tiles = [
        Tile(
            "accuracy of final",
            f"{percent(final.accuracy.mean)} %",
            f"95 % interval {interval((low, high))} %"
            + ("" if final.accuracy.std is None else f"; ± {percent(final.accuracy.std)}"),
        )
    ]
    if "p" in figures:
        other = figures["p"]
        tiles.append(
            Tile(
                "accuracy of p alone",
                f"{percent(other.accuracy.mean)} %",
                f"95 % interval {interval(other.interval)} %",
            )
        )
    tiles += [
        Tile("mean over the classes", f"{percent(final.mean_class_accuracy.mean)} %", "of final"),
        Tile("macro F1", f"{percent(final.macro_f1.mean)} %", "of final"),
        Tile("calibration error", plain(final.ece.mean), "of final; 0 is best"),
    ]
    found = summary.purification.get("final")
    if found is not None:
        tiles.append(
            Tile(
                "wrong labels seen through",
                f"{percent(found.recovery, 1)} %",
                f"at {percent(found.damage, 1)} % of right ones missed",
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
        ("noise", _noise(summary)),
        ("sampler", _sampler(config)),
        ("method, architecture", f"{summary.method}, {summary.architecture}"),
        ("DWMCA", _switch(summary.cross_attention)),
        ("APCL corrections", summary.corrections or "as the architecture has them"),
        ("pretraining", summary.pretraining),
        ("epochs, batch", f"{summary.epochs_done} of {summary.epochs}, {summary.batch_size}"),
        ("seed of training", str(summary.seed)),
        (
            "time",
            f"{summary.hours:.2f} hours, {summary.pictures_per_second:.0f} pictures a second",
        ),
        ("hardware", _hardware(record.environment)),
        ("versions", _versions(record.environment)),
        ("data hash", str(record.data.get("sha256", "unknown"))[:16]),
    ]
    left_out = len(record.data.get("unreadable") or ())
    duplicates = record.data.get("duplicates") or 0
    if left_out or duplicates:
        rows.append(
            ("left out", f"{left_out} unreadable, {duplicates} measured that were trained on")
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


def _noise(summary: RunSummary) -> str:
    return summary.noise if summary.noise_kind == "none" else (
        f"{summary.noise}, seed {summary.noise_seed}"
    )  # fmt: skip


def _sampler(config: Mapping[str, Any]) -> str:
    if config.get("sampler") == "balanced":
        return f"balanced, {config.get('per_class')} a class and epoch, by the label as given"
    return "full: every picture once an epoch"


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
