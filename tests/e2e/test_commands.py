"""The command line as a user meets it: the real main() in a process of its own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.resources import asset
from ferdesk.table.columns import OF_FILE
from tests.unit.model.helpers import tiny_checkpoint


def ferdesk(*arguments: object, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    """Run ``python -m ferdesk`` and wait."""
    return subprocess.run(
        [sys.executable, "-m", "ferdesk", *map(str, arguments)],
        capture_output=True, text=True, timeout=timeout, env=os.environ.copy(), check=False,
    )  # fmt: skip


def assert_refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """One sentence on stderr, no traceback, no success."""
    sentences = [line for line in result.stderr.splitlines() if line.startswith("ferdesk: ")]
    assert result.returncode == 2, result.stderr
    assert len(sentences) == 1, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in sentences[0], sentences[0]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_analyze_the_sample_with_the_shipped_checkpoint(tmp_path: Path) -> None:
    out, picture = tmp_path / "a" / "readings.csv", tmp_path / "a" / "picture.png"
    result = ferdesk("analyze", "sample", "--out", out, "--picture", picture)
    assert result.returncode == 0, result.stderr
    assert str(out) in result.stdout
    assert str(picture) in result.stdout
    rows = read_csv(out)
    assert len(rows) == 472, "one face in every frame, none dropped"
    assert tuple(rows[0]) == OF_FILE
    assert {row["face"] for row in rows} == {"1"}
    times = [float(row["media_time"]) for row in rows]
    assert times[0] == 0.0
    assert np.allclose(np.diff(times), 1001 / 24000, atol=0.002)
    for row in rows[::25]:
        final = [float(row[f"probability_{name}"]) for name in EXPRESSIONS]
        assert sum(final) == pytest.approx(1.0, abs=1e-4)
        assert row["label"] == EXPRESSIONS[int(np.argmax(final))]
        assert all(0 <= float(row[c]) <= 1 for c in ("c_p", "c_g", "c_a", "c_t"))
    # She acts sadness until frame 140, worry with a hand at the mouth, and joy from 250 on.
    labels = [row["label"] for row in rows]
    assert labels[:140].count("sadness") > 110
    assert labels[250:].count("happiness") > 200
    annotated = cv2.imread(str(picture))
    assert annotated is not None
    assert annotated.shape == (360, 640, 3)


def test_analyze_is_repeatable_and_does_not_depend_on_the_machine_load(tmp_path: Path) -> None:
    texts = []
    for name in ("a.csv", "b.csv"):
        assert (
            ferdesk("analyze", "sample", "--out", tmp_path / name, "--frames", 30).returncode == 0
        )
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]


def test_analyze_a_real_clip(face_clip: Path, tmp_path: Path) -> None:
    result = ferdesk("analyze", face_clip, "--out", tmp_path / "r.csv")
    assert result.returncode == 0, result.stderr
    rows = read_csv(tmp_path / "r.csv")
    assert len(rows) == 75
    assert {row["face"] for row in rows} == {"1"}


def test_analyze_pictures_without_a_face(tmp_path: Path) -> None:
    for name, shape in (("grey.png", (60, 80)), ("rgba.png", (60, 80, 4)), ("dot.png", (1, 1, 3))):
        cv2.imwrite(str(tmp_path / name), np.full(shape, 90, np.uint8))
    out = tmp_path / "out.csv"
    result = ferdesk("analyze", tmp_path, "--out", out, "--picture", tmp_path / "p.jpg")
    assert result.returncode == 0, result.stderr
    assert "3 frames" in result.stdout
    assert "no frame has a face" in result.stdout
    assert [(row["file"], row["face"]) for row in read_csv(out)] == [
        ("dot.png", "0"), ("grey.png", "0"), ("rgba.png", "0"),
    ]  # fmt: skip


def broken(kind: str, folder: Path) -> Path:
    """A faulty source of the given kind."""
    path = folder / kind.replace(" ", "-")
    match kind:
        case "empty video.mp4":
            path.write_bytes(b"")
        case "truncated video.mp4":
            path.write_bytes(asset("sample.mp4").read_bytes()[:20_000])
        case "noise.mp4":
            path.write_bytes(os.urandom(5000))
        case "text.png":
            path.write_text("not a picture")
        case "text.txt":
            path.write_text("not a picture")
        case "empty folder":
            path.mkdir()
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "absent.mp4", "empty video.mp4", "truncated video.mp4", "noise.mp4", "text.png",
        "text.txt", "empty folder",
    ],
)  # fmt: skip
def test_faulty_sources(kind: str, tmp_path: Path) -> None:
    path = broken(kind, tmp_path)
    assert_refused(ferdesk("analyze", path, "--out", tmp_path / "r.csv"), path.name)
    assert not (tmp_path / "r.csv").exists()


def test_no_camera(tmp_path: Path) -> None:
    if any(Path("/dev").glob("video*")):
        pytest.skip("this machine has a camera")
    assert_refused(ferdesk("analyze", "camera", "--out", tmp_path / "r.csv"), "camera")


def test_faulty_checkpoints_and_devices(tmp_path: Path) -> None:
    out = tmp_path / "r.csv"
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(tiny_checkpoint(tmp_path / "good.safetensors").read_bytes()[:-9])
    assert_refused(ferdesk("analyze", "sample", "--out", out, "--checkpoint", bad), "truncated")
    assert_refused(ferdesk("info", tmp_path), "folder")
    import torch

    if not torch.cuda.is_available():
        assert_refused(ferdesk("analyze", "sample", "--out", out, "--device", "cuda"), "CUDA")
    assert_refused(ferdesk("bench", "--frames", 0), "--frames")
    assert_refused(ferdesk("analyze", "sample", "--out", "/proc/no/r.csv"), "cannot be made")


def test_info_prints_the_card() -> None:
    result = ferdesk("info")
    assert result.returncode == 0, result.stderr
    card = json.loads(result.stdout)
    assert card["labels"] == list(EXPRESSIONS)
    assert card["training"]["data"] == "ferplus"
    assert card["licence"]


@pytest.mark.parametrize("float32", [False, True])
def test_bench_prints_every_figure(tmp_path: Path, float32: bool) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "tiny.safetensors")
    result = ferdesk(
        "bench", "--frames", 20, "--fps", 60, "--faces", 2, "--checkpoint", checkpoint, "--json",
        *(["--float32"] if float32 else []),
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    for name in (
        "readings_per_second", "mediapipe_ms_p50", "model_ms_p50", "analysis_ms_p50",
        "latency_ms_p50", "latency_ms_p95", "rss_mb_start", "rss_mb_end",
    ):  # fmt: skip
        assert figures[name] > 0, name
    assert figures["dropped"] >= 0
    assert figures["faces"] == 2
    assert not float32 or figures["device"] == "OpenVINO (CPU)"
    assert figures["latency_ms_p95"] >= figures["latency_ms_p50"]
    assert figures["analysis_ms_p50"] > figures["model_ms_p50"]
