"""A session as tab-separated files with JSON sidecars, in the manner of BIDS."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from ferdesk.files import make_folder, replacing, write_json
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.session.export import safe, table
from ferdesk.session.records import CORRECTIONS
from ferdesk.session.session import Session
from ferdesk.session.table import COLUMNS, as_text

_MISSING: Final = "n/a"
_EVENT_COLUMNS: Final = ("onset", "duration", "trial_type", "origin", "face", "note")
_PROBABILITY: Final = "Chance of {name}, in the distribution {what}"

_TEXTS: Final[dict[str, dict[str, Any]]] = {
    "onset": {"Description": "Seconds since the first frame of the session", "Units": "s"},
    "time": {"Description": "Capture time of the frame since the session's first", "Units": "s"},
    "frame": {"Description": "Number of the captured frame, from 0"},
    "face": {"Description": "Id of the face, the same from frame to frame; 0: no face"},
    "x": {"Description": "Left edge of the box round the landmarks", "Units": "pixel"},
    "y": {"Description": "Upper edge of the box round the landmarks", "Units": "pixel"},
    "width": {"Description": "Width of the box", "Units": "pixel"},
    "height": {"Description": "Height of the box", "Units": "pixel"},
    "c_p": {"Description": "Confidence of the primary distribution, 0 to 1"},
    "c_g": {"Description": "Confidence of the geometric correction, 0 to 1"},
    "c_a": {"Description": "Confidence of the attentive correction, 0 to 1"},
    "c_t": {"Description": "Confidence of the corrected distribution, 0 to 1"},
    "label": {
        "Description": "Likeliest expression, smoothed over time",
        "Levels": {
            **{name: f"The face shows {name}" for name in EXPRESSIONS},
            "unsure": "Withheld: less reliable than the operating point",
        },
    },
    "reliability": {"Description": "Chance that the label is right, 0 to 1"},
    "prediction_set": {"Description": "Expressions that remain possible at 90 %, joined by +"},
    "correction": {
        "Description": "What a person said about this face at this time",
        "Levels": {name: f"A person said: {name}" for name in CORRECTIONS},
    },
    "yaw": {"Description": "Head turned to the right edge of the picture", "Units": "degree"},
    "pitch": {"Description": "Head turned up", "Units": "degree"},
    "roll": {"Description": "Head tilted clockwise in the picture", "Units": "degree"},
    "size": {"Description": "Distance of the outer eye corners, yaw corrected", "Units": "pixel"},
    "sharpness": {"Description": "Variance of the Laplacian of the crop over its variance"},
    "brightness": {"Description": "Mean grey value of the crop, 0 to 1"},
    "source_frame": {"Description": "Number of the frame as its source counts"},
    "source_time": {"Description": "Time of the frame as its source counts", "Units": "s"},
}


def write_tsv(session: Session, folder: Path, *, face: int | None = None) -> None:
    """``events.tsv`` and ``readings.tsv`` with their ``.json`` in `folder`. FerdeskError."""
    make_folder(folder)
    _write(folder / "events.tsv", _EVENT_COLUMNS, _events(session))
    write_json(folder / "events.json", _events_sidecar(session))
    _write(folder / "readings.tsv", COLUMNS, (as_text(row) for row in table(session, face=face)))
    write_json(folder / "readings.json", _readings_sidecar(session))


def _events(session: Session) -> list[list[str]]:
    store = session.store
    rows: list[tuple[float, float, str, str, int | None, str]] = [
        *((e.onset, e.duration, e.label, str(e.origin), None, e.note) for e in store.events()),
        *((c.onset, c.duration, f"correction: {c.label}", "person", c.face, "")
          for c in store.corrections()),
        *((b.onset, b.duration, "baseline", "person", b.face, "") for b in store.baselines()),
    ]  # fmt: skip
    return [
        [f"{onset:.4f}", f"{duration:.4f}", label, origin, "" if face is None else str(face), note]
        for onset, duration, label, origin, face, note in sorted(rows, key=lambda row: row[0])
    ]


def _write(path: Path, columns: Sequence[str], rows: Iterable[list[str]]) -> None:
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(columns)
        for row in rows:
            one_line = [cell.replace("\t", " ").replace("\n", " ") for cell in row]
            writer.writerow([cell or _MISSING for cell in safe(one_line)])
        text.detach()


def _events_sidecar(session: Session) -> dict[str, Any]:
    return {
        **_about(session),
        "onset": _TEXTS["onset"],
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


def _readings_sidecar(session: Session) -> dict[str, Any]:
    columns = dict(_TEXTS)
    for prefix, what in (
        ("probability", "shown: calibrated and smoothed over time"),
        ("final", "of this frame alone, calibrated"),
        ("p", "of the network before any correction, this frame alone"),
    ):
        for name in EXPRESSIONS:
            text = _PROBABILITY.format(name=name, what=what)
            columns[f"{prefix}_{name}"] = {"Description": text}
    return {**_about(session), **{name: columns[name] for name in COLUMNS}}


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
