"""Choosing what is read: cameras, files, addresses, recents, things dropped on the window."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QWidget

from ferdesk.errors import FerdeskError
from ferdesk.ui.background import Jobs
from ferdesk.ui.paint.plain_text import tooltip
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.settings import remembered

if TYPE_CHECKING:
    from ferdesk.sources.cameras import CameraInfo
    from ferdesk.sources.spec import SourceSpec

log = logging.getLogger(__name__)

CAMERA: Final = "camera"
SAMPLE: Final = "sample"
LIST: Final = "list"
URL: Final = "url"
NO_CAMERA_NOTICE: Final = "No camera: playing the built-in sample. File ▸ Camera to choose one"
_VIDEOS: Final = "Videos (*.mp4 *.m4v *.mov *.avi *.mkv *.webm *.mpg *.mpeg *.wmv);;All files (*)"
_IMAGES: Final = "Pictures (*.png *.jpg *.jpeg *.bmp *.webp *.tif *.tiff);;All files (*)"


def list_cameras() -> tuple[CameraInfo, ...]:
    """The cameras that are connected. Slow: for a worker thread."""
    from ferdesk.sources.cameras import list_cameras as enumerate_them

    return enumerate_them()


def parse(text: str, repeat: bool) -> SourceSpec:
    """What `text` names. Touches the disk: for a worker thread. Raises FerdeskError."""
    from dataclasses import replace

    from ferdesk.sources.spec import SourceKind, SourceSpec

    spec = SourceSpec.parse(text)
    # A still is only alive while it is delivered again and again.
    always = spec.kind in (SourceKind.SAMPLE, SourceKind.IMAGE)
    return replace(spec, loop=always or repeat)


def _listed(files: Sequence[Path], repeat: bool) -> SourceSpec:
    from ferdesk.sources.spec import SourceSpec

    return SourceSpec.of_files(files, loop=repeat)


class Sources(QObject):
    """Turns what the person chose into a SourceSpec, elsewhere, and asks the engine for it."""

    chosen = Signal(object)
    """Carries the SourceSpec to start."""
    refused = Signal(str)
    searching = Signal(str)
    """Something that takes a moment began ("Looking for cameras …")."""
    notice = Signal(str)
    """A lasting line for the foot of the picture; "" when there is nothing to say."""

    def __init__(
        self,
        store: SettingsStore,
        jobs: Jobs,
        window: QWidget,
        cameras: Callable[[], tuple[CameraInfo, ...]] = list_cameras,
    ) -> None:
        super().__init__(window)
        self._store = store
        self._jobs = jobs
        self._window = window
        self._cameras = cameras
        self._request = 0
        self._addresses: dict[str, str] = {}
        """What was opened in this run, by its name in the recents, which keep no passwords."""
        self.current: SourceSpec | None = None
        """What was asked of the engine last."""

    @property
    def is_camera(self) -> bool:
        """The source is a camera, whose picture may be mirrored."""
        return self.current is not None and self.current.kind == CAMERA

    @property
    def in_real_time(self) -> bool:
        """The source is a camera or a stream, which waits for nobody."""
        return self.current is None or self.current.kind in (CAMERA, URL)

    def open_first(self, text: str | None) -> None:
        """At the start: `text`, or the camera used last, or the sample when there is no camera."""
        wanted = text or self._store.value.source
        if text or not wanted.startswith(CAMERA):
            self.open(wanted, remember=False)
            return
        self.searching.emit("Looking for cameras …")
        request = self._next_request()

        def found(cameras: tuple[CameraInfo, ...]) -> None:
            if request != self._request:
                return
            if not cameras:
                self.open(SAMPLE, remember=False, notice=NO_CAMERA_NOTICE)
                return
            names = {name for camera in cameras for name in (camera.id, camera.name)}
            known = wanted == CAMERA or wanted.partition(":")[2] in names
            self.open(wanted if known else CAMERA, remember=False)

        self._jobs.run(lambda: self._cameras(), found, self._refuse, owner=self)

    def open(self, text: str, *, remember: bool = True, notice: str = "") -> None:
        """Start the source named `text`; a later call overtakes an earlier one."""
        text = self._addresses.get(text, text)
        repeat = self._store.value.repeat_files
        self._start(lambda: parse(text, repeat), remember=remember, notice=notice)

    def open_files(self, files: Sequence[Path]) -> None:
        """Start these files, several as one list."""
        if len(files) == 1:
            self.open(str(files[0]))
            return
        repeat = self._store.value.repeat_files
        self._start(lambda: _listed(files, repeat))

    def _start(
        self, find: Callable[[], SourceSpec], *, remember: bool = True, notice: str = ""
    ) -> None:
        """Find out elsewhere what is meant, then start it."""
        request = self._next_request()

        def parsed(spec: SourceSpec) -> None:
            if request != self._request:
                return
            self.current = spec
            if remember:
                self._remember(spec)
            self.notice.emit(notice)
            self.chosen.emit(spec)

        self._jobs.run(find, parsed, self._refuse, owner=self)

    def open_camera(self) -> None:
        """The camera used last, or the first one."""
        last = self._store.value.source
        self.open(last if last.startswith(CAMERA) else CAMERA)

    def reopen(self) -> None:
        """Start the current source from its beginning."""
        if self.current is not None:
            self.open(str(self.current), remember=False)

    def _next_request(self) -> int:
        self._request += 1
        return self._request

    def _refuse(self, error: FerdeskError) -> None:
        self.refused.emit(str(error))

    def _remember(self, spec: SourceSpec) -> None:
        if spec.kind in (CAMERA, SAMPLE):
            self._store.update(source=str(spec))
            return
        if spec.kind == LIST:
            return
        self._addresses[spec.shown] = str(spec)
        recents = remembered(self._store.value.recent_sources, spec.shown)
        self._store.update(recent_sources=recents)

    def ask_video(self) -> None:
        """Open video…"""
        self._ask_file("Open video", _VIDEOS)

    def ask_image(self) -> None:
        """Open picture…"""
        self._ask_file("Open picture", _IMAGES)

    def ask_folder(self) -> None:
        """Open folder…"""
        dialog = QFileDialog(self._window, "Open folder of pictures")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.open)
        dialog.open()

    def ask_url(self) -> None:
        """Open URL…"""
        dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Open URL")
        dialog.setLabelText("Address of a network camera or stream (http, https, rtsp):")
        dialog.setTextValue("http://")
        dialog.resize(460, dialog.sizeHint().height())
        dialog.textValueSelected.connect(self.open)
        dialog.open()

    def _ask_file(self, title: str, filters: str) -> None:
        dialog = QFileDialog(self._window, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(filters.split(";;"))
        dialog.fileSelected.connect(self.open)
        dialog.open()

    def attach_camera_menu(self, menu: QMenu) -> None:
        """Fill `menu` whenever it is opened."""
        menu.aboutToShow.connect(lambda: self._refresh_cameras(menu))
        self._placeholder(menu, "Looking for cameras …")

    def _refresh_cameras(self, menu: QMenu) -> None:
        self._placeholder(menu, "Looking for cameras …")

        def found(cameras: tuple[CameraInfo, ...]) -> None:
            menu.clear()
            for camera in cameras:
                action = QAction(camera.name, menu)
                action.setToolTip(tooltip(camera.id))
                action.setCheckable(True)
                action.setChecked(self._uses(camera))
                action.triggered.connect(
                    lambda _checked, name=camera.id: self.open(f"{CAMERA}:{name}")
                )
                menu.addAction(action)
            if not cameras:
                self._placeholder(menu, "No camera found: connect one and open this menu again")

        self._jobs.run(lambda: self._cameras(), found, self._refuse, owner=menu)

    def _uses(self, camera: CameraInfo) -> bool:
        if self.current is None or not self.is_camera:
            return False
        return self.current.value in (camera.id, camera.name, str(camera.index))

    @staticmethod
    def _placeholder(menu: QMenu, text: str) -> None:
        menu.clear()
        menu.addAction(text).setEnabled(False)

    def attach_recent_menu(self, menu: QMenu) -> None:
        """Fill `menu` with recent files and addresses whenever it is opened."""
        menu.aboutToShow.connect(lambda: self._refresh_recent(menu))
        self._placeholder(menu, "Nothing yet")

    def _refresh_recent(self, menu: QMenu) -> None:
        recents = self._store.value.recent_sources
        fill_recent_menu(menu, self._jobs, recents, self.open, self._refuse)


def fill_recent_menu(
    menu: QMenu,
    jobs: Jobs,
    recents: tuple[str, ...],
    open_it: Callable[[str], None],
    failed: Callable[[FerdeskError], None],
) -> None:
    """Entries for those of `recents` that still exist; whether they do is looked up elsewhere."""

    def present() -> list[str]:
        return [entry for entry in recents if "://" in entry or Path(entry).exists()]

    def show(entries: list[str]) -> None:
        menu.clear()
        for entry in entries:
            action = QAction(entry if "://" in entry else Path(entry).name, menu)
            action.setToolTip(tooltip(entry))
            action.triggered.connect(lambda _checked, text=entry: open_it(text))
            menu.addAction(action)
        if not entries:
            menu.addAction("Nothing yet").setEnabled(False)

    jobs.run(present, show, failed, owner=menu)
