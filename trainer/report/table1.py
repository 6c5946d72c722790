"""The ablation as a page: our figures, and the paper's where nobody can take them for ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from ferdesk.files import write_text
from trainer.compare.reproduce import ROWS, Cell, Reproduction, Row
from trainer.measure.summary import RunSummary, Spread
from trainer.report import plots as figures
from trainer.report.blocks import Block, Plot, Section, Text
from trainer.report.html import html
from trainer.report.markdown import markdown
from trainer.report.published import NOT_COMPARABLE, PAPER, TABLE_1, Published, cited
from trainer.report.rows import RowFigures
from trainer.report.seeds import GAIN, gain
from trainer.report.tables import ABSENT, Table, interval, percent, plain, spread

_TITLE = "Table I: baseline, +DWMCA, +DWMCA+APCL, +APCL"
_PROTOCOL = (
    "Accuracy is the mean of the last {last} epochs of a fixed schedule on the {n} clean pictures "
    "of the {part} part, then the mean over the seeds ± its standard deviation. The Wilson 95 % "
    "interval covers the chance in drawing those pictures at that accuracy, not that of another "
    "seed. The best epoch is chosen on the pictures it is measured on: it is too high, and stands "
    "here for comparison with papers that report it."
)
_COMPARED = (
    "Against the baseline in percentage points: mean ± deviation over the seeds; then, of the last "
    "epoch's answers alone, the interval of the mean over the seeds, picture by picture, and "
    "McNemar's p, one a seed: the chance of a difference this large between equally good rows."
)
_PURIFYING = (
    "Training pictures at the end of the runs, means over the seeds: of the wrongly labelled ones "
    "the share that gets its true label (recovery) and the share that gets the wrong one "
    "(repeated), of the rightly labelled ones the share that gets another (damage), and the AUROC "
    "of 1 − q[label] as a detector of wrong labels. Rows without APCL have only p."
)


def write_table1(reproduction: Reproduction) -> Path:
    """Write OUT/table1.md and OUT/index.html, with the cells there are; returns the page."""
    sections = table1(reproduction)
    write_text(reproduction.out / "table1.md", markdown(_TITLE, sections))
    page = reproduction.out / "index.html"
    write_text(page, html(_TITLE, sections))
    return page


def table1(reproduction: Reproduction) -> list[Section]:
    """The sections of the page."""
    results = reproduction.results()
    by_noise: dict[str, dict[Row, dict[int, RunSummary]]] = {}
    for cell, summary in results.items():
        if "final" in summary.measured:
            rows = by_noise.setdefault(cell.noise, {})
            rows.setdefault(cell.row, {})[cell.seed] = summary
    sections = [Section("What was run", tuple(_state(reproduction, results)))]
    tables = {
        noise: [RowFigures(row, rows[row]) for row in ROWS if row in rows]
        for noise, rows in sorted(by_noise.items())
    }
    if tables:
        sections.append(Section("All rows", (_plot(tables),)))
    for noise, lines in tables.items():
        sections.append(Section(_noise(noise, lines), tuple(_tables(reproduction, noise, lines))))
    sections.append(_cited(reproduction, list(tables)))
    return sections


def _layout(reproduction: Reproduction) -> str:
    return reproduction.base.data.partition(":")[0]


def _comparable(reproduction: Reproduction, noise: str) -> bool:
    """Whether the paper's figures are about the same pictures and the same noise."""
    kind = reproduction.base.noise.kind
    return _layout(reproduction) == "rafdb" and noise == "0.3" and kind in ("none", "symmetric")


def _state(reproduction: Reproduction, results: Mapping[Cell, RunSummary]) -> list[Block]:
    states = reproduction.progress
    done = len(results)
    blocks: list[Block] = []
    if done < len(states):
        blocks.append(
            Text(f"{done} of {len(states)} cells are done; the others are missing below.", True)
        )
    failed = [
        (cell.folder, progress.error)
        for cell, progress in states.items()
        if progress.state == "failed"
    ]
    if failed:
        blocks.append(Table(("cell that failed", "why"), tuple(failed), words=True))
    if not results:
        return blocks
    one = next(iter(results.values()))
    base = reproduction.base
    facts = [
        ("data", f"{_layout(reproduction)}, measured on its {base.measure_on} part"),
        ("architecture", one.architecture),
        ("pretraining", one.pretraining),
        ("sampler", one.sampler),
        ("epochs, batch", f"{one.epochs}, {one.batch_size}"),
        ("seeds of training", ", ".join(str(s) for s in sorted({c.seed for c in results}))),
        ("seed of the noise", str(one.noise_seed)),
        ("hours of training", f"{sum(s.hours for s in results.values()):.2f} in {done} runs"),
    ]
    if base.pictures:
        facts.insert(1, ("training pictures", f"{base.pictures} drawn from all"))
    return [*blocks, Table(("", ""), tuple(facts), words=True)]


def _noise(noise: str, rows: Sequence[RowFigures]) -> str:
    if noise == "natural":
        return "Natural noise"
    if float(noise) == 0:
        return "Labels as they are"
    kind = next(iter(rows[0].runs.values())).noise_kind
    return f"{100 * float(noise):g} % {kind} noise"


