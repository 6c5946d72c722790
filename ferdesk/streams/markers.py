"""Markers of another program, heard over LSL in the time of the capture clock."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from ferdesk.streams.clock import ClockMap
from ferdesk.streams.lsl import import_pylsl
from ferdesk.streams.outlet import StreamError

log = logging.getLogger(__name__)

_SEARCH_SECONDS: Final = 1.0
_PULL_SECONDS: Final = 0.2
_CORRECT_SECONDS: Final = 5.0


class MarkerInlet:
    """Looks for a stream of type Markers by its name, now and whenever it is lost."""

    def __init__(self, name: str, heard: Callable[[str, float], object]) -> None:
        """`heard` is called on a thread of its own with the label and when `time.perf_counter()`
        showed the time stamp of the marker. StreamError without pylsl or with an unusable name.
        """
        if not name.strip() or "'" in name or '"' in name:
            raise StreamError(f"A stream of markers cannot be called {name!r}; check its name.")
        self.name = name
        self._lsl = import_pylsl()
        self._heard = heard
        self._connected = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="markers", daemon=True)
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Whether the stream was found and is being listened to."""
        return self._connected.is_set()

    def wait(self, timeout: float) -> bool:
        """True as soon as it is connected, False after `timeout` seconds."""
        return self._connected.wait(timeout)

    def close(self, timeout: float = 3.0) -> None:
        """Hear nothing any more."""
        self._stop.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.is_set():
            found = [
                info
                for info in self._lsl.resolve_byprop("name", self.name, 1, _SEARCH_SECONDS)
                if info.type() == "Markers"
            ]
            if found and not self._stop.is_set():
                try:
                    self._listen(found[0])
                except (self._lsl.util.LostError, self._lsl.util.TimeoutError) as error:
                    log.info("the markers '%s' were lost (%s)", self.name, error)
                finally:
                    self._connected.clear()

    def _listen(self, info: Any) -> None:
        # Without recovery a lost stream is an error at once, and is searched for again.
        inlet = self._lsl.StreamInlet(info, recover=False)
        clock = ClockMap(self._lsl.local_clock)
        correction, corrected = 0.0, -float("inf")
        inlet.open_stream(timeout=5.0)
        try:
            while not self._stop.is_set():
                if time.monotonic() - corrected > _CORRECT_SECONDS:
                    correction, corrected = inlet.time_correction(timeout=5.0), time.monotonic()
                    self._connected.set()
                sample, stamp = inlet.pull_sample(timeout=_PULL_SECONDS)
                if sample is not None:
                    self._heard(str(sample[0]), clock.ours(stamp + correction))
        finally:
            inlet.close_stream()
