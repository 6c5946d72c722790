"""A report as one HTML page in a single file that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ferdesk.session import drawing
from ferdesk.session import report_words as words
from ferdesk.session.drawing import Points
from ferdesk.session.report import Report
from ferdesk.templates import render

_TEMPLATE: Final = "ferdesk/session/report.html.j2"


def page(report: Report) -> str:
    """The HTML; SVG and style are inside, nothing is loaded."""
    return render(
        _TEMPLATE,
        report=report,
        words=words,
        svg=_svg,
        style=(Path(__file__).parent / "report.css").read_text(encoding="utf-8"),
        width=drawing.WIDTH,
        height=drawing.HEIGHT,
    )


def _svg(points: Points) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
