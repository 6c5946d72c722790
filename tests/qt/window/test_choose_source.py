"""What is opened at the start, from menus, by dropping, and after a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferdesk.sources.spec import SourceKind
from ferdesk.ui.window.choose_source import NO_CAMERA_NOTICE
from tests.qt.conftest import Bench


@dataclass(frozen=True)
class Camera:
    id: str
    name: str
    index: int = 0
    backend: int = 200


CAMERAS = (
    Camera("/dev/v4l/by-id/usb-A", "Camera A"),
    Camera("/dev/v4l/by-id/usb-B", "Camera B", 2),
)


def drop(bench: Bench, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    enter = QDragEnterEvent(
        QPoint(100, 100),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(bench.window, enter)
    assert enter.isAccepted()
    dropped = QDropEvent(
        QPointF(100, 100),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(bench.window, dropped)


def has_started(bench: Bench, count: int) -> bool:
    return len(bench.engine.started) == count


def image_file(folder: Path, name: str = "face.png") -> Path:
    path = folder / name
    image = QImage(32, 24, QImage.Format.Format_RGB888)
    image.fill(0x336699)
    assert image.save(str(path))
    return path


def test_without_a_camera_the_sample_plays_and_says_so(bench: Bench, qtbot: QtBot) -> None:
    bench.window.begin()
    qtbot.waitUntil(lambda: bool(bench.engine.started))
    spec, checkpoint = bench.engine.started[0]
    assert spec.kind is SourceKind.SAMPLE
    assert spec.loop
    assert checkpoint is None
    assert bench.video._notice == NO_CAMERA_NOTICE
    assert bench.window.store.value.source == "camera"


def test_the_camera_used_last_is_opened_again(
    build_bench: Callable[..., Bench], qtbot: QtBot
) -> None:
    bench = build_bench(cameras=CAMERAS, source=f"camera:{CAMERAS[1].id}")
    bench.window.begin()
    qtbot.waitUntil(lambda: bool(bench.engine.started))
    assert bench.engine.started[0][0].value == CAMERAS[1].id
    qtbot.waitUntil(lambda: bench.video.options.mirror)


def test_a_camera_that_is_gone_gives_way_to_the_first_one(
    build_bench: Callable[..., Bench], qtbot: QtBot
) -> None:
    bench = build_bench(cameras=CAMERAS, source="camera:old one")
    bench.window.begin()
    qtbot.waitUntil(lambda: bool(bench.engine.started))
    assert bench.engine.started[0][0].value == ""


def test_a_source_named_at_the_start_wins(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    path = image_file(tmp_path)
    bench.window.begin(str(path), tmp_path / "some.safetensors")
    qtbot.waitUntil(lambda: bool(bench.engine.started))
    spec, checkpoint = bench.engine.started[0]
    assert spec.kind is SourceKind.IMAGE
    assert spec.loop
    assert checkpoint == tmp_path / "some.safetensors"
    assert not bench.video.options.mirror


def test_the_camera_menu_is_filled_when_it_opens(
    build_bench: Callable[..., Bench], qtbot: QtBot
) -> None:
    bench = build_bench(cameras=CAMERAS)
    menu = bench.window.menus.sub["Camera"]
    menu.aboutToShow.emit()
    assert menu.actions()[0].text() == "Looking for cameras …"
    qtbot.waitUntil(lambda: [a.text() for a in menu.actions()] == ["Camera A", "Camera B"])
    menu.actions()[1].trigger()
    qtbot.waitUntil(lambda: bool(bench.engine.started))
    assert bench.window.store.value.source == f"camera:{CAMERAS[1].id}"


def test_an_empty_camera_menu_says_what_to_do(bench: Bench, qtbot: QtBot) -> None:
    menu = bench.window.menus.sub["Camera"]
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: menu.actions()[0].text().startswith("No camera found"))
    assert not menu.actions()[0].isEnabled()


def test_dropping_a_picture_a_folder_and_nonsense(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    path = image_file(tmp_path)
    drop(bench, path)
    qtbot.waitUntil(lambda: len(bench.engine.started) == 1)
    assert bench.engine.started[0][0].kind is SourceKind.IMAGE
    drop(bench, tmp_path)
    qtbot.waitUntil(lambda: len(bench.engine.started) == 2)
    assert bench.engine.started[1][0].kind is SourceKind.FOLDER
    empty = tmp_path / "empty.mp4"
    empty.touch()
    drop(bench, empty)
    qtbot.waitUntil(lambda: bool(bench.notices()))
    assert "empty.mp4" in bench.notices()[0]
    assert len(bench.engine.started) == 2


def test_recents_skip_what_vanished(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    first, second = image_file(tmp_path, "a.png"), image_file(tmp_path, "b.png")
    for count, path in enumerate((first, second), start=1):
        bench.window.sources.open(str(path))
        qtbot.waitUntil(partial(has_started, bench, count))
    assert bench.window.store.value.recent_sources == (str(second), str(first))
    second.unlink()
    menu = bench.window.menus.sub["Recent sources"]
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: [a.text() for a in menu.actions()] == ["a.png"])
    menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: len(bench.engine.started) == 3)


def test_only_the_last_of_several_choices_is_started(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    paths = [image_file(tmp_path, f"{i}.png") for i in range(4)]
    for path in paths:
        bench.window.sources.open(str(path))
    qtbot.waitUntil(lambda: bool(bench.engine.started))
    assert [spec.value for spec, _ in bench.engine.started] == [str(paths[-1])]


def test_reopen_starts_the_same_source_again(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    assert not bench.window.commands["reopen"].isEnabled()
    bench.window.sources.open(str(image_file(tmp_path)))
    qtbot.waitUntil(lambda: len(bench.engine.started) == 1)
    bench.window.commands["reopen"].trigger()
    qtbot.waitUntil(lambda: len(bench.engine.started) == 2)
    assert bench.engine.started[0][0] == bench.engine.started[1][0]


def test_mirror_is_for_cameras_only(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    bench.window.sources.open("camera:0")
    qtbot.waitUntil(lambda: bench.video.options.mirror)
    bench.window.commands["mirror"].trigger()
    assert not bench.video.options.mirror
    bench.window.commands["mirror"].trigger()
    bench.window.sources.open(str(image_file(tmp_path)))
    qtbot.waitUntil(lambda: len(bench.engine.started) == 2)
    qtbot.waitUntil(lambda: not bench.video.options.mirror)


def test_passwords_are_kept_for_this_run_only(bench: Bench, qtbot: QtBot) -> None:
    """Recents and settings hold the address without it; from the recents it still opens."""
    address, shown = "rtsp://me:secret@cam.local/1", "rtsp://me:***@cam.local/1"
    sources = bench.window.sources
    sources.open(address)
    qtbot.waitUntil(lambda: has_started(bench, 1))
    assert bench.window.store.value.recent_sources == (shown,)
    assert "secret" not in bench.window.store.path.read_text()
    sources.open(shown)
    qtbot.waitUntil(lambda: has_started(bench, 2))
    assert bench.engine.started[1][0].value == address
    assert bench.window.store.value.recent_sources == (shown,)
