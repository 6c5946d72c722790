"""A session made ready to be looked at, and what the window pulls from it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferdesk.pipeline.types import EngineState, EngineStats, Reading
from ferdesk.sources.base import Frame
from ferdesk.ui.state.played_history import PlayedHistories, played_histories
from ferdesk.ui.state.video_courses import VideoCourses

if TYPE_CHECKING:
    from ferdesk.session.compare import Agreement
    from ferdesk.session.kept import KeptSession
    from ferdesk.session.lanes import Lane
    from ferdesk.session.player import Player
    from ferdesk.session.records import AnalysisRecord
    from ferdesk.session.session import Session
    from ferdesk.ui.review.video_reading import VideoReading


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The same frames read by another checkpoint (`ferdesk compare`)."""

    name: str
    """Of the checkpoint."""
    lanes: dict[int, Lane]
    """By face id."""
    agreement: Agreement

    @property
    def in_words(self) -> str:
        """One line about how far both agree."""
        agreement = self.agreement
        if not agreement.readings:
            return "No face was read by both."
        count = len(agreement.disagreements)
        kappa = "–" if math.isnan(agreement.kappa) else f"{agreement.kappa:.2f}"
        return (
            f"Same label in {agreement.share * 100:.0f} % of {agreement.readings:,} readings · "
            f"κ {kappa} · {count} disagreement{'' if count == 1 else 's'}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class OpenedSession:
    """The session, its player, and the course of every face."""

    session: Session
    player: Player
    lanes: tuple[Lane, ...]
    """One per face, the one seen most often first."""
    histories: PlayedHistories | VideoCourses
    compared: tuple[Compared, ...] = ()
    kept: KeptSession | None = None
    """Where this is a plain video file: what is kept of it."""
    reading: VideoReading | None = None
    """And what reads on."""

    @property
    def analysis(self) -> AnalysisRecord | None:
        """What is in use at the moment that is shown."""
        return self.session.analysis_at(self.player.position)

    @property
    def rows(self) -> tuple[tuple[str, Lane], ...]:
        """Names and lanes for the ribbon, the other readings of a face beneath it."""
        found: list[tuple[str, Lane]] = []
        if not self.lanes and isinstance(self.histories, VideoCourses):
            found.append(("No face yet", self.histories.empty_lane()))
        for lane in self.lanes:
            found.append((f"Face {lane.face}", lane))
            found += [(f"· {c.name}", c.lanes[lane.face]) for c in self.compared
                      if lane.face in c.lanes]  # fmt: skip
        return tuple(found)

    @property
    def faces(self) -> tuple[int, ...]:
        """Ids of the faces, as in `lanes`."""
        return tuple(lane.face for lane in self.lanes)

    @property
    def keeps_landmarks(self) -> bool:
        """Whether landmarks were kept."""
        return bool(self.session.facts.get("landmarks", True))

    @property
    def shows_pictures(self) -> bool:
        """Whether there are pictures to show."""
        return self.session.video is not None and not self.player.complaint

    @property
    def from_camera(self) -> bool:
        """Whether a camera was recorded, whose picture may be mirrored."""
        return str(self.session.facts.get("source", "")).startswith("camera")

    def close(self) -> None:
        """Release video and database."""
        if self.reading is not None:
            self.reading.close()
        self.player.close()
        self.session.close()
        if self.kept is not None:
            self.kept.close()


def open_session(place: Path) -> OpenedSession:
    """Open, recover, read the courses. Slow: for a worker thread. Raises FerdeskError."""
    from ferdesk.session.lanes import lanes
    from ferdesk.session.player import Player
    from ferdesk.session.session import Session

    session = Session.open(place)
    try:
        player = Player(session)
        courses = tuple(lanes(session).values())
        return OpenedSession(
            session, player, courses, played_histories(session), compared_passes(session)
        )
    except BaseException:
        session.close()
        raise


def compared_passes(session: Session) -> tuple[Compared, ...]:
    """What was read again, beside the first reading. Slow: for a worker thread."""
    from ferdesk.session.compare import compare
    from ferdesk.session.lanes import lanes

    names = {a.pass_number: a.checkpoint for a in session.analyses}
    return tuple(
        Compared(names[number], lanes(session, number), compare(session, 0, number))
        for number in session.passes
        if number
    )


@dataclass(slots=True)
class SessionFeed:
    """Gives the panels what an engine gives: stored readings with stored numbers."""

    opened: OpenedSession
    state: EngineState = EngineState.RUNNING
    paused: bool = True
    """Always: the curves move with the readings and not with the clock."""
    files: tuple[Path, ...] = field(default=())
    hand_on: Callable[[Reading], None] | None = None
    """Hears what is played."""
    previewed: bool = False

    def take_reading(self) -> Reading | None:
        """The reading at the player's position, once."""
        player = self.opened.player
        reading = player.take_reading()
        if reading is not None and self.hand_on is not None and player.playing:
            now = time.perf_counter()
            frame = replace(reading.frame, captured_at=now)
            self.hand_on(replace(reading, frame=frame, finished_at=now))
        return reading

    def take_preview(self) -> Frame | None:
        """Of a video the first picture, which may have to wait for the network; else only
        analysed frames are shown."""
        if self.opened.reading is None or self.previewed:
            return None
        self.previewed = True
        return self.opened.player.picture()

    def stats(self) -> EngineStats:
        """Figures of the recording."""
        session, player = self.opened.session, self.opened.player
        facts, reading = session.facts, self.opened.reading
        analysis, device = self.opened.analysis, ""
        if analysis is not None:
            device = analysis.device
        elif reading is not None:
            device = reading.device
        rate = player.count / max(player.duration, 1e-6)
        return EngineStats(
            state=self.state,
            readings_per_second=rate if reading is None else reading.readings_per_second(),
            capture_per_second=0.0,
            latency_ms=0.0,
            dropped=int(facts.get("frames_dropped", 0)),
            analysed=player.count,
            source=_named(session.name if reading is None else "", facts),
            device=device,
            checkpoint=analysis.checkpoint
            if analysis is not None
            else ("" if reading is None else reading.how.checkpoint),
        )


def _named(name: str, facts: Mapping[str, Any]) -> str:
    """A session and its source, whose name is not said twice."""
    detail = str(facts.get("source_detail", ""))
    return detail if detail.startswith(name) else f"{name} · {detail}".rstrip(" ·")
