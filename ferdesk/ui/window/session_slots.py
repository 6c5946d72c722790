"""Which command of the window does what with recordings, sessions and videos."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ferdesk.ui.actions import Actions
from ferdesk.ui.window.correcting import EXCLUDED
from ferdesk.ui.window.recording import MARK

if TYPE_CHECKING:
    from ferdesk.ui.window.session_work import SessionWork


def connect_commands(work: SessionWork, commands: Actions) -> None:
    """From now on the commands do it."""
    review, transport, editing = work.review, work.bar.transport, work.editing
    slots: dict[str, Callable[[], object]] = {
        "record": work.recording.toggle,
        "mark": lambda: work.mark(MARK),
        "analyze_files": work.analyze_files,
        "forget_videos": work.videos.ask_to_forget,
        "compare": work.comparing.ask,
        "export": work.exporting.ask,
        "report": work.reporting.ask,
        "exclude": lambda: editing.correct(EXCLUDED),
        "edit_note": lambda: work.with_chosen(editing.edit),
        "delete_note": lambda: work.with_chosen(editing.delete),
        "undo": editing.undo,
        "redo": editing.redo,
        "correct": work.correcting.ask,
        "open_session": work.ask_session,
        "back_to_live": work.back_to_live,
        "session_start": lambda: review.seek(0.0),
        "session_end": lambda: review.seek(float("inf")),
        "previous_frame": lambda: review.step(-1),
        "next_frame": lambda: review.step(1),
        "faster": lambda: transport.change_speed(1),
        "slower": lambda: transport.change_speed(-1),
        "stretch_begin": lambda: review.set_edge(begin=True),
        "stretch_end": lambda: review.set_edge(begin=False),
        "stretch_none": lambda: review.choose(None),
        "earlier": lambda: work.looking.step(-1),
        "later": lambda: work.looking.step(1),
        "zoom_in": lambda: work.zoom(2),
        "zoom_out": lambda: work.zoom(-2),
        "zoom_all": lambda: work.zoom(None),
    }
    for what in ("event", "unsure", "correction", "disagreement"):
        slots[f"next_{what}"] = partial(review.jump, what, 1)
        slots[f"previous_{what}"] = partial(review.jump, what, -1)
    for name, slot in slots.items():
        commands[name].triggered.connect(lambda _on=False, run=slot: run())
