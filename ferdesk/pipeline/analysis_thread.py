"""The analysis thread: takes the newest frame, leaves a reading, survives bad frames."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ferdesk.errors import FerdeskError
from ferdesk.paths import networks_dir
from ferdesk.pipeline.capture_thread import Captured
from ferdesk.pipeline.mailbox import Mailbox
from ferdesk.pipeline.pace import Pace
from ferdesk.pipeline.types import Reading

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor
    from ferdesk.pipeline.analyzer import Analyzer
    from ferdesk.pipeline.baseline import Baseline
    from ferdesk.sources.base import Frame
    from ferdesk.vision.finder import FaceFinder

log = logging.getLogger(__name__)

Done = Callable[[Reading, int], None]
"""The reading, and the number of the scene it belongs to."""

Failed = Callable[[str, str, int], None]
"""Sentence, detail, and how many frames in a row have failed by now."""


class AnalysisThread:
    """Owns the `Analyzer` on one thread. The public attributes may be set at any time by any thread
    and hold from the next frame on.
    """

    def __init__(self, frames: Mailbox[Captured], done: Done, failed: Failed) -> None:
        self.predictor: Predictor | None = None
        self.max_faces = 1
        self.small_faces = False
        self.smoothing_seconds = 0.0
        self.baselines: Mapping[int, Baseline] = {}
        self.paused = False
        self._frames = frames
        self._done = done
        self._failed = failed
        self.scene = 0
        """Changes with every `new_scene`; what was read for another number is out of date."""
        self._known_scene = 0
        self._early: FaceFinder | None = None
        """Of the first analyzer."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="analysis", daemon=True)
        self._thread.start()

    def new_scene(self) -> None:
        """Another scene follows: forget ids, smoothing and the landmarker's memory."""
        self.scene += 1

    def close(self) -> None:
        """End after the frame in work; returns at once."""
        self._closing.set()
        self._frames.wake()

    def join(self, timeout: float) -> bool:
        """True when the thread has ended within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        analyzer: Analyzer | None = None
        pace = Pace()
        failures = 0
        # The window is drawn first; then, while the network loads, MediaPipe is imported.
        self._closing.wait(0.2)
        self._import()
        while not self._closing.is_set():
            scene = self.scene
            captured = self._frames.take(timeout=0.2)
            predictor = self.predictor
            if captured is None or self.paused or scene != self.scene:
                continue
            if predictor is None:
                self._get_ready(captured.frame)
                continue
            start = time.perf_counter()
            if not pace.fresh(start - captured.frame.captured_at, captured.interval):
                self._frames.refuse()
                continue
            try:
                analyzer = self._prepare(analyzer, predictor, scene)
                reading = analyzer.analyze(captured.frame, captured.capture_ms)
            except Exception as error:  # noqa: BLE001 (reported; one bad frame must not end it)
                failures += 1
                self._report(error, failures)
                # A landmarker that met a bad frame may fail for ever; start with a fresh one.
                if analyzer is not None:
                    analyzer.close()
                    analyzer = None
                continue
            failures = 0
            self._done(reading, scene)
            pace.took(time.perf_counter() - start)
        for each in (analyzer, self._early):
            if each is not None:
                each.close()

    @staticmethod
    def _import() -> None:
        """What the first frame needs, early. Any error comes again where it is reported."""
        from ferdesk.vision.task import import_mediapipe

        with contextlib.suppress(ImportError, OSError):
            import_mediapipe()

    def _get_ready(self, frame: Frame) -> None:
        """Load what finds faces while the network loads. Any error comes again, as above."""
        with contextlib.suppress(FerdeskError, ImportError, OSError):
            self._early = self._early or self._finder()
            self._early.prepare(still=frame.still)

    def _finder(self) -> FaceFinder:
        from ferdesk.vision.finder import FaceFinder

        return FaceFinder(self.max_faces, live=True, folder=networks_dir())

    def _prepare(self, analyzer: Analyzer | None, predictor: Predictor, scene: int) -> Analyzer:
        """The analyzer as it is wanted now: the one in use, adapted, or a new one."""
        if analyzer is not None and analyzer.max_faces != self.max_faces:
            analyzer.close()
            analyzer = None
        if analyzer is None:
            from ferdesk.pipeline.analyzer import Analyzer

            self._known_scene = scene
            finder, self._early = self._early or self._finder(), None
            if finder.max_faces != self.max_faces:
                finder.close()
                finder = self._finder()
            analyzer = Analyzer(predictor, self.max_faces, self.smoothing_seconds, finder=finder)
        if scene != self._known_scene:
            self._known_scene = scene
            analyzer.reset()
        analyzer.predictor = predictor
        analyzer.smoother.seconds = self.smoothing_seconds
        analyzer.small_faces = self.small_faces
        analyzer.baselines = self.baselines
        return analyzer

    def _report(self, error: Exception, failures: int) -> None:
        if isinstance(error, FerdeskError):
            self._failed(str(error), "", failures)
        else:
            sentence = f"Analysing a frame failed unexpectedly ({error})."
            self._failed(sentence, traceback.format_exc(), failures)
