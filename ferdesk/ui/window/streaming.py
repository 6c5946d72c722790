"""The Stream menu: readings for other programs while they happen, off until asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QInputDialog, QLabel, QWidget

from ferdesk import __version__
from ferdesk.addresses import display_address
from ferdesk.errors import FerdeskError
from ferdesk.ui.actions import COMMANDS, Actions
from ferdesk.ui.background import Jobs
from ferdesk.ui.paint.plain_text import tooltip
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import EnginePort
from ferdesk.ui.state.settings import Settings
from ferdesk.ui.window.choose_source import Sources
from ferdesk.ui.window.live import LiveView

if TYPE_CHECKING:
    from ferdesk.sources.spec import SourceSpec
    from ferdesk.streams.outlet import Outlet, OutletStatus
    from ferdesk.streams.sender import Sender

FIGURES_MS: Final = 500
WEBSOCKET_PORT: Final = 8765
_OSC: Final = "127.0.0.1:9000"
_WAYS: Final = ("lsl", "osc", "websocket")


class Streaming(QObject):
    """At most one outlet of each kind, all on one sender; it never makes the reading wait."""

    told = Signal(str)
    refused = Signal(str)

    def __init__(
        self,
        engine: EnginePort,
        live: LiveView,
        store: SettingsStore,
        jobs: Jobs,
        commands: Actions,
        field: QLabel,
        sources: Sources,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._live = live
        self._store = store
        self._jobs = jobs
        self._commands = commands
        self._field = field
        self._source = ""
        self._window = window
        self._begun = False
        self._closed = False
        self._wanted: dict[str, str] = {}
        """Ways that are on or about to be, with the address where one was given."""
        self._outlets: dict[str, Outlet] = {}
        self._sender: Sender | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(FIGURES_MS)
        self._timer.timeout.connect(self.refresh)
        for way in _WAYS:
            commands[f"stream_{way}"].triggered.connect(
                lambda on=False, way=way: self._switch(way, on)
            )
        commands["stream_copy"].triggered.connect(lambda: self.copy_address())
        store.changed.connect(self._settings_changed)
        live.threshold_changed.connect(self._set_threshold)
        sources.chosen.connect(self._source_chosen)

    @property
    def on(self) -> tuple[str, ...]:
        """The ways that are open."""
        return tuple(way for way in _WAYS if way in self._outlets)

    def begin(self, way: str, address: str = "") -> None:
        """Open "lsl", "osc" (to HOST:PORT) or "websocket" elsewhere; `refused` if that fails."""
        self._wanted[way] = address
        self._commands[f"stream_{way}"].setChecked(True)
        make = partial(_open, way, address, self._source)
        self._jobs.run(
            make, partial(self._opened, way, address), partial(self._failed, way), owner=self
        )

    def end(self, way: str) -> None:
        """Close it; the others go on."""
        self._wanted.pop(way, None)
        outlet = self._outlets.pop(way, None)
        if outlet is not None and self._sender is not None:
            self._sender.remove(outlet)
        self._changed(way)

    def mark(self, label: str) -> None:
        """An event of now, to every way that is open."""
        if self._sender is not None:
            self._sender.mark(label)

    def copy_address(self) -> None:
        """The address of the WebSocket with its token, to the clipboard."""
        outlet = self._outlets.get("websocket")
        if outlet is not None:
            QGuiApplication.clipboard().setText(outlet.address)
            self.told.emit("The address of the WebSocket is on the clipboard, with its token.")

    def close(self) -> None:
        """The window closes."""
        self._closed = True
        self._timer.stop()
        if self._sender is not None:
            self._engine.detach(self._sender)
            self._sender.close(1.0)

    def refresh(self) -> None:
        """What is on in the status bar, and who listens in its tooltip and in the menu."""
        found = {} if self._sender is None else {one.name: one for one in self._sender.status()}
        names, tips = [], []
        for way in _WAYS:
            action, text = self._commands[f"stream_{way}"], COMMANDS[f"stream_{way}"].text
            outlet = self._outlets.get(way)
            status = None if outlet is None else found.get(outlet.name)
            if status is not None:
                text = f"{status.name}: {_who(status)}"
                names.append(status.name)
                where = "" if status.address in text else f" ({display_address(status.address)})"
                tips.append(
                    f"{text}{where}, {status.sent} readings"
                    + (f", {status.lost} lost" if status.lost else "")
                )
            action.setText(text)
        self._field.setText(f"Streaming {', '.join(names)}" if names else "")
        self._field.setToolTip(tooltip(". ".join([*tips, "The Stream menu ends it."])))
        self._field.setVisible(bool(names))

    def _switch(self, way: str, on: bool) -> None:
        if not on:
            self.end(way)
        elif way == "osc":
            self._ask_osc()
        else:
            self.begin(way)

    def _ask_osc(self) -> None:
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("OSC")
        dialog.setLabelText("Send the readings to (HOST:PORT)")
        dialog.setTextValue(_OSC)
        dialog.textValueSelected.connect(lambda text: self.begin("osc", text.strip()))
        dialog.rejected.connect(lambda: self._commands["stream_osc"].setChecked(False))
        dialog.open()

    def _opened(self, way: str, address: str, outlet: Outlet) -> None:
        if self._closed or self._wanted.get(way) != address or way in self._outlets:
            outlet.close()
            return
        if self._sender is None:
            from ferdesk.streams.sender import Sender

            self._sender = Sender()
            self._sender.set_threshold(self._live.shown.threshold)
            self._engine.attach(self._sender)
        self._outlets[way] = outlet
        self._sender.add(outlet)
        self._changed(way)

    def _failed(self, way: str, error: FerdeskError) -> None:
        self._wanted.pop(way, None)
        self._changed(way)
        self.refused.emit(str(error))

    def _changed(self, way: str) -> None:
        self._commands[f"stream_{way}"].setChecked(way in self._outlets)
        self._commands.set_enabled("stream_copy", "websocket" in self._outlets, "WebSocket is off")
        if self._outlets:
            self._timer.start()
        else:
            self._timer.stop()
        self._remember()
        self.refresh()

    def _remember(self) -> None:
        """Only if told so; nothing is kept otherwise."""
        if not self._begun:
            return
        entries = tuple(f"{way} {self._wanted[way]}".strip() for way in self.on)
        self._store.update(streams=entries if self._store.value.stream_remember else ())

    def _settings_changed(self, old: Settings, new: Settings) -> None:
        if old.stream_remember != new.stream_remember:
            self._remember()

    def _source_chosen(self, spec: SourceSpec) -> None:
        """The first source begins what was remembered; another one is another LSL stream."""
        before, self._source = self._source, spec.shown
        if not self._begun:
            self._begun = True
            if self._store.value.stream_remember:
                for entry in self._store.value.streams:
                    way, _, address = entry.partition(" ")
                    if way in _WAYS:
                        self.begin(way, address)
        elif "lsl" in self._outlets and before != self._source:
            self.end("lsl")
            self.begin("lsl")

    def _set_threshold(self, threshold: float) -> None:
        if self._sender is not None:
            self._sender.set_threshold(threshold)


def _open(way: str, address: str, source: str) -> Outlet:
    """On a thread of its own: loading a library and asking for a host take their time."""
    makers: dict[str, Callable[[], Outlet]] = {
        "lsl": lambda: _lsl(source),
        "osc": lambda: _osc(address),
        "websocket": lambda: _websocket(source),
    }
    return makers[way]()


def _lsl(source: str) -> Outlet:
    from ferdesk.streams.lsl import LslOutlet

    return LslOutlet(source, version=__version__)


def _osc(address: str) -> Outlet:
    from ferdesk.streams.osc import OscOutlet, parse_address

    return OscOutlet(*parse_address(address))


def _websocket(source: str) -> Outlet:
    """On the usual port, or on any where that is taken (by another window)."""
    from ferdesk.streams.outlet import StreamError
    from ferdesk.streams.websocket import WebSocketOutlet

    try:
        return WebSocketOutlet(WEBSOCKET_PORT, source=source, version=__version__)
    except StreamError as error:
        if not isinstance(error.__cause__, OSError) or isinstance(error.__cause__, ImportError):
            raise
        return WebSocketOutlet(0, source=source, version=__version__)


def _who(status: OutletStatus) -> str:
    return f"to {status.address}" if status.name == "OSC" else status.receivers
