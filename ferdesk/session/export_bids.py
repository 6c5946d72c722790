"""A session as tab-separated files with JSON sidecars, in the manner of BIDS."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from ferdesk.files import make_folder, replacing, write_json
from ferdesk.session.export import table
from ferdesk.session.session import Session
from ferdesk.session.table import COLUMNS
from ferdesk.table.cells import cells, harmless
from ferdesk.table.columns import described

_MISSING: Final = "n/a"
_EVENT_COLUMNS: Final = ("onset", "duration", "trial_type", "origin", "face", "note")


def write_tsv(session: Session, folder: Path, *, face: int | None = None) -> None:
    """``events.tsv`` and ``readings.tsv`` with their ``.json`` in `folder`. FerdeskError."""
    make_folder(folder)
    _write(folder / "events.tsv", _EVENT_COLUMNS, _events(session))
    write_json(folder / "events.json", _events_sidecar(session))
    rows = (cells(COLUMNS, row) for row in table(session, face=face))
    _write(folder / "readings.tsv", COLUMNS, rows)
    write_json(folder / "readings.json", {**_about(session), **described(COLUMNS)})


def _events(session: Session) -> list[list[str]]:
    store = session.store
    rows: list[tuple[float, float, str, str, int | None, str]] = [
        *((e.onset, e.duration, e.label, str(e.origin), None, e.note) for e in store.events()),
        *((c.onset, c.duration, f"correction: {c.label}", "person", c.face, "")
          for c in store.corrections()),
        *((b.onset, b.duration, "baseline", "person", b.face, "") for b in store.baselines()),
    ]  # fmt: skip
    return [
        [f"{onset:.4f}", f"{duration:.4f}", harmless(label), origin,
         "" if face is None else str(face), harmless(note)]
        for onset, duration, label, origin, face, note in sorted(rows, key=lambda row: row[0])
    ]  # fmt: skip


def _write(path: Path, columns: Sequence[str], rows: Iterable[list[str]]) -> None:
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(columns)
        for row in rows:
            one_line = [cell.replace("\t", " ").replace("\n", " ") for cell in row]
            writer.writerow([cell or _MISSING for cell in one_line])
        text.detach()


def _events_sidecar(session: Session) -> dict[str, Any]:
    return {
        **_about(session),
        "onset": {"Description": "Seconds since the first frame of the session", "Units": "s"},
        "duration": {"Description": "How long it lasted; 0: a moment", "Units": "s"},
        "trial_type": {"Description": "Label of the event, 'correction: …' or 'baseline'"},
        "origin": {
            "Description": "Where it came from",
            "Levels": {
                "key": "Pressed while recording or set afterwards", "lsl": "A marker stream",
                "file": "Read from a file", "ferdesk": "Noted by the program",
                "person": "A correction or baseline set by a person",
            },
        },
        "face": {"Description": "Id of the face it concerns; n/a: every face"},
        "note": {"Description": "Free text"},
    }  # fmt: skip


def _about(session: Session) -> dict[str, Any]:
    return {
        "GeneratedBy": {"Name": "ferdesk", "Version": session.facts.get("ferdesk", "")},
        "Source": session.facts.get("source_detail", ""),
        "Start": session.facts.get("created", ""),
        "Analyses": [
            {
                "Start": a.started, "Checkpoint": a.checkpoint, "SHA256": a.checkpoint_sha256,
                "Device": a.device, "SmoothingSeconds": a.smoothing_seconds,
                "OperatingPoint": a.threshold, "Pass": a.pass_number,
            }
            for a in session.analyses
        ],
    }  # fmt: skip
