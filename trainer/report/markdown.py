"""A report as Markdown: every figure that the page shows, without its drawings and pictures."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.report.blocks import Block, Gallery, Markup, Plot, Section, Text, Tiles
from trainer.report.tables import Table


def markdown(title: str, sections: Sequence[Section]) -> str:
    """The whole document."""
    parts = [f"# {title}"]
    for section in sections:
        parts.append(f"## {section.title}")
        parts += [_block(block).strip() for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block) -> str:
    match block:
        case Text(text, warning):
            return f"**{text}**" if warning else text
        case Tiles(tiles):
            return "\n".join(
                f"* {t.label}: **{t.value}**" + (f" ({t.note})" if t.note else "") for t in tiles
            )
        case Plot(title, _, caption, numbers):
            table = "" if numbers is None else f"\n\n{numbers.markdown()}"
            return f"### {title}\n\n{caption}{table}"
        case Gallery(pictures):
            return "\n".join(f"* `{p.name}`: {'; '.join(p.lines)}" for p in pictures)
        case Table():
            return block.markdown()
        case Markup():
            return ""
