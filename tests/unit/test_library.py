"""ferdesk imported by somebody else's program."""

from __future__ import annotations

import ast
import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import ferdesk
from ferdesk import FerdeskError, Reader, Reading, Session, cli
from ferdesk.pictures import read_picture
from ferdesk.resources import asset

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 30


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """One for all tests; its compiled network lies where every test finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERDESK_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))
        reader = Reader()
    with reader:
        yield reader


def same(a: Reading, b: Reading) -> bool:
    pairs = zip(a.faces, b.faces, strict=True)
    return all(
        np.array_equal(x.probabilities, y.probabilities)
        and np.array_equal(x.landmarks.points, y.landmarks.points)
        and x.face_id == y.face_id
        for x, y in pairs
    )


def test_importing_it_is_light() -> None:
    """No library that takes time, before anything is used; Qt and torch not even afterwards."""
    heavy = ("PySide6", "torch", "cv2", "numpy", "mediapipe", "openvino", "pandas", "av")
    code = (
        "import sys, ferdesk; ferdesk.__version__; dir(ferdesk); "
        f"assert not [m for m in {heavy} if m in sys.modules]; "
        "from ferdesk import Session; "
        f"assert not [m for m in {('PySide6', 'torch', 'mediapipe')} if m in sys.modules]; "
        "from ferdesk import Reader, EXPRESSIONS, FerdeskError, FaceReading, Reading; "
        f"found = [m for m in {('PySide6', 'torch', 'mediapipe')} if m in sys.modules]; "
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_reading_loads_no_qt_and_no_torch(reader: Reader) -> None:
    """`reader` has converted the checkpoint, which torch does once per computer, elsewhere."""
    pytest.importorskip("openvino")
    code = (
        "import sys; from ferdesk import Reader; reader = Reader(); "
        f"reading = reader.read_image({str(asset('portrait.png'))!r}); reader.close(); "
        "assert len(reading.faces) == 1; "
        "sys.exit([m for m in ('PySide6', 'torch') if m in sys.modules] or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_it_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="Raeder"):
        _ = ferdesk.Raeder  # type: ignore[attr-defined]
    assert {"Reader", "Session", "Reading", "__version__"} <= set(dir(ferdesk))
    for name in dir(ferdesk):
        getattr(ferdesk, name)


def test_the_stub_has_the_same_names() -> None:
    stub = ast.parse((ROOT / "ferdesk" / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    typed = {alias.asname: node.module for node in imports for alias in node.names}
    assert typed == ferdesk._MODULES  # type: ignore[attr-defined]


def test_the_numbers_are_those_of_analyze(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)
    out = tmp_path / "readings.csv"
    assert cli.run(["analyze", "sample", "--out", str(out), "--frames", str(FRAMES)]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        wanted = list(csv.DictReader(file))
    monkeypatch.setattr(reader, "read", _first(reader, FRAMES))
    table = reader.table("sample")
    shared = [name for name in wanted[0] if name in table]
    assert {"frame", "face", "label", "reliability", "p_happiness", "yaw", "x"} <= set(shared)
    assert len(wanted) == len(table["frame"]) == FRAMES
    for name in shared:
        for text, value in zip((row[name] for row in wanted), table[name], strict=True):
            if table[name].dtype.kind == "f":
                digits = len(text.partition(".")[2])
                close = pytest.approx(float(value), rel=1e-3, abs=0.6 * 10**-digits)
                assert float(text) == close, name
            else:
                assert text == str(value), name


def _first(reader: Reader, count: int):  # type: ignore[no-untyped-def]
    read = reader.read

    def some(source: str) -> Iterator[Reading]:
        readings = read(source)
        yield from (next(readings) for _ in range(count))
        readings.close()  # type: ignore[attr-defined]

    return some


def test_the_order_of_colours_is_stated(reader: Reader) -> None:
    path = asset("portrait.png")
    bgr = read_picture(path)
    wanted = reader.read_image(path)
    assert len(wanted.faces) == 1
    assert wanted.frame.file == path
    assert same(wanted, reader.read_image(bgr, colours="BGR"))
    assert same(wanted, reader.read_image(bgr[:, :, ::-1], colours="RGB"))
    assert same(
        wanted, reader.read_image(np.asarray(Image.open(path).convert("RGB")), colours="RGB")
    )
    rgba = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGBA)
    assert same(wanted, reader.read_image(rgba, colours="RGB"))
    floats = bgr[:, :, ::-1].astype(np.float32) / 255
    assert same(wanted, reader.read_image(floats, colours="RGB"))
    assert not same(wanted, reader.read_image(bgr, colours="RGB")), "the order matters"
    grey = reader.read_image(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY))
    assert len(grey.faces) == 1


def test_a_picture_is_not_written_again(reader: Reader) -> None:
    bgr = read_picture(asset("portrait.png"))
    reading = reader.read_image(bgr, colours="BGR")
    before = reading.frame.image.copy()
    bgr[:] = 0
    assert np.array_equal(reading.frame.image, before)


@pytest.mark.parametrize(
    ("picture", "colours", "words"),
    [
        (np.zeros((4, 4, 3), np.uint8), None, "which order"),
        (np.zeros((4, 4, 3), np.uint8), "rbg", "RGB"),
        (np.zeros((3, 40, 40), np.uint8), "RGB", "3x40x40"),
        (np.zeros((0, 4, 3), np.uint8), "RGB", "not a picture"),
        ([[1, 2], [3, 4]], "RGB", "list"),
        ("absent.jpg", None, "absent.jpg"),
    ],
)
def test_what_is_no_picture(reader: Reader, picture: object, colours: object, words: str) -> None:
    with pytest.raises(FerdeskError, match=words):
        reader.read_image(picture, colours=colours)  # type: ignore[arg-type]


def test_what_cannot_be_read(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="absent"):
        reader.read(tmp_path / "absent.mp4")
    with pytest.raises(FerdeskError):
        reader.read([])
    with pytest.raises(FerdeskError, match="max_faces"):
        Reader(max_faces=0)
    with pytest.raises(FerdeskError, match="smoothing"):
        Reader(smoothing=float("nan"))
    with pytest.raises(FerdeskError, match="absent"):
        Reader(tmp_path / "absent.safetensors")


def test_several_readings_do_not_disturb_each_other(reader: Reader) -> None:
    """A picture in between, and a second run through the same clip."""
    alone = [reading for reading, _ in zip(reader.read("sample"), range(6), strict=False)]
    mixed = []
    second = reader.read("sample")
    for reading, other, _ in zip(reader.read("sample"), second, range(6), strict=False):
        mixed.append(reading)
        assert same(reading, other)
        assert reader.read_image(asset("portrait.png")).faces[0].face_id == 1
    assert all(same(a, b) for a, b in zip(alone, mixed, strict=True))


@pytest.fixture
def material(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the examples of the document name, in the working directory."""
    monkeypatch.chdir(tmp_path)
    portrait = read_picture(asset("portrait.png"))
    cv2.imwrite("picture.jpg", portrait)
    (tmp_path / "pictures").mkdir()
    cv2.imwrite("pictures/a.png", portrait)
    cv2.imwrite("pictures/b.png", portrait[:, ::-1])
    cv2.imwrite("pictures/nobody.png", np.full((200, 200, 3), 90, np.uint8))
    shutil.copy(asset("sample.mp4"), "clip.mp4")
    return tmp_path


