"""Reads a video where somebody looks, on a thread of its own, and keeps what it read."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ferdesk.errors import FerdeskError
from ferdesk.sources.base import Frame
from ferdesk.ui.state.video_courses import VideoCourses

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor
    from ferdesk.pipeline.analyzer import Analyzer
    from ferdesk.session.kept import HowRead
    from ferdesk.session.session import Session
    from ferdesk.session.video import VideoReader

log = logging.getLogger(__name__)

_AHEAD: Final = 2.0
"""Seconds that are read ahead of what is played."""
_ROUNDING_MS: Final = 2
"""As in `Player`: containers round times differently."""
_WINDOW: Final = 2.0
_WAIT: Final = 0.2


class VideoReading:
    """Every frame is read, in order from where somebody looks; a jump begins a stretch of its own,
    in which faces are counted from 1 and smoothing begins anew."""

    def __init__(
        self,
        session: Session,
        how: HowRead,
        courses: VideoCourses,
        predictor: Callable[[], Predictor | None],
        told: Callable[[str], None],
    ) -> None:
        """`predictor` gives the network once it is loaded; `told` hears, on the thread, why the
        reading cannot go on."""
        self.going = False
        """Whether to read ahead of what was asked for: it is being played."""
        self.threshold = 0.0
        """The operating point that is noted with new stretches."""
        self._session = session
        self.how = how
        """What the numbers depend on."""
        self._courses = courses
        self._predictor = predictor
        self._tell = told
        self.device = ""
        """Where the network runs; "" before it does."""
        self._wanted: int | None = None
        self._finished: deque[float] = deque(maxlen=512)
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="video", daemon=True)
        self._thread.start()

    def ready(self, index: int) -> bool:
        """Whether that frame was read; if not, it is the next to be."""
        before, self._wanted = self._wanted, index
        if self._courses.read[index]:
            return True
        if before != index:
            with self._changed:
                self._changed.notify()
        return False

    @property
    def share(self) -> float:
        """Of all frames that were read."""
        return float(self._courses.read.mean())

    def readings_per_second(self) -> float:
        """Over the last two seconds."""
        now = time.perf_counter()
        return sum(now - at <= _WINDOW for at in list(self._finished)) / _WINDOW

    def close(self, timeout: float = 3.0) -> None:
        """End after the frame in work; what was read is safe. The session may be closed then."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        analyzer: Analyzer | None = None
        reader: VideoReader | None = None
        try:
            predictor = self._wait_for_network()
            if predictor is None:
                return
            from ferdesk.pipeline.analyzer import Analyzer
            from ferdesk.session.video import VideoReader

            how = self.how
            analyzer = Analyzer(
                predictor, how.max_faces, how.smoothing_seconds, small_faces=how.small_faces
            )
            assert self._session.video is not None
            reader = VideoReader(self._session.video)
            self._read_on(analyzer, reader, self._analysis(predictor))
        except FerdeskError as error:
            self._tell(str(error))
        except sqlite3.Error as error:
            self._tell(f"What is read of this video cannot be kept any more ({error}).")
        except Exception as error:
            log.exception("reading a video failed")
            self._tell(f"Reading this video failed unexpectedly ({error}).")
        finally:
            if analyzer is not None:
                analyzer.close()
            if reader is not None:
                reader.close()

    def _wait_for_network(self) -> Predictor | None:
        while not self._closing:
            predictor = self._predictor()
            if predictor is not None:
                return predictor
            with self._changed:
                self._changed.wait(_WAIT)
        return None

    def _analysis(self, predictor: Predictor) -> int:
        """The id of the way in which frames are read now, as it is in the session or new."""
        from ferdesk.session.records import AnalysisRecord

        how, store, self.device = self.how, self._session.store, predictor.device
        wanted = AnalysisRecord(
            0, how.checkpoint, predictor.device, how.smoothing_seconds, how.max_faces,
            self.threshold, how.checkpoint_sha256,
        )  # fmt: skip
        for known in store.analyses():
            if known.pass_number == 0 and replace(known, id=0, threshold=0.0) == replace(
                wanted, threshold=0.0
            ):
                return known.id
        return store.add_analysis(wanted)

    def _read_on(self, analyzer: Analyzer, reader: VideoReader, analysis: int) -> None:
        store, frames = self._session.store, self._session.frames
        last = -2
        while (index := self._next()) is not None:
            store.commit_if_due()
            if index < 0:
                continue
            network = self._predictor()
            if network is not None and network is not analyzer.predictor:
                # The same checkpoint on another device.
                analyzer.predictor, analysis = network, self._analysis(network)
            if index != last + 1 and last >= 0:
                analyzer.reset()
            record = frames[index]
            begun = time.perf_counter()
            image = reader.at(reader.first_ms + round(record.media_time * 1000) + _ROUNDING_MS)
            if image is None:
                raise FerdeskError(f"The video breaks off before {record.time:.1f} s.")
            frame = Frame(image, index, record.media_time, begun)
            reading = analyzer.analyze(frame)
            if self._closing:
                break
            store.add_faces(index, analysis, reading.faces)
            store.set_analysed(index, (reading.finished_at - begun) * 1e3)
            self._courses.put(index, reading.faces)
            self._finished.append(time.perf_counter())
            last = index
        store.commit()

    def _next(self) -> int | None:
        """The frame to read: what was asked for, or what follows it while it is played. -1 when
        there is nothing to do for a while, None at the end."""
        with self._changed:
            if self._closing:
                return None
            index = self._due()
            if index is None:
                self._changed.wait(_WAIT)
                index = self._due()
            return None if self._closing else -1 if index is None else index

    def _due(self) -> int | None:
        wanted = self._wanted
        if wanted is None:
            return None
        read, times = self._courses.read, self._courses.times
        if not read[wanted]:
            return wanted
        if not self.going:
            return None
        end = int(times.searchsorted(times[wanted] + _AHEAD, "right"))
        unread = (~read[wanted:end]).nonzero()[0]
        return wanted + int(unread[0]) if len(unread) else None
