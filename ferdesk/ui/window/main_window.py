"""The window: puts the parts together and connects them. What they do is written elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from ferdesk.ui.actions import Actions
from ferdesk.ui.background import Jobs
from ferdesk.ui.bridge import EngineBridge
from ferdesk.ui.dialogs.preferences import PreferencesDialog
from ferdesk.ui.paint.overlay import OverlayOptions
from ferdesk.ui.paint.theme import Scheme, Theme
from ferdesk.ui.panels.log import LogBuffer
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import EnginePort, engine_options
from ferdesk.ui.state.settings import Settings, switched
from ferdesk.ui.window.choose_checkpoint import Checkpoints
from ferdesk.ui.window.choose_source import Sources, list_cameras
from ferdesk.ui.window.drops import FileDrops
from ferdesk.ui.window.file_steps import FileSteps
from ferdesk.ui.window.help import Help
from ferdesk.ui.window.layout import SMALLEST, Division
from ferdesk.ui.window.live import LiveView
from ferdesk.ui.window.menus import Menus, build_toolbar
from ferdesk.ui.window.movement_table import MovementTable
from ferdesk.ui.window.narrator import NOT_YET, Narrator
from ferdesk.ui.window.neutral import OTHER_CHECKPOINT
from ferdesk.ui.window.operating_point import OperatingPoint
from ferdesk.ui.window.option_menus import OptionMenus
from ferdesk.ui.window.panels import Panels
from ferdesk.ui.window.session_work import SessionWork
from ferdesk.ui.window.snapshot import Facts, Snapshots
from ferdesk.ui.window.space_key import SpaceForButtons
from ferdesk.ui.window.starting import Starting
from ferdesk.ui.window.toasts import Severity, ToastStack

if TYPE_CHECKING:
    from ferdesk.sources.cameras import CameraInfo

log = logging.getLogger(__name__)

CLOSE_SECONDS: Final = 1.5
"""What the engine gets to end; the process must be gone within two seconds."""


class MainWindow(QMainWindow):
    """`engine` and `bridge` belong together: the engine's listener is `bridge.post`."""

    def __init__(
        self,
        engine: EnginePort,
        bridge: EngineBridge,
        store: SettingsStore,
        theme: Theme,
        buffer: LogBuffer,
        cameras: Callable[[], tuple[CameraInfo, ...]] = list_cameras,
    ) -> None:
        super().__init__()
        self.setWindowTitle("ferdesk")
        self.setMinimumSize(*SMALLEST)
        self.engine = engine
        self.bridge = bridge
        self.store = store
        self.theme = theme
        self._closed = False
        self.panels = self._build_panels(buffer)
        video = self.panels.video
        self.jobs = Jobs(self)
        self.toasts = ToastStack(
            self.central,
            lambda size: self.division.room_for_notices(size, video.face_areas()),
        )
        self.live = LiveView(engine, self.panels, self)
        self.narrator = Narrator(bridge, self.live, video, self.panels.status, self.toasts, self)
        self.movement_table = MovementTable(self.live, self.panels.movements, self)
        self.operating = OperatingPoint(engine, store, self.panels.distribution, self.live)
        self.sources = Sources(store, self.jobs, self, cameras)
        self.checkpoints = Checkpoints(engine, store, self.jobs, self)
        self.snapshots = Snapshots(self.jobs, self)
        self.drops = FileDrops(self)
        self.help = Help(engine, store, buffer, video.redraws_per_second, self)
        self.commands = Actions(self)
        self.file_steps = FileSteps(engine, self.panels.files, self.commands)
        self.menus = Menus(self, self.commands)
        self.options = OptionMenus(self.menus.sub, store, self.jobs, self.warn)
        self.toolbar = build_toolbar(self, self.commands, self.menus.sub["Camera"])
        self.addToolBar(self.toolbar)
        self.session_work = SessionWork(
            engine, self.live, self.panels, self.operating, store, self.jobs, self.commands,
            self.sources, self,
        )  # fmt: skip
        work = self.session_work
        self.division.add_review(work.bar, work.notes, work.comparison)
        self.starting = Starting(engine, work, self.narrator, self)
        self._connect_parts()
        self._connect_commands()
        self._apply(Settings(), store.value)
        self._restyle(theme.scheme)
        self.division.restore(self)
        self._space = SpaceForButtons(self)

    def begin(self, source: str | None = None, checkpoint: Path | None = None) -> None:
        """Start to pull and open the first source. Call it once, when the window is shown."""
        self.live.start()
        self.starting.first_checkpoint = checkpoint or self.checkpoints.first()
        if self.store.complaint:
            self.warn(self.store.complaint)
        # No camera and no file is opened before the person knows what is done with it.
        self.panels.video.set_message(*NOT_YET)
        self.help.first_run(lambda: self.session_work.open_first(source))

    def tell(self, text: str) -> None:
        """A passing notice."""
        self.toasts.show_notice(text, Severity.INFO)

    def warn(self, text: str) -> None:
        """Something did not work, and the program goes on."""
        log.warning("%s", text)
        self.toasts.show_notice(text, Severity.WARNING)

    def ask_snapshot(self) -> None:
        """Save snapshot… of what is shown now."""
        shown = self.live.shown
        if shown.reading is not None:
            facts = Facts(self.engine.stats().source, self.engine.stats().checkpoint)
            self.snapshots.ask(shown, self.panels.video.options, facts)

    # Building and connecting

    def _build_panels(self, buffer: LogBuffer) -> Panels:
        panels = Panels.build(buffer)
        self.division = Division(panels)
        self.central = QWidget()
        layout = QVBoxLayout(self.central)
        layout.addWidget(self.division.across)
        self.setCentralWidget(self.central)
        self.setStatusBar(panels.status)
        return panels

    def _connect_parts(self) -> None:
        video = self.panels.video
        self.narrator.source_opened.connect(self._source_opened)
        self.narrator.checkpoint_loaded.connect(self.checkpoints.taken)
        self.narrator.checkpoint_loaded.connect(self._sync_overlay)
        self.narrator.checkpoint_loaded.connect(
            lambda: self.session_work.neutral.drop(OTHER_CHECKPOINT)
        )
        self.sources.chosen.connect(lambda _spec: self.commands.set_enabled("reopen", True))
        self.sources.chosen.connect(self.starting.start)
        self.sources.notice.connect(video.set_notice)
        self.sources.searching.connect(lambda text: video.set_message(text, busy=True))
        self.drops.sources.connect(self.session_work.open_files)
        self.drops.checkpoint.connect(self.checkpoints.show_card)
        self.snapshots.saved.connect(lambda path: self.tell(f"Snapshot saved: {path}"))
        self.help.told.connect(self.tell)
        self.session_work.told.connect(self.tell)
        self.session_work.changed.connect(self._sync_overlay)
        self.session_work.changed.connect(self._arrange)
        self.session_work.attach_recent_menu(self.menus.sub["Recent sessions"])
        for complaint in (
            self.sources.refused,
            self.checkpoints.refused,
            self.snapshots.failed,
            self.session_work.refused,
            self.starting.refused,
            self.store.problem,
        ):
            complaint.connect(self.warn)
        self.store.changed.connect(self._apply)
        self.theme.changed.connect(self._restyle)
        self.live.faces_changed.connect(self._faces_changed)
        self.live.still_changed.connect(lambda _still: self._arrange())
        self.division.left.splitterMoved.connect(lambda *_: self.toasts.settle())
        self.live.picture_available.connect(
            lambda there: self.commands.set_enabled("snapshot", there, "There is no picture yet")
        )
        for panel, other in (("purification", "movements"), ("movements", "purification")):
            show = self.commands[f"show_{other}"]
            getattr(self.panels, panel).tabs.wanted.connect(partial(show.setChecked, True))
        self.panels.timeline.seconds_chosen.connect(
            lambda seconds: self.store.update(timeline_seconds=seconds)
        )
        self.sources.attach_camera_menu(self.menus.sub["Camera"])
        self.sources.attach_recent_menu(self.menus.sub["Recent sources"])
        self.checkpoints.attach_recent_menu(self.menus.sub["Recent checkpoints"])

    def _connect_commands(self) -> None:
        slots: dict[str, Callable[[], Any]] = {
            "open_checkpoint": self.checkpoints.ask,
            "default_checkpoint": self.checkpoints.use_built_in,
            "open_camera": self.sources.open_camera,
            "open_video": self.sources.ask_video,
            "open_image": self.sources.ask_image,
            "open_folder": self.sources.ask_folder,
            "open_url": self.sources.ask_url,
            "open_sample": lambda: self.sources.open("sample"),
            "snapshot": self.ask_snapshot,
            "preferences": lambda: PreferencesDialog(self.store, self).open(),
            "quit": self.close,
            "reset": self._reset,
            "reopen": self.sources.reopen,
            "next_face": lambda: self.live.step_face(1),
            "previous_face": lambda: self.live.step_face(-1),
            "dismiss": self._dismiss,
            "notice": self.help.show_notice,
            "shortcuts": lambda: self.help.show_shortcuts(
                self.commands, self.session_work.event_keys.labels
            ),
            "copy_diagnostics": self.help.copy_diagnostics,
            "about": self.help.show_about,
        }
        for name, slot in slots.items():
            self.commands[name].triggered.connect(lambda _checked=False, run=slot: run())
        for name, action in self.commands:
            setting = self.commands.setting(name)
            if setting:
                action.toggled.connect(
                    lambda on, key=setting: self.store.update(**switched(key, on))
                )
        self.commands["pause"].toggled.connect(self._pause)
        self.commands["full_screen"].toggled.connect(self._full_screen)
        self.commands["show_log"].toggled.connect(self._show_log)

    # What the commands do beyond one part

    def _source_opened(self) -> None:
        self.live.in_real_time = self.sources.in_real_time
        self._sync_overlay()
        self.commands["pause"].setChecked(self.engine.paused)
        self.file_steps.source_opened()
        self._arrange()

    def _pause(self, paused: bool) -> None:
        self.session_work.pause(paused)
        self.live.interrupt()
        reviewing = self.session_work.reviewing
        self.panels.video.set_paused(paused and not reviewing)
        resume = "Play" if reviewing else "Resume"
        self.commands["pause"].setText(resume if paused else "Pause")
        self.commands.set_icon("pause", "play" if paused else "pause", self.theme.scheme)
        self.live.refresh_status()

    def _reset(self) -> None:
        self.engine.reset()
        self.live.reset()

    def _faces_changed(self, count: int) -> None:
        for name in ("next_face", "previous_face"):
            self.commands.set_enabled(name, count > 1, "There is only one face in view")

    def _dismiss(self) -> None:
        work = self.session_work
        if work.looking.stop() or work.neutral.cancel() or self.toasts.dismiss_all():
            return
        if self.panels.video.notice:
            self.panels.video.set_notice("")
        elif self.isFullScreen():
            self.commands["full_screen"].setChecked(False)

    def _full_screen(self, on: bool) -> None:
        if on != self.isFullScreen():
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
        self.division.show_picture_only(on)
        self._arrange()

    def _show_log(self, on: bool) -> None:
        self.division.show_log(on)
        self._arrange()

    def _arrange(self) -> None:
        """Show the parts that belong on the screen now."""
        work = self.session_work
        self.division.show_review(work.reviewing, compared=work.compares)
        self.division.show_still(self.live.still, self.file_steps.several)
        self.division.arrange(self, self.toolbar, self.store.value)
        self.toasts.settle()

    # Settings and look

    def _apply(self, old: Settings, new: Settings) -> None:
        """Bring the window to the settings; the first call starts from the defaults."""
        for name, action in self.commands:
            setting = self.commands.setting(name)
            if setting:
                action.setChecked(getattr(new, setting))
        panels = self.panels
        self._arrange()
        panels.timeline.set_seconds(new.timeline_seconds)
        panels.purification.set_seconds(new.timeline_seconds)
        self.live.set_every_frame(new.every_frame)
        self.options.show(new)
        self._sync_overlay()
        if new.theme != old.theme:
            self.theme.apply(new.theme)
        if engine_options(new) != engine_options(old):
            self.engine.set_options(engine_options(new))

    def _sync_overlay(self) -> None:
        settings = self.store.value
        self.operating.sync()
        self.panels.video.set_options(
            OverlayOptions(
                box=settings.show_box,
                mesh=settings.show_mesh or self.session_work.draws_landmarks,
                label=settings.show_label,
                pose=settings.show_pose,
                mirror=settings.mirror and self.session_work.mirrors(),
            )
        )

    def _restyle(self, scheme: Scheme) -> None:
        self.commands.restyle(scheme)
        self.panels.restyle(scheme)

    # Qt

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.WindowStateChange:
            self.commands["full_screen"].setChecked(self.isFullScreen())
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.session_work.reviewing:
            # How much of a review fits beside each other depends on the height.
            self._arrange()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closed:
            self._closed = self.narrator.silent = True
            self.division.save(self)
            self.hide()
            self.live.stop()
            self.session_work.close()
            self.engine.close(timeout=CLOSE_SECONDS)
        super().closeEvent(event)
