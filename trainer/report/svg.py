"""From a matplotlib figure to an SVG that stands inside a page, light or dark."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from typing import Any

INK = "#1c1e21"
"""Text and axes; becomes the colour of the page's text."""
SOFT = "#8b939c"
"""Lines that guide the eye; reads on white and on black."""
BLUE, ORANGE, GREEN, RED = "#2f7de1", "#e07b1a", "#1f9d6b", "#d9485f"


def _settings(salt: str) -> dict[Any, Any]:
    return {
        # Words stay words and ids do not change, so the same run always gives the same page.
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": SOFT,
        "grid.alpha": 0.25,
        "legend.frameon": False,
        "legend.labelcolor": INK,
        "lines.linewidth": 1.8,
        **{
            f"{part}color": INK
            for part in ("text.", "axes.label", "axes.edge", "axes.title", "xtick.", "ytick.")
        },
        **{f"{part}.facecolor": "none" for part in ("figure", "axes", "savefig")},
    }


@contextlib.contextmanager
def drawing(salt: str, width: float, height: float) -> Iterator[tuple[Any, list[str]]]:
    """A `Figure` of inches to draw on, and a list that holds its SVG after the block.

    `salt` keeps the ids of several drawings in one page apart.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(_settings(salt)):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        out: list[str] = []
        yield figure, out
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", dpi=160, metadata={"Date": None, "Creator": None})
        out.append(_inline(buffer.getvalue(), width))


def _inline(svg: str, width: float) -> str:
    """Only the `<svg>` element, in the page's own text colour, no wider than it was drawn."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace(INK, "currentColor")
    return svg.replace("<svg ", f'<svg style="max-width:{width:g}in" ', 1).strip()