def _plot(tables: Mapping[str, Sequence[RowFigures]]) -> Plot:
    panels = {
        _noise(noise, rows): {
            r.row.label: (
                [s.measured["final"].accuracy.mean for s in r.runs.values()],
                r.interval,
            )
            for r in rows
        }
        for noise, rows in tables.items()
    }
    return Plot(
        "Accuracy of the final answer",
        figures.rows_compared([row.label for row in ROWS], panels),
        "Dots are means over the seeds, the strokes single seeds, the pale bars Wilson 95 % "
        "intervals. Rows whose bars overlap widely cannot be told apart by these pictures.",
    )


def _tables(reproduction: Reproduction, noise: str, rows: Sequence[RowFigures]) -> list[Block]:
    first = next(iter(rows[0].runs.values()))
    caption = _PROTOCOL.format(
        last=first.averaged, part=first.measure_on, n=f"{first.measured['final'].n:,}"
    )
    blocks: list[Block] = [Table(*_accuracies(reproduction, noise, rows), caption)]
    blocks.append(_compared(rows))
    purified = _purified(rows)
    return [*blocks, purified] if purified else blocks


def _accuracies(
    reproduction: Reproduction, noise: str, rows: Sequence[RowFigures]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Head and rows; the paper's column only beside figures about the same pictures."""
    with_paper = _comparable(reproduction, noise)
    head = [
        "row", "seeds", "accuracy (%)", "95 % interval", "accuracy of p (%)", "mean class (%)",
        "best epoch, chosen on these pictures (%)",
    ]  # fmt: skip
    if with_paper:
        head.append("cited from the paper, RAF-DB (%)")
    lines = []
    for r in rows:
        best = [s.best_epoch_accuracy for s in r.runs.values() if s.best_epoch_accuracy is not None]
        line = [
            r.row.label, str(len(r.runs)), _of(r.over("final", "accuracy")), interval(r.interval),
            _of(r.over("p", "accuracy")), _of(r.over("final", "mean_class_accuracy")),
            _of(Spread.of(best)) if best else ABSENT,
        ]  # fmt: skip
        if with_paper:
            paper = TABLE_1.get(r.row.key)
            line.append(percent(paper.accuracy) if paper else "not in the paper")
        lines.append(tuple(line))
    return tuple(head), tuple(lines)


def _compared(rows: Sequence[RowFigures]) -> Table:
    base = next((r for r in rows if r.row.key == "baseline"), None)
    return Table(
        ("row", f"against baseline: {GAIN[0]}", *GAIN[1:], "macro F1 (%)", "ECE", "hours a run"),
        tuple(
            (
                r.row.label, *gain(base.runs if base else None, r.runs),
                _of(r.over("final", "macro_f1")), plain(r.over("final", "ece").mean),
                f"{fmean(s.hours for s in r.runs.values()):.2f}",
            )
            for r in rows
        ),
        _COMPARED,
    )  # fmt: skip


def _of(value: Spread) -> str:
    return spread(value.mean, value.std)


def _purified(rows: Sequence[RowFigures]) -> Table | None:
    lines = []
    for r in rows:
        for name in ("final", "p") if r.row.apcl else ("p",):
            if r.purification(name, "recovery") is None:
                continue
            lines.append(
                (
                    f"{r.row.label}: {name}",
                    *(percent(r.purification(name, w), 1)
                      for w in ("recovery", "memorised", "damage")),
                    plain(r.purification(name, "auroc")),
                )
            )  # fmt: skip
    head = ("row: answer", "recovery (%)", "repeated (%)", "damage (%)", "AUROC")
    return Table(head, tuple(lines), _PURIFYING) if lines else None


def _cited(reproduction: Reproduction, noises: Sequence[str]) -> Section:
    """Figures from papers, apart."""
    blocks: list[Block] = []
    same = any(_comparable(reproduction, noise) for noise in noises)
    if _layout(reproduction) != "rafdb":
        blocks.append(Text(NOT_COMPARABLE, warning=True))
    blocks.append(Text(f"The paper: {PAPER}."))
    if not same:
        blocks.append(
            Table(
                ("row", "cited: RAF-DB, 30 % noise (%)"),
                tuple(
                    (row.label, percent(TABLE_1[row.key].accuracy))
                    for row in ROWS
                    if row.key in TABLE_1
                ),
                "Table I of the paper, which gives no deviation and no row for APCL alone.",
            )
        )
    if _layout(reproduction) == "rafdb":
        for noise in noises:
            found = cited(float(noise)) if noise != "natural" else ()
            if found:
                blocks.append(_literature(noise, found))
    return Section("Cited from papers", tuple(blocks))


def _literature(noise: str, found: Sequence[Published]) -> Table:
    return Table(
        ("method", "cited accuracy (%)", "backbone", "read in"),
        tuple((p.method, spread(p.accuracy, p.std), p.backbone or ABSENT, p.source) for p in found),
        f"RAF-DB with {100 * float(noise):g} % symmetric noise, as printed elsewhere: other noise "
        "draws, often the best epoch on the test pictures, often backbones trained on millions of "
        "faces.",
        words=True,
    )
