"""The review page: pictures of the user's own cache, and buttons whose decisions are saved as a
file of overrides. One file, no network; it holds pictures of the data set, so it stays in OUT."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.files import json_text, write_text
from ferdesk.model.labels import EXPRESSIONS
from trainer.audit.confident import VERDICTS, Findings
from trainer.audit.folds import Pictures
from trainer.report.blocks import Markup, Plot, Section, Text, Tile, Tiles
from trainer.report.html import html
from trainer.report.plots import confusion
from trainer.report.tables import Table, percent

_TOO_LOW = 0.5
"""Share of labels confirmed below which the page warns."""
_EDGE = 96
_QUALITY = 80
_STYLE = """
.bar { position: sticky; top: 0; z-index: 1; background: var(--page); padding: .6rem 0;
  display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
button, select { font: inherit; font-size: .82rem; margin: .25rem .25rem 0 0; max-width: 100%; }
button[aria-pressed=true] { outline: 2px solid var(--blue); font-weight: 650; }
"""


def jpeg(crop: NDArray[np.uint8]) -> str:
    """A small JPEG of an (S, S, 3) RGB crop, as base64."""
    small = cv2.resize(crop, (_EDGE, _EDGE), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, _QUALITY)
    )
    return base64.b64encode(data.tobytes()).decode()


def write_page(
    path: Path, pictures: Pictures, findings: Findings, found: dict[str, Any], shown: int
) -> None:
    """Write the page with the `shown` most doubtful pictures that are not ok."""
    flagged = [row for row in findings.order().tolist() if findings.verdicts[row] != "ok"]
    content = json_text(
        {
            "key": pictures.digest()[:16],
            "classes": EXPRESSIONS,
            "pictures": _entries(pictures, findings, flagged[:shown]),
        }
    )
    # "<" would end the script early where a file name says so.
    content = content.replace("<", "\\u003c")
    script = (Path(__file__).parent / "review.js").read_text(encoding="utf-8")
    review = Section(
        "Review",
        (
            Text(
                f"The {min(shown, len(flagged))} most doubtful of {len(flagged)} pictures that "
                "are not ok. Decisions stay in this browser where it allows that; save them as "
                "overrides.csv and train with --train.overrides overrides.csv."
            ),
            Markup(
                f"<style>{_STYLE}</style>{_controls()}"
                f'<script type="application/json" id="pictures">{content}</script>\n'
                f"<script>\n{script}</script>"
            ),
        ),
    )
    write_text(path, html("Audit of the labels", [_overview(found), _matrix(found), review]))


def _controls() -> str:
    def options(words: tuple[str, ...]) -> str:
        return "".join(f'<option value="{escape(w)}">{escape(w)}</option>' for w in words)

    return (
        '<div class="bar"><select id="verdict" aria-label="verdict">'
        f'{options(VERDICTS[:-1])}<option value="">every verdict</option></select>'
        '<select id="given" aria-label="given label"><option value="">every label</option>'
        f'{options(EXPRESSIONS)}</select><button id="before" type="button">◂ before</button>'
        '<button id="after" type="button">next ▸</button><span id="page"></span>'
        '<span id="decided"></span><button id="save" type="button">save decisions</button></div>'
        '<ul class="gallery" id="cards"></ul>'
    )


def _entries(pictures: Pictures, findings: Findings, rows: list[int]) -> list[dict[str, Any]]:
    q, given, names = findings.purified, pictures.given, pictures.names
    copies: dict[int, list[int]] = {}
    for row, group in enumerate(pictures.groups.tolist()):
        copies.setdefault(group, []).append(row)
    return [
        {
            "name": names[row],
            "given": EXPRESSIONS[given[row]],
            "suggested": EXPRESSIONS[findings.suggested[row]],
            "probability": float(q[row, given[row]]),
            "other": float(q[row, findings.suggested[row]]),
            "verdict": findings.verdicts[row],
            "same": [
                f"{names[other]} ({EXPRESSIONS[given[other]]})"
                for other in copies[int(pictures.groups[row])]
                if other != row
            ],
            "jpeg": jpeg(pictures.source.crops[pictures.rows[row]]),
        }
        for row in rows
    ]


def _overview(found: dict[str, Any]) -> Section:
    verdicts, made = found["verdicts"], found["made"]
    tiles = [Tile(verdict, str(count)) for verdict, count in verdicts.items()]
    agreement = percent(found["agreement"], 1)
    tiles.append(Tile("labels confirmed", f"{agreement} %", "are the networks' own first choice"))
    tiles.append(Tile("copies", str(found["copies"]), "pictures that are there more than once"))
    tiles.append(Tile("estimated noise", f"{percent(found['noise']['rate'], 1)} %", "of labels"))
    blocks: list[Any] = [Tiles(tuple(tiles)), Text(made["answers"])]
    if found["agreement"] < _TOO_LOW:
        blocks.append(
            Text(
                f"The networks confirm only {agreement} % of the labels. Either most labels are "
                "wrong, or they have learnt too little to judge: train for more epochs, from "
                "published weights, before deciding anything by this page.",
                warning=True,
            )
        )
    truth = found.get("truth")
    if truth:
        blocks.append(
            Text(
                f"The truth is known here: {truth['wrong']} labels ({percent(truth['rate'], 1)} %) "
                f"are wrong; of the pictures suspected {percent(truth['precision'], 1)} % are, "
                f"and {percent(truth['recall'], 1)} % of the wrong ones are suspected."
            )
        )
    return Section("Overview", tuple(blocks))


def _matrix(found: dict[str, Any]) -> Section:
    joint = np.array(found["noise"]["given_by_true"])
    numbers = Table(
        ("given \\ true", *EXPRESSIONS),
        tuple(
            (name, *(f"{value:.0f}" for value in row))
            for name, row in zip(EXPRESSIONS, joint, strict=True)
        ),
    )
    plot = Plot(
        "Which label was given where another is true",
        confusion(joint.round().astype(np.int64), "label given", "true label, estimated"),
        "A row holds the pictures that were given one label. Large figures are percent of the row, "
        "small ones pictures, both estimated from the confident answers. Orange is wrong.",
        numbers,
    )
    return Section("Noise matrix", (plot,))
