"""The commands around sessions: recording, review, editing, export."""

from __future__ import annotations

from typing import Final

from ferdesk.ui.command import Command, Standard

SESSION_COMMANDS: Final[dict[str, Command]] = {
    "record": Command(
        "Record",
        "Ctrl+R",
        "Keep what is read in a session; again ends the recording",
        True,
        icon="record",
    ),
    "mark": Command(
        "Mark event",
        "M",
        "Note an event at this moment; the keys 1 to 9 note labels of your own, in review, too",
        icon="flag",
    ),
    "correct": Command(
        "Correct expression…", "C", "Say what the chosen face shows; a click on a face does, too"
    ),
    "neutral": Command(
        "Neutral for five seconds",
        "N",
        "Take the next five seconds of the chosen face as its neutral baseline (in review: the "
        "chosen stretch, or five seconds from here). The change from it is then shown beside the "
        "readings. It takes away how a face leans at rest; it is no probability, no promise holds "
        "for it, and another place of the camera needs a new one",
        short="Neutral 5 s",
    ),
    "neutral_off": Command(
        "Remove baseline",
        "Shift+N",
        "The chosen face has no neutral baseline any more",
        short="Remove",
    ),
    "open_session": Command(
        "Open session…", "Ctrl+Shift+O", "Look back at a recording", icon="history"
    ),
    "back_to_live": Command(
        "Back to live",
        "Ctrl+B",
        "Close the session and read the source again",
        short="Live",
        icon="live",
    ),
    "session_start": Command("Beginning", "Home", "Go to the beginning", icon="first"),
    "previous_frame": Command(
        "Frame back", ",", "Stop and go one reading back (in the ribbon: Left)", icon="previous"
    ),
    "next_frame": Command(
        "Frame forward", ".", "Stop and go one reading on (in the ribbon: Right)", icon="next"
    ),
    "session_end": Command("End", "End", "Go to the end", icon="last"),
    "faster": Command("Faster", "Ctrl+Up", "Play the session faster"),
    "slower": Command("Slower", "Ctrl+Down", "Play the session more slowly"),
    "next_event": Command("Next event", "E", "Go to the next event", icon="flag", short="Event"),
    "previous_event": Command("Previous event", "Shift+E", "Go to the event before"),
    "next_unsure": Command(
        "Next unsure",
        "U",
        "Go to where the next withheld labels begin",
        icon="unsure",
        short="Unsure",
    ),
    "previous_unsure": Command(
        "Previous unsure", "Shift+U", "Go to where the withheld labels before begin"
    ),
    "next_correction": Command(
        "Next correction", "K", "Go to the next correction", icon="pencil", short="Correction"
    ),
    "previous_correction": Command("Previous correction", "Shift+K", "Go to the correction before"),
    "next_disagreement": Command(
        "Next disagreement",
        "D",
        "Go to where another checkpoint begins to say something else",
        icon="next",
    ),
    "previous_disagreement": Command(
        "Previous disagreement", "Shift+D", "Go to the disagreement before", icon="previous"
    ),
    "compare": Command(
        "Compare checkpoints…",
        "Ctrl+Shift+K",
        "Read the session's frames again with another checkpoint and see where both disagree",
        icon="model",
    ),
    "stretch_begin": Command("Stretch begins here", "I", "A chosen stretch begins here"),
    "stretch_end": Command("Stretch ends here", "O", "A chosen stretch ends here"),
    "stretch_none": Command("No stretch", "Ctrl+D", "Choose no stretch"),
    "exclude": Command(
        "Exclude stretch", "X", "Leave the chosen stretch, or this one, out of every report"
    ),
    "edit_note": Command(
        "Change entry…", "F2", "Change the chosen event or correction", icon="pencil"
    ),
    "delete_note": Command(
        "Delete entry", "Del", "Delete the chosen event or correction", icon="bin"
    ),
    "undo": Command(
        "Undo", Standard.Undo, "Take the last edit back", icon="undo", fallback="Ctrl+Z"
    ),
    "redo": Command("Redo", "Ctrl+Shift+Z", "Do again what was taken back", icon="redo"),
    "export": Command(
        "Export…", "Ctrl+Shift+E", "Write the session for other programs", icon="export"
    ),
    "report": Command(
        "Report…",
        "Ctrl+Shift+P",
        "A web page or PDF about the session, or about several side by side",
        icon="report",
    ),
    "analyze_files": Command(
        "Analyse files…", "Ctrl+Shift+A", "Read many videos into sessions, without the window"
    ),
    "forget_videos": Command(
        "Delete kept readings…", None, "Forget what was read of video files and kept for next time"
    ),
    "earlier": Command(
        "A second earlier", "Alt+Left", "Look back while the source goes on; Esc comes back to now"
    ),
    "later": Command("A second later", "Alt+Right", "Look at what came a second later"),
    "zoom_in": Command("Zoom in", "Ctrl++", "Show less time, more closely (also by the wheel)"),
    "zoom_out": Command("Zoom out", "Ctrl+-", "Show more time, as far back as there is"),
    "zoom_all": Command("All the time", "Ctrl+0", "Show everything from the start"),
}

REVIEW: Final = (
    "back_to_live", "session_start", "previous_frame", "next_frame", "session_end", "faster",
    "slower", "next_event", "previous_event", "next_unsure", "previous_unsure", "next_correction",
    "previous_correction", "next_disagreement", "previous_disagreement",
    "compare", "export", "report", "exclude", "edit_note", "delete_note", "undo",
    "redo",
    "stretch_begin", "stretch_end", "stretch_none",
)  # fmt: skip
"""Commands that need an open session."""
NO_SESSION: Final = "No session is open"
