"""What papers print, apart from figures of our own."""

from __future__ import annotations

from trainer.report.blocks import Block, Section, Text
from trainer.report.lines import LABELS
from trainer.report.published import (
    ELSEWHERE,
    NOT_COMPARABLE,
    PAPER,
    TABLE_1,
    TABLES_2_TO_4,
    Published,
)
from trainer.report.tables import ABSENT, Table, spread


def paper_column(noise: str) -> dict[str, Published]:
    """Label → the paper's accuracy at a noise on RAF-DB; empty where it has none."""
    printed = [(p.method, p) for p in TABLES_2_TO_4]
    printed += [(LABELS[variant], p) for variant, p in TABLE_1.items()]
    return {label: p for label, p in printed if f"{p.noise:g}" == noise}


def cited(layout: str) -> Section:
    """Tables I to IV of the paper and what other papers print; `layout` is that of our data."""
    blocks: list[Block] = []
    if layout != "rafdb":
        blocks.append(Text(NOT_COMPARABLE, warning=True))
    blocks.append(Text(f"The paper: {PAPER}."))
    rows: dict[tuple[str, str, str], dict[str, Published]] = {}
    for p in (*TABLES_2_TO_4, *TABLE_1.values(), *ELSEWHERE):
        rows.setdefault((p.method, p.backbone, p.source), {})[f"{p.noise:g}"] = p
    lines = tuple(
        (
            method,
            *(
                spread(own[n].accuracy, own[n].std) if n in own else ABSENT
                for n in ("0.1", "0.2", "0.3")
            ),
            backbone or ABSENT,
            source,
        )
        for (method, backbone, source), own in rows.items()
    )
    head = ("method", "10 % noise", "20 % noise", "30 % noise", "backbone", "read in")
    caption = (
        "Accuracy (%) on RAF-DB with symmetric noise, as printed in the source named last. The "
        "papers drew the noise differently, often report the best epoch on the test pictures, and "
        "often begin with backbones trained on millions of faces."
    )
    return Section("Cited from papers", (*blocks, Table(head, lines, caption, words=True)))
