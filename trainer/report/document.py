"""A report as an HTML page that needs nothing but itself, and as Markdown with the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferdesk.files import write_text
from ferdesk.templates import render
from trainer.report.blocks import Section


def html(title: str, sections: Sequence[Section]) -> str:
    """The whole page: no network, no script."""
    return render("trainer/report/page.html.j2", title=title, sections=sections)


def markdown(title: str, sections: Sequence[Section]) -> str:
    """Every figure that the page shows, without its drawings and pictures."""
    return render("trainer/report/page.md.j2", title=title, sections=sections)


def write_document(folder: Path, name: str, title: str, sections: Sequence[Section]) -> Path:
    """Write ``index.html`` and ``<name>.md`` into `folder`; returns the page.

    FerdeskError where the folder may not be written or the disk is full.
    """
    write_text(folder / f"{name}.md", markdown(title, sections))
    page = folder / "index.html"
    write_text(page, html(title, sections))
    return page
