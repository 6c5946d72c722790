"""A report as Markdown: every figure that the page shows, without its drawings and pictures."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.report.blocks import Section
from trainer.templates import render


def markdown(title: str, sections: Sequence[Section]) -> str:
    """The whole document."""
    return render("report/page.md.j2", title=title, sections=sections)
