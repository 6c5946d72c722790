"""A session's numbers as files for other programs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from ferdesk.commands.output import to_stdout
from ferdesk.errors import FerdeskError
from ferdesk.session.corrections import WrittenCorrections, write_corrections
from ferdesk.session.export import write_csv, write_parquet
from ferdesk.session.export_bids import write_tsv
from ferdesk.session.session import Session


def export(
    places: Sequence[Path],
    *,
    csv: Path | None = None,
    tsv: Path | None = None,
    parquet: Path | None = None,
    corrections: Path | None = None,
    face: int | None = None,
    overwrite: bool = False,
    say: Callable[[str], object] = to_stdout,
) -> int:
    """Write what was asked for and say where it is; 0. Raises FerdeskError.

    `face` leaves out all others. Nothing that is there is replaced without `overwrite`. Only
    `corrections` may be those of several sessions.
    """
    targets = [path for path in (csv, tsv, parquet, corrections) if path is not None]
    if not targets:
        raise FerdeskError("Say what to write: --csv, --tsv, --parquet or --corrections.")
    if len(places) > 1 and targets != [corrections]:
        raise FerdeskError(
            "Tables are of one session; several can be given with --corrections alone."
        )
    for path in targets:
        taken = path.is_dir() and any(path.iterdir()) if path in (tsv, corrections) else True
        if path.exists() and taken and not overwrite:
            raise FerdeskError(f"'{path}' is there already; add --overwrite to replace it.")
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(Session.open(place)) for place in places]
        for note in (note for session in sessions for note in session.notes):
            say(f"{note}\n")
        session = sessions[0]
        if csv is not None:
            say(f"{write_csv(session, csv, face=face)} rows: {csv.resolve()}\n")
        if parquet is not None:
            say(f"{write_parquet(session, parquet, face=face)} rows: {parquet.resolve()}\n")
        if tsv is not None:
            write_tsv(session, tsv, face=face)
            say(f"events.tsv, readings.tsv and their sidecars: {tsv.resolve()}\n")
        if corrections is not None:
            written = write_corrections(sessions, corrections)
            say(f"{written.in_words}\nThey lie in {corrections.resolve()}\n")
            say(_what_next(written, corrections))
    return 0


def _what_next(written: WrittenCorrections, folder: Path) -> str:
    if written.missing:
        return (
            f"The trainer needs all seven expressions; still missing: {', '.join(written.missing)}."
            " Corrections of several sessions can be exported together.\n"
        )
    return f"To learn from them: python -m trainer train --train.data manifest:{folder}\n"
