"""What a report is made of, before it is Markdown or HTML.

`kind` names the macro that draws a block, in blocks.html.j2 and blocks.md.j2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from trainer.report.tables import Table


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph of plain text."""

    kind: ClassVar[str] = "text"

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure in large type."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Figures side by side."""

    kind: ClassVar[str] = "tiles"

    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing, how to read it, and the numbers it shows."""

    kind: ClassVar[str] = "plot"

    title: str
    svg: str
    """One `<svg>` element, trusted: it stands in a page as it is."""
    caption: str
    numbers: Table | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a gallery."""

    name: str
    lines: tuple[str, ...]
    """What is said below it."""
    png: str = ""
    """base64; empty where only the name is shown."""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures by name, with thumbnails where the user's own cache has them."""

    kind: ClassVar[str] = "gallery"

    pictures: tuple[Picture, ...]


Block = Text | Tiles | Table | Plot | Gallery


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what follows it."""

    title: str
    blocks: tuple[Block, ...]
