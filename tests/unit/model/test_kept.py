"""Networks compiled once and kept: found again, checked, made anew when anything is wrong."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferdesk.model import kept as kept_module
from ferdesk.model.checkpoint import CheckpointError, load, read_verified_card
from ferdesk.model.conversion import torch_answer
from ferdesk.model.face_geometry import no_geometry
from ferdesk.model.kept import Kept
from ferdesk.model.predictor import Predictor
from ferdesk.model.probe import probe_crops
from tests.unit.model.helpers import tiny_checkpoint

pytest.importorskip("openvino")


def kept_files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def kept_networks(folder: Path) -> list[Path]:
    return [path for path in kept_files(folder) if path.suffix == ".network"]


def answer(path: Path, folder: Path | None) -> np.ndarray:
    return Predictor.from_checkpoint(path, "openvino", 1, folder).predict(probe_crops(112)).final


def test_the_second_opening_takes_what_the_first_one_kept(tmp_path: Path) -> None:
    path, folder = tiny_checkpoint(tmp_path / "a.safetensors"), tmp_path / "kept"
    first = answer(path, folder)
    made = [file.stat().st_ino for file in kept_files(folder)]
    card = read_verified_card(path)
    assert Kept(folder, card, 1).read() is not None
    assert np.array_equal(answer(path, folder), first)
    assert np.allclose(torch_answer(load(path)[0]).final, first, atol=0.05)
    assert [f.stat().st_ino for f in kept_files(folder)] == made


def test_groups_are_kept_beside_single_faces(tmp_path: Path) -> None:
    path, folder = tiny_checkpoint(tmp_path / "a.safetensors"), tmp_path / "kept"
    answer(path, folder)
    kept = Kept(folder, read_verified_card(path), 1).read()
    assert kept is not None
    crops, geometry = np.tile(probe_crops(112), (2, 1, 1, 1)), no_geometry(4)
    alone = kept.run(crops[:1], geometry[:1])
    assert np.allclose(kept.run(crops, geometry).final[2], alone.final[0], atol=0.02)
    assert kept.blobs().group() is not None


@pytest.mark.parametrize("damage", ["missing", "half written"])
def test_without_models_for_groups_every_face_runs_by_itself(tmp_path: Path, damage: str) -> None:
    path, folder = tiny_checkpoint(tmp_path / "a.safetensors"), tmp_path / "kept"
    answer(path, folder)
    group = next(file for file in kept_files(folder) if file.suffix == ".group")
    if damage == "missing":
        group.unlink()
    else:
        group.write_bytes(group.read_bytes()[:5000])
    backend = Kept(folder, read_verified_card(path), 1).read()
    assert backend is not None
    crops = np.tile(probe_crops(112), (2, 1, 1, 1))
    assert np.array_equal(backend.run(crops, no_geometry(4)).final[2:], answer(path, None))


def test_other_weights_threads_and_architectures_have_places_of_their_own(tmp_path: Path) -> None:
    card = read_verified_card(tiny_checkpoint(tmp_path / "a.safetensors"))
    other = read_verified_card(tiny_checkpoint(tmp_path / "b.safetensors", seed=1))
    turned = replace(card, preprocessing=replace(card.preprocessing, grayscale=False))
    places = [Kept(tmp_path, c, 1).path for c in (card, other, turned)]
    places.append(Kept(tmp_path, card, 2).path)
    assert len(set(places)) == 4
    renamed = replace(card, name="another name", notes="other notes")
    assert Kept(tmp_path, renamed, 1).path == places[0]


def flipped(data: bytes) -> bytes:
    return data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]


def of_other_weights(data: bytes, wrong: bytes) -> bytes:
    """The compiled model of another checkpoint beside this one's recorded answers, well sealed."""
    from safetensors.numpy import load as parse
    from safetensors.numpy import save

    arrays, others = parse(data[32:]), parse(wrong[32:])
    content = save({**arrays, "network": others["network"]})
    return hashlib.sha256(content).digest() + content


