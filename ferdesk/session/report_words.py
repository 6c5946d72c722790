"""The sentences of a report, the same on the page and in the PDF."""

from __future__ import annotations

from typing import Final

INTRODUCTION: Final = (
    "What faces showed, as a network read it, and how far those readings can be trusted. A reading "
    "says how a face looks in a picture. It does not say what a person feels."
)
SIDE_BY_SIDE: Final = (
    "The face that was seen longest in each session. Bars are of the time in which it was read, "
    "shares of the time in which it had a label."
)
SHARES: Final = "Share of the time in which the face had a label:"
RIBBON: Final = "Labels over the session"
LIMITS_TITLE: Final = "What these numbers can bear"
LIMITS: Final = (
    "The network knows seven expressions of still faces, learned from pictures and the labels "
    "people gave them. People do not agree with each other either, and a posed smile and a felt "
    "one look the same to it.",
    "Reliability is the chance that a label is what most people would say, measured on pictures "
    "like those the checkpoint was calibrated on. On other faces, lights and cameras it may be "
    "further off.",
    "Small, dark, blurred, covered or turned faces are read worse. Compare the curves of face size "
    "and brightness before comparing people or conditions.",
    "Readings that follow each other are not independent: a second of video is not thirty "
    "observations. Count events or people, not frames.",
    "Shares leave out the time in which the label was withheld. If that is a large part, or "
    "differs between conditions, say so beside the shares.",
    "Time counts once per reading and at most half a second; gaps (a lost camera, no face) count "
    "for nothing. Corrections made by people replace labels, and excluded stretches are left out.",
)
ANALYSES: Final = (
    "From", "Checkpoint", "SHA-256", "Ran on", "Smoothing", "Most faces", "Operating point",
)  # fmt: skip
EVENTS: Final = ("Second", "Lasted", "Label", "Note", "From")
MOST_EVENTS: Final = 200
"""More are in the session, and said to be."""


def face(seconds: str, withheld: str, reliability: str) -> str:
    """How long a face was read, and how well."""
    return (
        f"Read for {seconds}. For {withheld} of that time the label was withheld, because it was "
        "less reliable than the operating point or a person could not tell. Mean reliability: "
        f"{reliability}."
    )


def brief(faces: int) -> str:
    """Faces that are not shown."""
    were = "face was" if faces == 1 else "faces were"
    return f"{faces} more {were} seen for less than a second and left out."


def around(before: float, after: float, face_number: int) -> str:
    """What the curves around events show."""
    return (
        f"Mean chance of each expression, from {before:g} s before to {after:g} s after the event, "
        f"for face {face_number}. Bands are 95 % intervals of the mean over events (Student's t); "
        "with fewer than three events there are none. Expressions that stay below a tenth are left "
        "out."
    )


def times(count: int) -> str:
    """How often something happened."""
    return f"{count} time" if count == 1 else f"{count} times"


def more_events(count: int) -> str:
    """Events beyond `MOST_EVENTS`."""
    return f"{count} more are in the session."


def footer(version: str, made: str) -> str:
    """Who wrote it, and when."""
    return f"Written by ferdesk {version} on {made}."
