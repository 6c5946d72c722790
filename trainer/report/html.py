"""A report as one HTML page that needs nothing but itself: no network, and no script but that of a
`Markup`."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from trainer.report.blocks import Block, Gallery, Markup, Picture, Plot, Section, Text, Tiles
from trainer.report.tables import Table

_STYLE = """\
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5c636b; --line: #d9dde2;
  --page: #ffffff; --card: #f6f7f9; --blue: #1f6fd1; --warn: #9a5b00; --warnbg: #fff4e0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a3abb4; --line: #363c43;
  --page: #16181b; --card: #1f2226; --blue: #78b4ff; --warn: #ffc46b; --warnbg: #33270f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.35rem; margin: 3rem 0 .75rem; padding-top: 1.25rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.02rem; margin: 0 0 .5rem; }
p { max-width: 46rem; margin: .6rem 0; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; font-size: .92rem; }
a { color: var(--blue); text-decoration: none; } a:hover { text-decoration: underline; }
.warning { background: var(--warnbg); color: var(--warn); border-radius: 8px; padding: .6rem 1rem; }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0; }
.tile { flex: 1 1 10.5rem; background: var(--card); border-radius: 10px; padding: .8rem 1rem; }
.tile b { display: block; font-size: 1.6rem; line-height: 1.3; font-weight: 650; }
.tile span { color: var(--soft); font-size: .86rem; display: block; line-height: 1.4; }
.scroll { overflow-x: auto; margin: .8rem 0 1.2rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .32rem .8rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tbody th { font-weight: 500; }
tbody th, tbody td { white-space: nowrap; } table.words td { white-space: normal; }
table.words td, table.words thead th { text-align: left; }
figure.plot { margin: 1.2rem 0; background: var(--card); border-radius: 10px; padding: 1.1rem; }
figure.plot svg { display: block; width: 100%; height: auto; color: var(--ink);
  margin: 0 auto .4rem; }
figcaption { color: var(--soft); font-size: .92rem; max-width: 46rem; }
details { margin-top: .7rem; } summary { cursor: pointer; color: var(--blue); font-size: .92rem; }
.gallery { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; padding: 0;
  list-style: none; font-size: .82rem; line-height: 1.4; }
.gallery li { width: 10.8rem; background: var(--card); border-radius: 10px; padding: .6rem;
  overflow-wrap: anywhere; border: 2px solid transparent; }
.gallery li.marked { border-color: var(--blue); }
.gallery img { width: 100%; aspect-ratio: 1; border-radius: 6px; display: block;
  margin-bottom: .4rem; }
.gallery .name { color: var(--soft); font-size: .75rem; }
"""


def html(title: str, sections: Sequence[Section]) -> str:
    """The whole page."""
    links = "".join(
        f'<a href="#part-{i}">{escape(section.title)}</a>' for i, section in enumerate(sections)
    )
    parts = []
    for i, section in enumerate(sections):
        blocks = "\n".join(_block(block) for block in section.blocks)
        parts.append(
            f'<section id="part-{i}"><h2>{escape(section.title)}</h2>\n{blocks}\n</section>'
        )
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n<nav>{links}</nav>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Text(text, warning):
            kind = ' class="warning"' if warning else ""
            return f"<p{kind}>{escape(text)}</p>"
        case Tiles(tiles):
            inner = "".join(
                f'<div class="tile"><span>{escape(t.label)}</span><b>{escape(t.value)}</b>'
                f"<span>{escape(t.note)}</span></div>"
                for t in tiles
            )
            return f'<div class="tiles">{inner}</div>'
        case Plot():
            return _plot(block)
        case Gallery(pictures):
            return f'<ul class="gallery">{"".join(_picture(p) for p in pictures)}</ul>'
        case Table():
            return block.html()
        case Markup(own):
            return own


def _plot(plot: Plot) -> str:
    numbers = ""
    if plot.numbers is not None:
        numbers = f"<details><summary>The numbers</summary>{plot.numbers.html()}</details>"
    return (
        f'<figure class="plot"><h3>{escape(plot.title)}</h3>\n'
        f'<div role="img" aria-label="{escape(plot.title)}">{plot.svg}</div>\n'
        f"<figcaption>{escape(plot.caption)}</figcaption>{numbers}</figure>"
    )


def _picture(picture: Picture) -> str:
    image = ""
    if picture.png:
        image = f'<img src="data:image/png;base64,{picture.png}" alt="{escape(picture.name)}">'
    lines = "<br>".join(escape(line) for line in picture.lines)
    kind = ' class="marked"' if picture.marked else ""
    return f'<li{kind}>{image}{lines}<br><span class="name">{escape(picture.name)}</span></li>'
