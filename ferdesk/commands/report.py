"""`ferdesk report`: a page or a PDF about one session or several."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from ferdesk.commands.output import to_stdout
from ferdesk.errors import FerdeskError
from ferdesk.session.session import Session


def write_report(
    places: Sequence[Path],
    out: Path | None = None,
    *,
    overwrite: bool = False,
    say: Callable[[str], object] = to_stdout,
) -> int:
    """Write it and say where it is; 0. Raises FerdeskError.

    The suffix of `out` decides between HTML and PDF. Without `out` the page of one session becomes
    its report.html, replacing an earlier one.
    """
    from ferdesk.ui.paint.report_pdf import save_report

    if out is None and len(places) > 1:
        raise FerdeskError("Say where the page of several sessions should go: --out FILE.")
    if out is not None and out.exists() and not overwrite:
        raise FerdeskError(f"'{out}' is there already; add --overwrite to replace it.")
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(Session.open(place)) for place in places]
        for note in (note for session in sessions for note in session.notes):
            say(f"{note}\n")
        path = out or sessions[0].folder / "report.html"
        save_report(sessions, path)
    say(f"Report: {path.resolve()}\n")
    return 0
