"""What `ferdesk analyze` leaves: the table, its description, the picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk import __version__
from ferdesk.model import checkpoint
from ferdesk.model.config import TINY
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import UNSURE
from ferdesk.table.columns import COLUMNS, OF_FILE, OF_FILE_ALL, WITNESS
from tests.unit.commands.analyze.conftest import Run
from tests.unit.model.helpers import tiny_card, tiny_network
from tests.unit.vision.groups import group

ROOT = Path(__file__).resolve().parents[4]
ABOUT_A_FACE = OF_FILE[OF_FILE.index("face") + 1 :]


def test_faces_beside_those_read_are_counted(run: Run, tmp_path: Path) -> None:
    picture, _ = group([(160 + 170 * i, 300, 70 + 10 * i) for i in range(5)])
    assert cv2.imwrite(str(tmp_path / "five.png"), picture[:, :, ::-1])
    code, rows = run(tmp_path / "five.png")
    assert code == 0
    assert [(row["face"], row["unread"]) for row in rows] == [("1", "2"), ("2", "2"), ("3", "2")]
    code, rows = run(tmp_path / "five.png", "--max-faces", 5, "--overwrite")
    assert [row["unread"] for row in rows] == ["0"] * 5


def test_a_mixed_folder(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Videos and pictures in turn; what cannot be read stops nothing and is told in the end."""
    code, rows = run(folder)
    assert code == 1, "one file was not read"
    files = ["'=face 1.png", *["clip.avi"] * 5, "face 2.jpg", "nobody.png"]
    assert [row["file"] for row in rows] == files
    assert [row["frame"] for row in rows] == [str(i) for i in range(8)]
    assert [row["face"] for row in rows] == ["1"] * 7 + ["0"], "every file begins with 1"
    times = [row["media_time"] for row in rows]
    assert times[0] == times[6] == times[7] == "", "pictures have no time"
    assert [float(time) for time in times[1:6]] == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])
    assert {rows[7][name] for name in ABOUT_A_FACE} == {""}
    told = capsys.readouterr()
    assert "8 frames of mixed, 7 with a face, 8 rows" in told.out
    assert "broken.png" in told.err
    assert told.err.count("\n") == 1
    described = json.loads((folder.parent / "out" / "readings.json").read_text())
    assert [text for text in described["not_read"] if "broken.png" in text]
    assert described["counts"] == {"frames": 8, "frames_with_a_face": 7, "rows": 8}
    assert described["source"]["folder"] == str(folder)


def test_the_description(run: Run, model: Path, tmp_path: Path) -> None:
    _, rows = run("sample", "--frames", 2, "--coverage", 0.5, "--max-faces", 2, "--smoothing", 0.2)
    described = json.loads((tmp_path / "out" / "readings.json").read_text())
    card = checkpoint.read_verified_card(model)
    assert described["readings"] == "readings.csv"
    assert described["ferdesk"] == __version__
    assert described["complete"] is True
    assert described["ended"] == "--frames"
    assert described["checkpoint"] == {"name": card.name, "sha256": card.sha256}
    assert len(card.sha256) == 64
    assert described["precision"] == "f32"
    assert described["settings"] == {
        "smoothing_seconds": 0.2, "coverage": 0.5, "threshold": 0.6, "max_faces": 2, "frames": 2,
        "small_faces": False,
    }  # fmt: skip
    assert list(described["columns"]) == list(rows[0]) == list(OF_FILE)
    assert described["columns"]["media_time"]["Units"] == "s"
    assert {*EXPRESSIONS, UNSURE} == set(described["columns"]["label"]["Levels"])


def test_all_distributions(run: Run, tmp_path: Path) -> None:
    """The landmark witness's only where the checkpoint has one."""
    _, rows = run("sample", "--frames", 1, "--all")
    assert tuple(rows[0]) == tuple(name for name in OF_FILE_ALL if name not in WITNESS)
    path = tmp_path / "witness.safetensors"
    network = tiny_network(config=replace(TINY, witness="correction"))
    checkpoint.save(path, network, tiny_card(network))
    _, rows = run("sample", "--frames", 2, "--all", "--checkpoint", path, "--overwrite")
    assert tuple(rows[0]) == OF_FILE_ALL
    for row in rows:
        for name in ("probability", "calibrated", "p", "t_g", "t_a", "t", "p_lm", "final"):
            found = [float(row[f"{name}_{expression}"]) for expression in EXPRESSIONS]
            assert sum(found) == pytest.approx(1, abs=1e-5)
        p, t, final = (
            np.array([float(row[f"{name}_{e}"]) for e in EXPRESSIONS])
            for name in ("p", "t", "final")
        )
        c_p, c_t = float(row["c_p"]), float(row["c_t"])
        assert final == pytest.approx((c_p * p + c_t * t) / (c_p + c_t), abs=1e-4)
        assert 0 < float(row["blendshape_mouthSmileLeft"]) < 1


def test_the_picture_has_the_type_asked_for(run: Run, tmp_path: Path) -> None:
    signatures = {"a.png": b"\x89PNG", "a.jpg": b"\xff\xd8\xff", "a.webp": b"RIFF"}
    for name, signature in signatures.items():
        run("sample", "--frames", 1, "--picture", tmp_path / name, "--overwrite")
        assert (tmp_path / name).read_bytes().startswith(signature)
    picture = cv2.imread(str(tmp_path / "a.png"))
    assert picture is not None
    assert picture.shape == (360, 640, 3)


def test_pictures_without_a_face(
    run: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, rows = run(folder / "nobody.png", "--picture", tmp_path / "p.jpg")
    assert code == 0
    assert [(row["file"], row["face"], row["label"]) for row in rows] == [("nobody.png", "0", "")]
    assert "no frame has a face" in capsys.readouterr().out
    assert not (tmp_path / "p.jpg").exists()


@pytest.mark.parametrize(
    "option",
    [("--max-faces", 0), ("--max-faces", 11), ("--frames", -1), ("--smoothing", "nan"),
     ("--smoothing", -1), ("--coverage", 0), ("--coverage", 1.1)],
)  # fmt: skip
def test_options_out_of_range(
    run: Run, option: tuple[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sample", *option) == (2, [])
    assert capsys.readouterr().err.startswith(f"ferdesk: {option[0]} must be ")


def test_the_documents_know_every_column() -> None:
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    text = text[text.index("## Columns") : text.index("## Recording")]
    for name in COLUMNS:
        family = next((name[: -len(e)] for e in EXPRESSIONS if name.endswith(f"_{e}")), None)
        for prefix in ("blendshape_", "change_"):
            family = prefix if name.startswith(prefix) else family
        assert f"`{name}`" in text or f"`{family}…`" in text or f"`{name}` …" in text, name
