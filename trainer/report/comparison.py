"""All methods side by side as a page: Tables I to IV in our figures, the papers' apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ferdesk.files import write_json
from trainer.compare.grid import Grid
from trainer.compare.methods import Cell
from trainer.compare.tuning import read_tuning
from trainer.measure.epochs import Epoch
from trainer.measure.summary import RunSummary
from trainer.methods import VARIANTS
from trainer.methods.departures import DEPARTURES, EVERY_METHOD
from trainer.report import plots as figures
from trainer.report.blocks import Block, Plot, Section, Text
from trainer.report.cited import cited, paper_column
from trainer.report.costs import costs
from trainer.report.document import write_document
from trainer.report.lines import COLOURS, LABELS, in_order
from trainer.report.numbers import Tables, numbers, rank_blocks
from trainer.report.plots import Lines
from trainer.report.purifying import HOW_TO_READ
from trainer.report.seeds import GAIN, Seeds, gain
from trainer.report.tables import ABSENT, Table, by_epoch, interval, percent, plain, spread
from trainer.report.tuned import tuned

_TITLE = "Methods against label noise, compared"
_PROTOCOL = (
    "One row per method. Accuracy: the mean of the last tenth of a fixed schedule ({last} of {of} "
    "epochs) on the {n} clean pictures of the {part} part, then the mean over the seeds ± its "
    "standard deviation; the last epoch alone stands beside it. The 95 % interval is that of a "
    "hierarchical bootstrap: other seeds and other pictures (with one seed the pictures alone); "
    "other wrong labels it does not cover. "
    "The best epoch is chosen on the pictures it is measured on: it is too high, and stands here "
    "only for comparison with papers that report it."
)
_COMPARED = (
    "How much better (+) or worse (−) each method is. Points: the difference of the accuracies "
    "above in percentage points, mean ± standard deviation over the seeds that both methods have. "
    "The other columns compare the answers of the last epoch picture by picture: the 95 % interval "
    "of the difference with other seeds and other pictures (a hierarchical bootstrap; with one "
    "seed it covers the pictures alone), and McNemar's p, one per seed: "
    "the chance of a difference at least this large if both methods were equally good."
)
_OTHERS = (
    "Means over the last epochs and the seeds, as above. p is the first guess of DWMCA+APCL, "
    "before its anchors and attention correct it; the other methods have only one answer. ECE is "
    "the calibration error, 0 is best."
)
_PURIFYING = (
    "At the end of the runs, on the training pictures as they are (not augmented), means over the "
    f"seeds. {HOW_TO_READ}"
)
_MEMORY = (
    "How the training pictures with a changed label are answered during each epoch, means over the "
    "seeds. Left: the share whose answer repeats the wrong label (memorised). Right: the share "
    "whose answer is the label before noise (corrected)."
)


def write_comparison(grid: Grid) -> Path:
    """Write OUT/benchmark.md and OUT/index.html, with the cells there are; returns the page."""
    grid.refresh()
    results = grid.results()
    tables = _found(results)
    write_json(grid.out / "benchmark.json", numbers(tables))
    return write_document(grid.out, "benchmark", _TITLE, comparison(grid, results, tables))


def _found(results: Mapping[Cell, RunSummary]) -> Tables:
    """The measured runs by noise and method, in the order of the page."""
    found: dict[str, dict[str, dict[int, RunSummary]]] = {}
    for cell, summary in results.items():
        if "final" in summary.measured:
            found.setdefault(cell.noise, {}).setdefault(cell.method, {})[cell.seed] = summary
    order = in_order({cell.method for cell in results})
    return {
        noise: {m: Seeds(LABELS[m], found[noise][m]) for m in order if m in found[noise]}
        for noise in sorted(found)
    }


def comparison(grid: Grid, results: Mapping[Cell, RunSummary], tables: Tables) -> list[Section]:
    """The sections of the page."""
    sections = [Section("What was run", tuple(_state(grid, results)))]
    tuning = read_tuning(grid.out)
    if tuning is not None:
        sections.append(tuned(tuning))
    if tables:
        sections.append(Section("All methods", (_plot(tables), *rank_blocks(tables))))
    for noise, lines in tables.items():
        sections.append(Section(_noise(noise, lines), tuple(_tables(grid, noise, lines))))
    if tables:
        sections.append(Section("What each method costs", (costs(grid, results),)))
        sections.append(
            Section("What is not as released", _departures({c.method for c in results}))
        )
    return [*sections, cited(_layout(grid))]


def _departures(lines: Collection[str]) -> tuple[Block, ...]:
    """Of the methods among `lines`, and of those that these are variants of."""
    methods = in_order({VARIANTS[m].method if m in VARIANTS else m for m in lines})
    rows = tuple((LABELS[m], "; ".join(DEPARTURES[m])) for m in methods if m in DEPARTURES)
    if not rows:
        return (Text(EVERY_METHOD),)
    return Text(EVERY_METHOD), Table(
        ("method", "differs from its released code in"), rows, words=True
    )


def _layout(grid: Grid) -> str:
    return grid.base.data.partition(":")[0]


def _state(grid: Grid, results: Mapping[Cell, RunSummary]) -> Iterator[Block]:
    states = grid.progress
    if len(results) < len(states):
        yield Text(
            f"{len(results)} of {len(states)} cells are done (a cell is one training run); the "
            "others are missing below.",
            warning=True,
        )
    failed = tuple((c.folder, p.error) for c, p in states.items() if p.state == "failed")
    if failed:
        yield Table(("cell that failed", "why"), failed, words=True)
    base = grid.base
    facts = [
        ("data", f"{_layout(grid)}, measured on its {base.measure_on} part"),
        *_networks(grid),
        ("epochs, batch", f"{base.epochs}, {base.batch_size}"),
        ("sampler", base.sampler),
        ("seeds of training", ", ".join(str(s) for s in sorted({c.seed for c in states}))),
        ("seed of the noise", str(base.noise.seed)),
        (
            "hours of training",
            f"{sum(s.hours for s in results.values()):.2f} in {len(results)} runs",
        ),
    ]
    if base.pictures:
        facts.insert(1, ("training pictures", f"{base.pictures} drawn from all"))
    yield Table(("", ""), tuple(facts), words=True)


def _networks(grid: Grid) -> list[tuple[str, str]]:
    """The facts about networks, as far as there are cells they are about."""
    configs = [grid.config(cell) for cell in grid.progress]
    ours = {c.architecture_config().image_backbone for c in configs if c.method == "ours"}
    others = {c.backbone for c in configs if c.method != "ours"}
    names = sorted(ours | others)
    if len(names) > 1:
        names = [f"ours {', '.join(ours)}, the others {', '.join(others)}"]
    facts = [("image backbone", names[0])]
    return [("architecture of ours", grid.base.architecture), *facts] if ours else facts


def _noise(noise: str, lines: Mapping[str, Seeds]) -> str:
    if noise == "natural":
        return "Natural noise"
    if float(noise) == 0:
        return "Labels as they are"
    return f"{100 * float(noise):g} % {_one(lines).noise_kind} noise"


def _one(lines: Mapping[str, Seeds]) -> RunSummary:
    return next(iter(next(iter(lines.values())).runs.values()))


def _plot(tables: Tables) -> Plot:
    panels = {
        _noise(noise, lines): {
            line.label: (
                [s.measured["final"].accuracy.mean for s in line.runs.values()],
                line.interval,
            )
            for line in lines.values()
        }
        for noise, lines in tables.items()
    }
    names = [LABELS[m] for m in in_order({m for lines in tables.values() for m in lines})]
    return Plot(
        "Accuracy of the final answer",
        figures.rows_compared(names, panels),
        "Dots are means over the seeds, strokes are single seeds. Pale bars are 95 % intervals: "
        "how far the accuracy could lie from this with other seeds and other pictures of the same "
        "kind. Where the bars of two methods overlap widely, these runs cannot tell which of the "
        "two is better.",
    )


def _tables(grid: Grid, noise: str, lines: Mapping[str, Seeds]) -> Iterator[Block]:
    yield _accuracies(grid, noise, lines)
    accuracy = {line.label: line.by_epoch(_accuracy) for line in lines.values()}
    yield Plot(
        "Accuracy by epoch",
        figures.epochs_compared(f"curves {noise}", {"Measured accuracy": accuracy}, COLOURS),
        "Accuracy on the measured pictures with clean labels after each epoch, means over the "
        "seeds. No decision in training depends on it.",
        _numbers({"": accuracy}),
    )
    memory = {
        "Wrong label repeated": _remembered(lines, "flipped_fits_wrong"),
        "Wrong label corrected": _remembered(lines, "flipped_recovered"),
    }
    if all(memory.values()):
        drawn = figures.epochs_compared(f"memory {noise}", memory, COLOURS)
        numbers = {title.removeprefix("Wrong label "): shown for title, shown in memory.items()}
        yield Plot("Memorisation", drawn, _MEMORY, _numbers(numbers))
    yield from _compared(lines)
    yield _others(lines)
    yield from _purified(lines)


def _compared(lines: Mapping[str, Seeds]) -> Iterator[Block]:
    bases = ("cross_entropy", "ours_baseline", "ours")
    others = [name for name in bases if name in lines and len(lines) > 1]
    if others:
        yield Text(_COMPARED)
    for name in others:
        base = lines[name]
        yield Table(
            (f"against {base.label}", *GAIN),
            tuple((s.label, *gain(base.runs, s.runs)) for s in lines.values() if s is not base),
        )


def _others(lines: Mapping[str, Seeds]) -> Table:
    rows = [
        (
            s.label, _of(s, "accuracy", "p") if _two_answers(s) else ABSENT,
            _of(s, "macro_f1"), plain(s.over("ece").mean),
        )
        for s in lines.values()
    ]  # fmt: skip
    return Table(("method", "accuracy of p (%)", "macro F1 (%)", "ECE"), tuple(rows), _OTHERS)


def _purified(lines: Mapping[str, Seeds]) -> Iterator[Block]:
    """None without noise, where no label is known to be wrong."""
    rows = []
    for line in lines.values():
        for name in ("final", "p") if _two_answers(line) else ("final",):
            if line.purification(name, "recovery") is None:
                continue
            shares = (line.purification(name, w) for w in ("recovery", "memorised", "damage"))
            auroc = plain(line.purification(name, "auroc"))
            label = line.label if name == "final" else f"{line.label}: {name}"
            rows.append((label, *(percent(share, 1) for share in shares), auroc))
    if rows:
        head = ("method", "recovery (%)", "repeated (%)", "damage (%)", "AUROC")
        yield Table(head, tuple(rows), _PURIFYING)


def _two_answers(line: Seeds) -> bool:
    """Whether L_final is more than p."""
    run = next(iter(line.runs.values()))
    return run.method == "ours" and run.corrections != "none"


def _remembered(lines: Mapping[str, Seeds], key: str) -> dict[str, list[float | None]]:
    """Of the methods that have it: none without noise."""
    found = {line.label: line.by_epoch(lambda e: e.memory.get(key)) for line in lines.values()}
    return {label: values for label, values in found.items() if any(v is not None for v in values)}


def _accuracy(epoch: Epoch) -> float | None:
    return epoch.measured["final"].accuracy if "final" in epoch.measured else None


def _numbers(panels: Mapping[str, Lines]) -> Table:
    return by_epoch({
        f"{label} {title}".strip() + " (%)": [percent(value) for value in values]
        for title, lines in panels.items()
        for label, values in lines.items()
    })  # fmt: skip


def _accuracies(grid: Grid, noise: str, lines: Mapping[str, Seeds]) -> Table:
    """With the paper's column only beside figures about the same pictures and noise."""
    first = _one(lines)
    head = [
        "method", "seeds", "accuracy (%)", "last epoch (%)", "95 % interval", "mean class (%)",
        "best epoch, chosen on these pictures (%)",
    ]  # fmt: skip
    same = _layout(grid) == "rafdb" and first.noise_kind == "symmetric"
    paper = paper_column(noise) if same else {}
    if paper:
        head.append("cited from the paper, RAF-DB (%)")
    rows = []
    for line in lines.values():
        row = [
            line.label, str(len(line.runs)), _of(line, "accuracy"),
            spread(line.last_epoch.mean, line.last_epoch.std),
            interval(line.interval) if line.interval else ABSENT,
            _of(line, "mean_class_accuracy"),
            spread(line.best_epoch.mean, line.best_epoch.std),
        ]  # fmt: skip
        if paper:
            own = paper.get(line.label)
            row.append(percent(own.accuracy) if own else "not in the paper")
        rows.append(tuple(row))
    caption = _PROTOCOL.format(
        last=first.averaged,
        of=first.epochs,
        part=first.measure_on,
        n=f"{first.measured['final'].n:,}",
    )
    return Table(tuple(head), tuple(rows), caption)


def _of(line: Seeds, what: str, name: str = "final") -> str:
    value = line.over(what, name)
    return spread(value.mean, value.std)