DAMAGE: dict[str, Callable[[bytes, bytes], bytes]] = {
    "empty": lambda data, wrong: b"",
    "half written": lambda data, wrong: data[: len(data) // 2],
    "one bit": lambda data, wrong: flipped(data),
    "foreign": lambda data, wrong: b"hello" * 1000,
    "sealed but foreign": lambda data, wrong: hashlib.sha256(b"hello").digest() + b"hello",
    "of other weights": of_other_weights,
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, bytes]:
    """A checkpoint, what is kept of it, and what is kept of one with other weights."""
    folder = tmp_path_factory.mktemp("written")
    contents = []
    for seed in range(2):
        path = tiny_checkpoint(folder / f"{seed}.safetensors", seed=seed)
        answer(path, folder / str(seed))
        contents.append(kept_networks(folder / str(seed))[0].read_bytes())
    return folder / "0.safetensors", *contents


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_or_foreign_is_not_used(
    tmp_path: Path, written: tuple[Path, bytes, bytes], damage: str
) -> None:
    path, content, wrong = written
    kept = Kept(tmp_path, read_verified_card(path), 1)
    kept.path.write_bytes(content)
    assert kept.read() is not None
    kept.path.write_bytes(DAMAGE[damage](content, wrong))
    assert kept.read() is None


def test_what_is_damaged_is_made_anew(tmp_path: Path, written: tuple[Path, bytes, bytes]) -> None:
    path, content, _ = written
    kept = Kept(tmp_path, read_verified_card(path), 1)
    kept.path.write_bytes(content)
    good = answer(path, tmp_path)
    kept.path.write_bytes(content[:-100])
    assert np.array_equal(answer(path, tmp_path), good)
    assert kept.read() is not None


def test_only_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "_MOST_FILES", 2)
    folder = tmp_path / "kept"
    for seed in range(3):
        answer(tiny_checkpoint(tmp_path / f"{seed}.safetensors", seed=seed), folder)
        for age, file in enumerate(sorted(folder.iterdir(), key=lambda f: f.stat().st_mtime)):
            os.utime(file, (1e9 + age, 1e9 + age))
    assert len(kept_networks(folder)) == 2
    assert len(kept_files(folder)) == 4  # groups of faces have files of their own
    last = read_verified_card(tmp_path / "2.safetensors")
    assert Kept(folder, last, 1).path in kept_files(folder)


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    file = tmp_path / "file"
    file.write_text("in the way")
    assert np.array_equal(answer(path, file / "kept"), answer(path, tmp_path / "kept"))


def test_a_kept_network_does_not_serve_damaged_weights(tmp_path: Path) -> None:
    path, folder = tiny_checkpoint(tmp_path / "a.safetensors"), tmp_path / "kept"
    answer(path, folder)
    data = path.read_bytes()
    path.write_bytes(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])
    with pytest.raises(CheckpointError, match="damaged"):
        answer(path, folder)


_FIRST_READING = """
import sys, time
from pathlib import Path
from ferdesk.bootstrap import prepare_environment
prepare_environment()
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.loader import load_predictor
from ferdesk.sources.spec import SourceSpec, open_source
predictor = load_predictor(Path(sys.argv[1]), "openvino")
source = open_source(SourceSpec.parse("sample"))
source.open()
analyzer = Analyzer(predictor, 1, 0.0)
reading = analyzer.analyze(source.read())
analyzer.close()
assert len(reading.faces) == 1
heavy = {"torch", "matplotlib.pyplot", "sounddevice"} & set(sys.modules)
print("with" if heavy else "without", *heavy)
"""


def test_a_new_process_reads_faces_without_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERDESK_CACHE_DIR", str(tmp_path / "cache"))
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    words = [
        subprocess.run(
            [sys.executable, "-c", _FIRST_READING, str(path)],
            capture_output=True, text=True, check=True, timeout=100,
        ).stdout.split()
        for _ in range(2)
    ]  # fmt: skip
    assert words == [["without"], ["without"]]
