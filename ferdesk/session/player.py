"""A session played: the readings that the engine gave, with the numbers that were shown."""

from __future__ import annotations

import logging
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.types import Reading, Timings
from ferdesk.session.folder import VIDEO
from ferdesk.session.lanes import lanes, starts_of_unsure
from ferdesk.session.records import FrameRecord
from ferdesk.session.session import Session
from ferdesk.session.video import VideoReader
from ferdesk.sources.base import Frame

log = logging.getLogger(__name__)

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
_GREY: Final = 48
"""What stands for a picture that was not kept, BGR alike."""
_NO_TIMINGS: Final = Timings(0.0, 0.0, 0.0, 0.0, 0.0)
_JUST_PAST: Final = 1e-4
_SAME_TIME: Final = 1e-6
_ROUNDING_MS: Final = 2
"""Containers round times differently; two frames are never that close."""


class Player:
    """Walks through the analysed frames of a session, forwards, backwards, anywhere.

    Like the engine it is pulled: `take_reading` gives each reading at most once. It needs no
    network. `position` and all times are seconds of the session; `Frame.captured_at` is `origin`
    plus that. Belongs to one thread.
    """

    def __init__(
        self,
        session: Session,
        pass_number: int = 0,
        origin: float = 0.0,
        ready: Callable[[int], bool] | None = None,
    ) -> None:
        """FerdeskError when the session holds no reading. A video that cannot be played costs the
        pictures only, see `complaint`.

        With `ready` every frame is walked through, read or not; it says whether the reading of a
        number is there by now (and may have it made), and nothing is played before it is.
        """
        self.session = session
        self.pass_number = pass_number
        self.complaint = ""
        """One sentence about pictures that cannot be shown; "" when all can."""
        self.baselines = session.baselines(pass_number)
        self._origin = origin
        self._ready = ready
        self._frames = [frame for frame in session.frames if frame.analysed or ready is not None]
        if not self._frames:
            raise FerdeskError(f"The session '{session.name}' holds no reading to play.")
        self._times = [frame.time for frame in self._frames]
        self._index = 0
        self._given: int | None = None
        self._position = self._times[0]
        self._speed = 1.0
        self._started: float | None = None
        self._video: VideoReader | None = None
        self._first_ms = 0
        self.unsure: list[float] | None = None
        """Where stretches of withheld labels begin; None: not looked up yet."""
        self._open_video()

    # Where it is

    @property
    def count(self) -> int:
        """How many readings there are."""
        return len(self._frames)

    @property
    def index(self) -> int:
        """Which of them is shown, from 0."""
        return self._index

    @property
    def duration(self) -> float:
        """Seconds from the first captured frame to the last."""
        return self.session.duration

    @property
    def position(self) -> float:
        """Seconds of the session; while it plays it moves on."""
        self._move()
        return self._position

    @property
    def playing(self) -> bool:
        """Whether it moves by itself; it stops at the end."""
        self._move()
        return self._started is not None

    # Moving

    def play(self, speed: float = 1.0) -> None:
        """Move on at so many seconds per second, from the beginning when it is at the end."""
        self._move()
        if self._index == self.count - 1:
            self.seek(0.0)
        self._speed = speed
        self._started = time.perf_counter() - self._position / speed

    def pause(self) -> None:
        """Stay where it is."""
        self._move()
        self._started = None

    def seek(self, seconds: float) -> None:
        """Go to the newest reading at or before `seconds`."""
        self._position = min(max(seconds, self._times[0]), max(self.duration, self._times[-1]))
        self._index = max(0, bisect_right(self._times, self._position + _SAME_TIME) - 1)
        if self._started is not None:
            self._started = time.perf_counter() - self._position / self._speed

    def step(self, readings: int) -> None:
        """Stop, and go so many readings on (or back, below 0)."""
        self.pause()
        self._index = min(max(self._index + readings, 0), self.count - 1)
        self._position = self._times[self._index]

    def next_event(self, direction: int = 1) -> bool:
        """Go to the next event (-1: the one before); False when there is none."""
        return self._jump((event.onset for event in self.session.store.events()), direction)

    def next_correction(self, direction: int = 1) -> bool:
        """Go to the next correction; False when there is none."""
        return self._jump((c.onset for c in self.session.store.corrections()), direction)

    def next_unsure(self, direction: int = 1) -> bool:
        """Go to where the next stretch of withheld labels begins; False when there is none."""
        if self.unsure is None:
            self.unsure = starts_of_unsure(lanes(self.session, self.pass_number).values())
        return self._jump(self.unsure, direction)

    # What is there

    def take_reading(self) -> Reading | None:
        """The reading at the position, once; None until another one is reached."""
        self._move()
        if self._given == self._index or not (self._ready is None or self._ready(self._index)):
            return None
        self._given = self._index
        return self.reading()

    def picture(self) -> Frame:
        """The frame at the position, whether it is read or not."""
        record = self._frames[self._index]
        return Frame(
            self._picture(record), record.source_index, record.time, self._origin + record.time
        )

    def reading(self, index: int | None = None) -> Reading:
        """The reading of that number, by default the one at the position."""
        record = self._frames[self._index if index is None else index]
        faces = self.session.store.faces(record.id, record.id, self.pass_number)
        frame = Frame(
            self._picture(record), record.source_index, record.time, self._origin + record.time
        )
        latency = (record.latency_ms or 0.0) / 1e3
        changed = self.baselines.changed(record.time, faces.get(record.id, ()))
        return Reading(frame, changed, _NO_TIMINGS, frame.captured_at + latency)

    def renew_baselines(self) -> None:
        """Baselines of the session were edited: the reading at the position is given again."""
        self.baselines = self.session.baselines(self.pass_number)
        self._given = None

    def close(self) -> None:
        """Release the video; the session stays open."""
        if self._video is not None:
            self._video.close()
            self._video = None

    def _open_video(self) -> None:
        path = self.session.video
        if path is None:
            if self.session.has_video:
                self.complaint = self.session.notes[-1]
            return
        try:
            self._video = VideoReader(path)
            if self.session.facts["video"] != VIDEO:
                # The first frame is the first picture, whatever time its container gives it.
                begun = round(self.session.frames[0].media_time * 1000)
                self._first_ms = self._video.first_ms - begun
        except FerdeskError as error:
            self.complaint = str(error)

    def _picture(self, record: FrameRecord) -> NDArray[np.uint8]:
        picture = self._from_video(record)
        if picture is None:
            return np.full((record.height, record.width, 3), _GREY, np.uint8)
        if picture.shape[:2] != (record.height, record.width):
            resized = cv2.resize(picture, (record.width, record.height))
            return np.asarray(resized, np.uint8)
        return picture

    def _from_video(self, record: FrameRecord) -> NDArray[np.uint8] | None:
        if self._video is None:
            return None
        if self.session.facts["video"] != VIDEO:
            at = self._first_ms + round(record.media_time * 1000) + _ROUNDING_MS
            return self._video.at(at)
        return None if record.video_ms is None else self._video.at(record.video_ms)

    def _move(self) -> None:
        if self._started is None:
            return
        position = (time.perf_counter() - self._started) * self._speed
        reached = self._reached(bisect_right(self._times, position + _SAME_TIME) - 1)
        if reached is not None:
            # The reading is behind: time goes on when it has caught up.
            position = self._times[reached]
            self._started = time.perf_counter() - position / self._speed
        elif position >= self._times[-1]:
            self._started = None
            position = self._times[-1]
        self._position = position
        self._index = max(0, bisect_right(self._times, position + _SAME_TIME) - 1)

    def _reached(self, wanted: int) -> int | None:
        """The last number before the first on the way to `wanted` that is not read; None when all
        are."""
        if self._ready is None:
            return None
        for index in range(self._index, min(wanted, self.count - 1) + 1):
            if not self._ready(index):
                return max(index - 1, self._index)
        return None

    def _jump(self, times: Iterable[float], direction: int) -> bool:
        here = self.position
        if direction >= 0:
            wanted = min((t for t in times if t > here + _JUST_PAST), default=None)
        else:
            wanted = max((t for t in times if t < here - _JUST_PAST), default=None)
        if wanted is None:
            return False
        self.pause()
        self.seek(wanted)
        return True
