"""Says what the engine is doing: messages in the video panel, the status bar, notices."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Qt, Signal, Slot

from ferdesk.pipeline.types import EngineEvent, EngineState, EventKind
from ferdesk.ui.bridge import EngineBridge
from ferdesk.ui.panels.status import StatusPanel
from ferdesk.ui.panels.video import VideoPanel
from ferdesk.ui.window.live import LiveView
from ferdesk.ui.window.toasts import Severity, ToastStack

NOT_YET = ("Nothing is open yet", "Cameras and files open when you have accepted the notice.")
NOTHING = (
    "Nothing is playing",
    "Choose a camera or open a video, a picture or a folder from the File menu, or drop one here.",
)


_OF_THE_SOURCE: Final = (EventKind.STATE, EventKind.SOURCE_OPENED, EventKind.SOURCE_ENDED)
"""Of no concern while a recorded session is on the screen."""


class Narrator(QObject):
    """Turns the events of one engine into what the person sees and reads."""

    source_opened = Signal()
    checkpoint_loaded = Signal()

    def __init__(
        self,
        bridge: EngineBridge,
        live: LiveView,
        video: VideoPanel,
        status: StatusPanel,
        toasts: ToastStack,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._live = live
        self._video = video
        self._status = status
        self._toasts = toasts
        self._asked = False
        """A source was chosen and is not there yet."""
        self._complaints: set[str] = set()
        """Notices about a source or a checkpoint: out of date when one is taken."""
        self._lost = False
        """The source in use went away by itself and may come back."""
        self.silent = False
        """The window is closing: say nothing more."""
        video.set_message(*NOTHING)
        bridge.arrived.connect(self.hear, Qt.ConnectionType.QueuedConnection)
        live.silence.connect(self._signal_missing)

    def opening(self, what: str) -> None:
        """A source was asked for; the one in use goes on until it is there."""
        self._asked = True
        self._status.set_activity(f"Opening {what} …")
        self._video.set_message(f"Opening {what} …", busy=True)

    @Slot(object)
    def hear(self, event: EngineEvent) -> None:
        """One event of the engine."""
        if self.silent or (self._live.reviewing and event.kind in _OF_THE_SOURCE):
            return
        match event.kind:
            case EventKind.STATE:
                self._state(event)
            case EventKind.SOURCE_OPENED:
                self._live.reset(keep_history=self._lost)
                self._lost = self._asked = False
                self._settled()
                self._status.set_activity("")
                self._running(event.state)
                self.source_opened.emit()
            case EventKind.SOURCE_ENDED:
                self._live.ended = True
                self._video.set_notice(f"{event.message} Press F5 to play it again.")
            case EventKind.CHECKPOINT_LOADED:
                self._status.set_activity("")
                self._settled()
                self._toasts.show_notice(event.message, Severity.INFO)
                self.checkpoint_loaded.emit()
            case EventKind.WARNING:
                self._status.set_activity("")
                self._complain(event.message, Severity.WARNING)
            case EventKind.ERROR:
                self._status.set_activity("")
                self._complain(event.message, Severity.ERROR)
                self._fault(event.message)
        self._live.refresh_status()

    def _complain(self, message: str, severity: Severity) -> None:
        self._complaints.add(message)
        self._toasts.show_notice(message, severity)

    def _settled(self) -> None:
        self._toasts.withdraw(self._complaints)
        self._complaints.clear()

    def _state(self, event: EngineEvent) -> None:
        self._status.set_activity(event.message if event.message.endswith("…") else "")
        match event.state:
            case EngineState.STARTING:
                self._video.set_message(event.message, busy=True)
                if self._live.shown.reading is not None:
                    self._lost = not self._asked
                    if self._lost:
                        self._video.set_veil("No signal", event.message)
                    else:
                        self._video.set_veil(event.message)
            case EngineState.RUNNING:
                self._running(event.state)
            case EngineState.STOPPED:
                self._video.set_message(*NOTHING)
            case EngineState.FAULTED:
                self._fault("")
            case EngineState.STOPPING:
                pass

    def _running(self, state: EngineState) -> None:
        self._video.set_veil("")
        self._live.alive()
        waiting = "Waiting for the first picture …"
        if state is not EngineState.RUNNING:
            waiting = "Loading the network …"
        self._video.set_message(waiting, busy=True)

    def _fault(self, message: str) -> None:
        hint = "Choose another source from the File menu, or press F5 to try again."
        self._video.set_message(message or "No signal", hint)
        self._video.set_veil("No signal", message)

    def _signal_missing(self, missing: bool) -> None:
        self._video.set_veil("No signal" if missing else "")
