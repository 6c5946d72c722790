"""audit.csv, audit.json and probabilities.npz: what an audit found, as files."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferdesk.files import replacing, write_json, write_text
from ferdesk.model.labels import EXPRESSIONS
from trainer.audit.confident import CLOSE, LOW, VERDICTS, Findings
from trainer.audit.folds import Pictures

SCORE = "doubt"
"""1 − purified[given]."""


def write_table(path: Path, pictures: Pictures, findings: Findings) -> None:
    """audit.csv: one line per picture, most doubtful first, with the chance of each true label.

    `clean` only where it is known.
    """
    q = findings.purified
    known = bool((pictures.clean >= 0).all())
    given, text = pictures.given, io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["name", "given", "suggested", "probability", SCORE, "verdict", "group"]
    writer.writerow([*head, *(["clean"] if known else []), *EXPRESSIONS])
    names = pictures.names
    for row in findings.order().tolist():
        writer.writerow([
            names[row], EXPRESSIONS[given[row]], EXPRESSIONS[findings.suggested[row]],
            f"{q[row, given[row]]:.6f}", f"{findings.doubt[row]:.6f}", findings.verdicts[row],
            int(pictures.groups[row]),
            *([EXPRESSIONS[pictures.clean[row]]] if known else []),
            *(f"{value:.6f}" for value in q[row]),
        ])  # fmt: skip
    write_text(path, text.getvalue())


def write_probabilities(
    path: Path, pictures: Pictures, findings: Findings, answers: dict[str, NDArray[np.float32]]
) -> None:
    """probabilities.npz: names, given, clean (-1: not known), verdicts, every distribution."""
    arrays: dict[str, Any] = {**answers}
    with replacing(path) as file:
        np.savez_compressed(
            file, names=np.array(pictures.names), given=pictures.given,
            clean=pictures.clean, purified=findings.purified,
            verdicts=np.array(findings.verdicts), **arrays,
        )  # fmt: skip


def summary(
    pictures: Pictures, findings: Findings, q: NDArray[np.float32], made: dict[str, Any]
) -> dict[str, Any]:
    """audit.json: counts, the noise matrix, and how it was made."""
    counts = {verdict: int(findings.is_a(verdict).sum()) for verdict in VERDICTS}
    out: dict[str, Any] = {
        "pictures": len(findings.verdicts),
        "agreement": float((q.argmax(axis=1) == pictures.given).mean()),
        "verdicts": counts,
        "copies": int((np.bincount(pictures.groups)[pictures.groups] > 1).sum()),
        "noise": {
            "rate": findings.noise_rate,
            "classes": list(EXPRESSIONS),
            "given_by_true": findings.joint.round(3).tolist(),
            "thresholds": findings.thresholds.tolist(),
        },
        "rules": {"score": f"{SCORE} = 1 - purified[given]", "close": CLOSE, "low": LOW},
        "made": made,
    }
    known = pictures.clean >= 0
    if known.all():
        wrong = pictures.given != pictures.clean
        suspected = findings.is_a("suspected wrong")
        hits = int((wrong & suspected).sum())
        out["truth"] = {
            "wrong": int(wrong.sum()),
            "rate": float(wrong.mean()),
            "precision": hits / int(suspected.sum()) if suspected.any() else None,
            "recall": hits / int(wrong.sum()) if wrong.any() else None,
        }
    return out


def write_results(
    out: Path, pictures: Pictures, findings: Findings, answers: dict[str, NDArray[np.float32]],
    made: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """All three files; returns what audit.json says."""
    found = summary(pictures, findings, answers["final"], made)
    write_table(out / "audit.csv", pictures, findings)
    write_probabilities(out / "probabilities.npz", pictures, findings, answers)
    write_json(out / "audit.json", found)
    return found