def examples() -> list[tuple[str, str]]:
    """(heading, code) of every Python block but those that need PsychoPy."""
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    found = []
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        heading = part.partition("\n")[0]
        blocks = re.findall(r"^```python([^\n]*)\n(.*?)^```", part, flags=re.M | re.S)
        for i, (kind, code) in enumerate(blocks):
            compile(code, heading, "exec")
            if not kind.strip():
                found.append((f"{heading} {i}", code))
    return found


@pytest.mark.parametrize(("heading", "code"), examples(), ids=[name for name, _ in examples()])
def test_the_examples_of_the_document(
    heading: str, code: str, material: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if "dataframe" in code:
        pytest.importorskip("pandas")
    if "session" in code:
        monkeypatch.setattr(cli, "start_logging", lambda: None)
        arguments = ["analyze", "clip.mp4", "--out", "sessions", "--frames", "12"]
        assert cli.run(arguments) == 0
        (folder,) = (path.parent for path in Path("sessions").rglob("session.db"))
        folder.rename("session")
    exec(compile(code, heading, "exec"), {"__name__": "example"})
    assert capsys.readouterr().out.strip()


def test_a_folder_as_a_table(reader: Reader, material: Path) -> None:
    table = reader.table("pictures")
    names = [Path(file).name for file in table["file"]]
    assert names == ["a.png", "b.png", "nobody.png"]
    assert table["face"].tolist() == [1, 1, 0], "ids begin anew in every file"
    assert np.isnan(table["media_time"]).all(), "pictures have no time"
    assert np.isnan(table["probability_neutral"][2])
    assert table["label"][2] == ""
    pytest.importorskip("pandas")
    frame = reader.dataframe("pictures")
    assert list(frame["label"]) == table["label"].tolist()


def test_a_session_as_a_table(material: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    monkeypatch.setattr(cli, "start_logging", lambda: None)
    assert cli.run(["analyze", "picture.jpg", "--out", "sessions"]) == 0
    (folder,) = (path.parent for path in Path("sessions").rglob("session.db"))
    with Session.open(folder) as session:
        arrays, frame = session.readings(), session.dataframe()
    assert list(frame.columns) == list(arrays)
    assert frame["probability_fear"].dtype == np.float64
    assert frame["face"].dtype == np.int64
    monkeypatch.setitem(sys.modules, "pandas", None)
    with Session.open(folder) as session, pytest.raises(FerdeskError, match="ferdesk\\[pandas\\]"):
        session.dataframe()
