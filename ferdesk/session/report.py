"""What a report says about one session or several side by side: the numbers of page and PDF."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from ferdesk import __version__
from ferdesk.durations import clock, length
from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSION_COLOURS, EXPRESSIONS
from ferdesk.session import drawing
from ferdesk.session import report_words as words
from ferdesk.session.drawing import Block, Curve
from ferdesk.session.folder import VIDEO
from ferdesk.session.records import EventRecord, Origin, SessionState
from ferdesk.session.session import Session
from ferdesk.session.summary import AFTER, BEFORE, FaceCourse, around_events, courses

_LEAST_SECONDS: Final = 1.0
"""Faces seen for less are counted and not drawn."""
_TICKS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


@dataclass(frozen=True, slots=True)
class Face:
    """What a report shows of one face."""

    number: int
    seconds: str
    shares: tuple[tuple[str, str, float], ...]
    """Name, colour and percentage of the labelled time of every expression."""
    labelled: bool
    bar: list[Block]
    """The whole time in which the face was read."""
    withheld: str
    reliability: str
    blocks: list[Block]
    reliability_curve: Curve
    quality: tuple[tuple[Curve, str], ...]
    """A curve and what its upper edge means."""


@dataclass(frozen=True, slots=True)
class Around:
    """The mean course around one kind of event."""

    label: str
    count: int
    curves: list[Curve]
    zero: float
    intervals: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What a report shows of one session."""

    name: str
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    tiles: tuple[tuple[str, str], ...]
    faces: list[Face]
    brief_faces: int
    ticks: list[tuple[float, str]]
    flags: list[tuple[float, EventRecord]]
    around: list[Around]
    events: list[tuple[str, ...]]
    """Cells of `report_words.EVENTS`, of the first `report_words.MOST_EVENTS`."""
    more_events: int
    analyses: list[tuple[str, ...]]
    """Cells of `report_words.ANALYSES`."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is said, and in which order the expressions come."""

    title: str
    parts: list[Part]
    expressions: tuple[tuple[str, str], ...]
    """Name and colour."""
    footer: str
    before: float = BEFORE
    after: float = AFTER
    """Seconds around events."""


def report(sessions: Sequence[Session], pass_number: int = 0) -> Report:
    """Gather it; `page` of `ferdesk.session.report_page` makes HTML of it."""
    parts = [_part(session, pass_number) for session in sessions]
    return Report(
        parts[0].name if len(parts) == 1 else f"{len(parts)} sessions", parts,
        tuple((DISPLAY_NAMES[name], EXPRESSION_COLOURS[name]) for name in EXPRESSIONS),
        words.footer(__version__, f"{datetime.now():%Y-%m-%d %H:%M}"),
    )  # fmt: skip


def _part(session: Session, pass_number: int) -> Part:
    found = courses(session, pass_number)
    long = [course for course in found if course.seconds >= _LEAST_SECONDS] or found[:1]
    duration = session.duration
    events = session.store.events()
    analysed = sum(frame.analysed for frame in session.frames)
    with_face = len({int(frame) for course in found for frame in course.lane.frames})
    return Part(
        name=session.name,
        notes=session.notes,
        facts=_facts(session),
        tiles=(
            (length(duration), "length"),
            (f"{analysed:,}", "frames read"),
            (_percent(with_face / analysed) if analysed else "–", "of them with a face"),
            (str(len(found)), "faces told apart"),
        ),
        faces=[_face(course, duration) for course in long],
        brief_faces=len(found) - len(long),
        ticks=_ticks(duration),
        flags=[
            (e.onset / duration * drawing.WIDTH, e)
            for e in events if e.origin is not Origin.FERDESK and duration
        ],
        around=[
            Around(
                a.label, a.count, drawing.around(a), drawing.event_x(a),
                bool(np.isfinite(a.half_width).any()),
            )
            for a in (around_events(session, long[0].lane.face, pass_number) if long else ())
        ],
        events=[_event(event) for event in events[: words.MOST_EVENTS]],
        more_events=max(0, len(events) - words.MOST_EVENTS),
        analyses=[
            (
                length(a.started), a.checkpoint, a.checkpoint_sha256[:12], a.device,
                f"{a.smoothing_seconds:g} s", str(a.max_faces), f"{a.threshold:.2f}",
            )
            for a in session.analyses if a.pass_number == pass_number
        ],
    )  # fmt: skip


def _face(course: FaceCourse, duration: float) -> Face:
    lane = course.lane
    shares = course.shares
    largest = max(20.0, 20.0 * math.ceil(float(lane.size.max()) / 20))
    return Face(
        number=lane.face,
        seconds=length(course.seconds),
        shares=tuple(
            (DISPLAY_NAMES[name], EXPRESSION_COLOURS[name], round(100 * float(share), 1))
            for name, share in zip(EXPRESSIONS, np.nan_to_num(shares), strict=True)
        ),
        labelled=not bool(np.isnan(shares).all()),
        bar=drawing.bar(shares, course.withheld),
        withheld=_percent(course.withheld),
        reliability=_percent(course.reliability),
        blocks=drawing.ribbon(course, duration),
        reliability_curve=drawing.over_time(
            lane.times, lane.reliability, duration, 1.0, "Reliability"
        ),
        quality=(
            (drawing.over_time(lane.times, lane.size, duration, largest, "Face size"),
             f"{largest:.0f} px between the eye corners"),
            (drawing.over_time(lane.times, lane.brightness, duration, 1.0, "Brightness"), "white"),
        ),
    )  # fmt: skip


def _event(event: EventRecord) -> tuple[str, ...]:
    lasted = f"{event.duration:.2f} s" if event.duration else ""
    return f"{event.onset:.2f}", lasted, event.label, event.note, event.origin.value


def _facts(session: Session) -> tuple[tuple[str, str], ...]:
    facts: dict[str, Any] = session.facts
    dropped = [
        f"{facts[key]} {what}"
        for key, what in (
            ("frames_dropped", "frames"), ("readings_dropped", "readings"),
            ("video_dropped", "pictures"),
        ) if facts.get(key)
    ]  # fmt: skip
    state = {
        SessionState.COMPLETE: "complete", SessionState.RECOVERED: "cut off and recovered",
        SessionState.RECORDING: "being recorded",
    }[session.state]  # fmt: skip
    of_a_file = session.has_video and facts["video"] != VIDEO
    pictures = "in the file that was read" if of_a_file else "kept"
    if not session.has_video:
        pictures = "not kept"
    platform = str(facts.get("platform", ""))
    rows = (
        ("Read" if of_a_file else "Recorded", str(facts.get("created", "")).replace("T", " ")),
        ("Participant", facts.get("participant", "")),
        ("Note", facts.get("note", "")),
        ("Source", facts.get("source_detail") or facts.get("source", "")),
        ("State", state),
        ("Ended because", facts.get("ended_because", "")),
        ("Not kept for lack of time", ", ".join(dropped)),
        ("Pictures", pictures),
        ("Made with", ", ".join(filter(None, (f"ferdesk {facts.get('ferdesk', '')}", platform)))),
    )
    return tuple((name, str(value)) for name, value in rows if value)


def _ticks(duration: float) -> list[tuple[float, str]]:
    if duration <= 0:
        return []
    step = next((tick for tick in _TICKS if duration / tick <= 10), _TICKS[-1])
    return [
        (i * step / duration * drawing.WIDTH, clock(i * step))
        for i in range(int(duration / step) + 1)
    ]


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"
