"""The rival from npm: fetching its package, and what is done around its networks. Offline."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.rivals import npm, worker
from benchmarks.rivals.answers import to_probabilities
from benchmarks.rivals.commands import Runner
from benchmarks.rivals.environments import RIVALS, Rival, ensure, interpreter
from benchmarks.rivals.npm import NpmPackage, fetch
from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS

NETWORK = b"a network"
PACKAGE = NpmPackage("net@1", (("model/net.onnx", hashlib.sha256(NETWORK).hexdigest()),))


@pytest.fixture
def has_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npm.shutil, "which", lambda name: f"/bin/{name}")


def archive(name: str = "package/model/net.onnx", data: bytes = NETWORK) -> bytes:
    """A package as npm packs it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for path, content in (("package/README.md", b"read me"), (name, data)):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def fake_npm(packed: bytes, commands: list[list[str]]) -> Runner:
    """Writes `packed` where npm is told to; everything else succeeds and does nothing."""

    def run(command: Sequence[str], output: Path) -> int:
        commands.append(list(command))
        if "pack" in command:
            (Path(command[-1]) / "net-1.tgz").write_bytes(packed)
        return 0

    return run


# The package


def test_without_npm_one_sentence_comes_before_anything_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    commands: list[list[str]] = []
    with pytest.raises(FerdeskError, match=r"^npm, which fetches net@1, is not installed; ") as got:
        ensure(Rival("net", "net 1", ("numpy==1",), npm=PACKAGE), tmp_path, fake_npm(b"", commands))
    assert "\n" not in str(got.value)
    assert not commands


@pytest.mark.usefixtures("has_npm")
def test_files_from_npm_lie_in_the_environment_and_are_fetched_once(tmp_path: Path) -> None:
    commands: list[list[str]] = []
    run = fake_npm(archive(), commands)
    rival = Rival("net", "net 1", ("numpy==1",), npm=PACKAGE)
    interpreter(tmp_path / "net").parent.mkdir(parents=True)
    interpreter(tmp_path / "net").touch()
    python = ensure(rival, tmp_path, run)
    assert (tmp_path / "net/files/net.onnx").read_bytes() == NETWORK
    assert [path.name for path in (tmp_path / "net/files").iterdir()] == ["net.onnx"]
    assert len(commands) == 3
    assert commands[-1][:3] == ["/bin/npm", "pack", "net@1"]
    assert ensure(rival, tmp_path, run) == python
    assert len(commands) == 3
    ensure(replace(rival, npm=replace(PACKAGE, spec="net@2")), tmp_path, run)
    assert commands[-1][:3] == ["/bin/npm", "pack", "net@2"]


@pytest.mark.usefixtures("has_npm")
@pytest.mark.parametrize(
    ("packed", "sentence"),
    [
        (archive(data=b"another network"), "has the SHA-256 .* instead of"),
        (archive(name="package/other.onnx"), "holds no file 'model/net.onnx'"),
        (archive()[:40], "of net@1 is damaged"),
        (b"<html>no</html>", "of net@1 is damaged"),
    ],
)
def test_anything_else_from_npm_is_refused(tmp_path: Path, packed: bytes, sentence: str) -> None:
    with pytest.raises(FerdeskError, match=sentence) as got:
        fetch(PACKAGE, tmp_path / "files", tmp_path / "log", fake_npm(packed, []))
    assert "\n" not in str(got.value)
    assert not list((tmp_path / "files").iterdir())


@pytest.mark.usefixtures("has_npm")
def test_npm_that_fails_is_a_sentence(tmp_path: Path) -> None:
    def run(command: Sequence[str], output: Path) -> int:
        output.write_text("npm error code E404\n")
        return 1

    with pytest.raises(FerdeskError, match=r"net@1 could not be installed \(npm error code E404\)"):
        fetch(PACKAGE, tmp_path / "files", tmp_path / "log", run)


def test_what_comes_from_npm_has_a_version_and_checksums() -> None:
    packages = [rival.npm for rival in RIVALS if rival.npm is not None]
    assert packages
    for package in packages:
        assert package.spec.partition("@")[2]
        assert all(len(bytes.fromhex(sha256)) == 32 for _, sha256 in package.files)


# Around its networks


def test_the_order_of_its_seven_expressions() -> None:
    meant = []
    for index in range(7):
        scores = {name: float(i == index) for i, name in enumerate(worker.FacepluginReader.NAMES)}
        meant.append(EXPRESSIONS[int(to_probabilities(scores).argmax())])
    assert meant == ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]


def test_the_expression_network_gets_rgb_from_0_to_1() -> None:
    picture = np.empty((60, 40, 3), np.uint8)
    picture[:] = (255, 51, 0)
    tensor = worker.expression_input(picture)
    assert tensor.shape == (1, 3, 224, 224)
    assert tensor.dtype == np.float32
    assert np.allclose(tensor[0].reshape(3, -1), np.array([[0.0], [0.2], [1.0]]))


def test_the_detector_gets_bgr_around_0() -> None:
    picture = np.empty((480, 640, 3), np.uint8)
    picture[:] = (255, 127, 63)
    tensor = worker.detector_input(picture)
    assert tensor.shape == (1, 3, 240, 320)
    assert tensor.dtype == np.float32
    assert np.allclose(tensor[0].reshape(3, -1), np.array([[1.0], [0.0], [-0.5]]))


def test_boxes_become_squares_inside_the_picture() -> None:
    boxes = np.array(
        [
            [0.25, 0.25, 0.50, 0.75],  # 160 x 240 pixels of 640 x 480
            [0.26, 0.26, 0.51, 0.76],  # the same face
            [0.00, 0.80, 0.05, 0.90],  # another, at the edge
            [0.60, 0.10, 0.70, 0.20],  # too uncertain
            [0.90, 0.90, 0.80, 0.95],  # inside out
        ],
        np.float32,
    )
    scores = np.array([0.7, 0.9, 0.65, 0.64, 0.9], np.float32)
    found = worker.choose_boxes(boxes, scores, 640, 480)
    # The higher one of the two is kept, as in the script, not the more certain one.
    assert found == [[120, 120, 240, 240], [0, 384, 40, 48]]
    assert worker.choose_boxes(boxes, scores * 0, 640, 480) == []


def test_the_face_is_cut_out_to_the_right_and_below() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[10:34, 20:80] = 7
    assert worker.cut_face(picture, [20, 10, 50, 20]).shape == (24, 60, 3)
    assert (worker.cut_face(picture, [20, 10, 50, 20]) == 7).all()
    assert worker.cut_face(picture, [150, 90, 60, 40]).shape == (10, 50, 3)
