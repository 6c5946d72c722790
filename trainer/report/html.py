"""A report as one HTML page that needs nothing but itself: no network and no script."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.report.blocks import Section
from trainer.templates import render


def html(title: str, sections: Sequence[Section]) -> str:
    """The whole page."""
    return render("report/page.html.j2", title=title, sections=sections)
