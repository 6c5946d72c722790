"""prepare: crop a data set into the cache and say what is in it, and what is wrong with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonargparse import ActionYesNo, ArgumentParser, Namespace

from ferdesk.model.labels import EXPRESSIONS
from trainer.commands.options import CACHE_HELP, command_parser

if TYPE_CHECKING:
    from trainer.data.counts import Census
    from trainer.data.packed import Index

_NAMED = 5


def parser() -> ArgumentParser:
    """The arguments of `prepare`."""
    prepare = command_parser(
        "Crop a data set into the cache, compare its counts with the official ones "
        "and say what is wrong.",
    )
    prepare.add_argument("--data", type=str, required=True, help="LAYOUT:PATH")
    prepare.add_argument(
        "--align",
        action=ActionYesNo(yes_prefix="", no_prefix="no-"),
        nargs="?",
        default=None,
        help="crop by landmarks as the app does, or scale whole pictures; default: by layout",
    )
    prepare.add_argument(
        "--geometry",
        action=ActionYesNo(yes_prefix="", no_prefix="no-"),
        nargs="?",
        default=None,
        help="find landmarks and blendshapes for the geometry stream, in pictures that stay whole, "
        "too; default: where pictures are cropped by landmarks",
    )
    prepare.add_argument("--cache", type=Path, default=Path(".cache"), help=CACHE_HELP)
    prepare.add_argument("--json", action="store_true", help="everything as JSON on stdout")
    return prepare


def run(options: Namespace) -> None:
    """Print what there is, then pack it; a data set that cannot be used ends in FerdeskError."""
    from trainer.data.counts import require_every_class, take_census
    from trainer.data.geometry import complete
    from trainer.data.packed import read_index
    from trainer.data.packing import pack, refuse_missing
    from trainer.data.sets import layout_of, read_examples, shown_progress

    data: str = options.data
    examples = read_examples(data)
    align = layout_of(data)[0].align if options.align is None else options.align
    geometry = align if options.geometry is None else options.geometry
    census = take_census(data.partition(":")[0], examples)
    folder, index = None, None
    try:
        refuse_missing(census.missing, len(examples))
        require_every_class((e.label for e in examples if e.split == "train"), data)
        with shown_progress(len(examples)) as progress:
            folder = pack(examples, options.cache, progress, align)
        if geometry:
            with shown_progress(len(examples), "landmarks of") as found:
                complete(folder, examples, found)
        index = read_index(folder)
    finally:
        # Also when it cannot be packed: the table shows why.
        shown = summary(data, align, census, folder, index)
        sys.stdout.write(json.dumps(shown) + "\n" if options.json else summary_text(shown))


def summary(
    data: str, align: bool, census: Census, folder: Path | None, index: Index | None
) -> dict[str, Any]:
    """What `prepare --json` prints; `folder` and `index` are None for what was not packed.

    `counts` are the pictures on disk, `packed` those that can be used.
    """
    layout, _, path = data.partition(":")
    result: dict[str, Any] = {
        "layout": layout,
        "data": path,
        "align": align,
        "counts": {p.split: _named(p.counts) for p in census.parts},
        "official": {p.split: _named(p.official) for p in census.parts if p.official},
        "problems": list(census.problems),
        "missing": [e.name for e in census.missing],
        "cache": None if folder is None else str(folder),
    }
    if index is not None:
        splits = [p.split for p in census.parts if p.split in index.splits]
        result["packed"] = {s: index.splits.count(s) for s in splits}
        result["aligned"] = {
            s: sum(a for a, own in zip(index.aligned, index.splits, strict=True) if own == s)
            for s in splits
        }
        result["unreadable"] = list(index.unreadable)
        result["duplicates_of_training"] = list(index.duplicates_of_training)
        result["duplicates_in_training"] = index.duplicates_in_training
    return result


def _named(counts: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(EXPRESSIONS, counts, strict=True))


def summary_text(shown: dict[str, Any]) -> str:
    """The summary as a table and sentences for people."""
    columns: list[tuple[str, list[str]]] = []
    for split, counts in shown["counts"].items():
        columns.append((split, _column(counts)))
        if split in shown["official"]:
            columns.append(("official", _column(shown["official"][split])))
    rows = [*EXPRESSIONS, "total"]
    lines = [f"{shown['layout']} {shown['data']}", ""]
    lines.append(" " * 12 + "".join(f"{title:>10}" for title, _ in columns))
    lines += [
        f"{name:12}" + "".join(f"{cells[row]:>10}" for _, cells in columns)
        for row, name in enumerate(rows)
    ]
    lines.append("")
    if "packed" in shown:
        lines += _packed_lines(shown)
    if shown["problems"]:
        lines += ["", "not as it should be:"]
        lines += [f"  {problem}" for problem in shown["problems"]]
    elif shown["official"]:
        lines += ["", "the counts are the official ones"]
    return "\n".join(lines).rstrip("\n") + "\n"


def _column(counts: dict[str, int]) -> list[str]:
    values = [counts[name] for name in EXPRESSIONS]
    return [f"{value:,}" for value in [*values, sum(values)]]


def _packed_lines(shown: dict[str, Any]) -> list[str]:
    packed: dict[str, int] = shown["packed"]
    lines = ["packed       " + ", ".join(f"{split} {n:,}" for split, n in packed.items())]
    if shown["align"]:
        shares = [
            f"{split} {shown['aligned'][split]:,} ({shown['aligned'][split] / n:.1%})"
            for split, n in packed.items()
        ]
        lines.append(f"by landmarks {', '.join(shares)}; the others whole")
    else:
        lines.append("by landmarks none: whole pictures, scaled")
    lines.append("unreadable   " + _listed(shown["unreadable"]))
    if len(packed) > 1 or shown["duplicates_of_training"]:
        lines.append(
            "left out as identical to a training picture  "
            + _listed(shown["duplicates_of_training"])
        )
    repeated = shown["duplicates_in_training"]
    if repeated is not None:
        lines.append(f"training pictures that repeat another one    {repeated:,}")
    return [*lines, f"cache        {shown['cache']}"]


def _listed(names: list[str]) -> str:
    if not names:
        return "none"
    more = ", …" if len(names) > _NAMED else ""
    return f"{len(names):,}: {', '.join(names[:_NAMED])}{more}"
