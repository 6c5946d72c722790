"""The review page: pictures of the user's own cache, and buttons whose decisions are saved as a
file of overrides. One file, no network; it holds pictures of the data set, so it stays in OUT."""

from __future__ import annotations

import base64
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.files import write_text
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.templates import render
from trainer.audit.confident import VERDICTS, Findings
from trainer.audit.folds import Pictures
from trainer.report.blocks import Block, Plot, Section, Text, Tile, Tiles
from trainer.report.plots import confusion
from trainer.report.tables import matrix, percent

_TOO_LOW = 0.5
"""Share of labels confirmed below which the page warns."""
_MEANING = {
    "suspected wrong": "another label is more likely",
    "ambiguous": "no label is clearly the most likely",
    "duplicate": "copies that have different labels",
    "ok": "nothing speaks against the label",
}
_EDGE = 96
_QUALITY = 80


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
    entries = _entries(pictures, findings, flagged[:shown])
    counts = Counter(entry["verdict"] for entry in entries)
    verdicts = {verdict: counts[verdict] for verdict in VERDICTS if verdict != "ok"}
    page = render(
        "trainer/audit/page.html.j2",
        title="Audit of the labels",
        sections=[_overview(found), _matrix(found)],
        data={"key": pictures.digest()[:16], "classes": EXPRESSIONS, "pictures": entries},
        flagged=len(flagged),
        verdicts=verdicts,
        first=next((verdict for verdict, count in verdicts.items() if count), ""),
    )
    write_text(path, page)


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
    agreement = percent(found["agreement"], 1)
    made = (
        Tile("labels confirmed", f"{agreement} %", "are what the networks would say first"),
        Tile("labels estimated wrong", f"{percent(found['noise']['rate'], 1)} %"),
        Tile("copies", str(found["copies"]), "pictures that occur more than once"),
    )
    blocks: list[Block] = [
        Tiles(made),
        Tiles(tuple(Tile(v, str(n), _MEANING.get(v, "")) for v, n in found["verdicts"].items())),
        Text(found["made"]["answers"]),
    ]
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
        words = (
            f"Here the truth is known: {truth['wrong']} labels ({percent(truth['rate'], 1)} %) are "
            f"wrong, and {percent(truth['recall'], 1)} % of these are suspected."
        )
        if truth["precision"] is not None:
            words += (
                f" Of the suspected labels, {percent(truth['precision'], 1)} % are really wrong."
            )
        blocks.append(Text(words))
    return Section("Overview", tuple(blocks))


def _matrix(found: dict[str, Any]) -> Section:
    joint = np.array(found["noise"]["given_by_true"])
    plot = Plot(
        "Which label was given where another is true",
        confusion(joint.round().astype(np.int64), "label given", "true label, estimated"),
        "Each row holds the pictures that were given one label; the columns say what they are "
        "estimated to show. Large figures are percent of the row, small ones numbers of pictures. "
        "Blue labels are right, orange ones are wrong.",
        matrix("given \\ true", joint),
    )
    return Section("Noise matrix", (plot,))
