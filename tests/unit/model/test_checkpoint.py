"""Checkpoints: round trip, cards without weights, and every refusal."""

import errno
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ferdesk.errors import FerdeskError
from ferdesk.model import checkpoint
from ferdesk.model.checkpoint import CheckpointError, load, read_card
from tests.unit.model.helpers import (
    calibrated,
    edit_card,
    tiny_card,
    tiny_checkpoint,
    tiny_network,
)


def test_round_trip_keeps_weights_and_card(tmp_path: Path) -> None:
    network = tiny_network()
    card = tiny_card(network)
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, network, card)
    loaded, read = load(path)
    assert read.sha256
    assert read == replace(card, sha256=read.sha256)
    assert not loaded.training
    for key, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_rounded_kernels_take_half_the_place_and_nothing_else_changes(tmp_path: Path) -> None:
    network = tiny_network()
    small = checkpoint.rounded(network)
    sizes = []
    for name, kept in (("whole", network), ("half", small)):
        path = tmp_path / f"{name}.safetensors"
        checkpoint.save(path, kept, tiny_card(network))
        sizes.append(path.stat().st_size)
        loaded = load(path)[0].state_dict()
        for key, value in kept.state_dict().items():
            assert torch.equal(loaded[key], value), key
            assert loaded[key].dtype == value.dtype, key
    kernels = [v for v in network.image_backbone.parameters() if v.ndim == 4]
    assert sizes[0] - sizes[1] == pytest.approx(2 * sum(v.numel() for v in kernels), abs=16)
    for key, value in network.state_dict().items():
        if key.startswith("image_backbone.") and value.ndim == 4:
            assert not torch.equal(small.state_dict()[key], value), key
            torch.testing.assert_close(small.state_dict()[key], value, atol=1e-7, rtol=1e-3)
        else:
            assert torch.equal(small.state_dict()[key], value), key


def test_calibration_and_reliability_survive(tmp_path: Path) -> None:
    network = tiny_network()
    card = calibrated(tiny_card(network))
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, network, card)
    assert replace(read_card(path), sha256="") == card


def test_older_cards_have_no_calibration(tmp_path: Path) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")

    def age(card: dict[str, Any]) -> None:
        card["calibration"] = {}
        for key in ("reliability", "risk_coverage", "tables"):
            del card[key]

    edit_card(path, age)
    card = read_card(path)
    assert (card.calibration, card.reliability, card.risk_coverage) == (None, None, None)
    assert card.tables == {}


def test_a_header_whose_length_begins_like_a_pickle_is_no_pickle(tmp_path: Path) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    longer = length + (0x80 - length) % 256
    header = data[8 : 8 + length] + b" " * (longer - length)
    path.write_bytes(struct.pack("<Q", longer) + header + data[8 + length :])
    assert path.read_bytes()[:1] == b"\x80"
    assert read_card(path).name == "tiny"


def test_reading_a_card_loads_no_torch(tmp_path: Path) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    code = (
        "import sys; from pathlib import Path; from ferdesk.model.checkpoint import read_card; "
        f"read_card(Path({str(path)!r})); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_card_is_readable_without_the_weights(tmp_path: Path) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    data = bytearray(path.read_bytes())
    header = 8 + struct.unpack("<Q", data[:8])[0]
    data[header:] = b"\xff" * (len(data) - header)
    path.write_bytes(data)
    assert read_card(path).name == "tiny"


CARD_FAULTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "newer format": (lambda c: c.update(format_version=99), "format 99"),
    "other labels": (lambda c: c.update(labels=["cat", "dog"]), r"other labels \(cat, dog\)"),
    "missing label": (lambda c: c["labels"].pop(), "other labels"),
    "labels no list": (lambda c: c.update(labels=7), "other labels"),
    "unknown backbone": (
        lambda c: c["architecture"].update(image_backbone="vgg"), "'vgg', which",
    ),
    "unknown entry": (lambda c: c["architecture"].update(curiosity=1), "unknown entry 'curiosity'"),
    "wrong type": (lambda c: c["architecture"].update(dims="wide"), "'dims'"),
    "no preprocessing": (lambda c: c.pop("preprocessing"), "preprocessing"),
    "another width": (lambda c: c["architecture"].update(embed_dim=64), "do not fit"),
    "heads that do not divide": (
        lambda c: c["architecture"].update(attention_heads=3), "4 tokens of 3 heads",
    ),
    "metrics no table": (lambda c: c.update(metrics="good"), "wrong type"),
    "tables no table": (lambda c: c.update(tables=[1]), "wrong type"),
    "half a calibration": (
        lambda c: c.update(calibration={"temperature": 1.3}), "no number 'set_threshold'",
    ),
    "calibration no object": (lambda c: c.update(calibration="warm"), "its calibration"),
    "reliability no object": (lambda c: c.update(reliability=[1]), "its reliability model"),
    "unknown feature": (
        lambda c: c.update(reliability={
            "intercept": 1.0, "usual": [],
            "terms": [{"feature": "mood", "weight": 1.0, "low": 0.0, "high": 1.0}],
        }), "unknown feature 'mood'",
    ),
    "empty risk table": (lambda c: c.update(risk_coverage={"rows": []}), "risk-coverage table"),
}  # fmt: skip


@pytest.mark.parametrize("fault", CARD_FAULTS)
def test_faulty_cards_are_refused_with_the_reason(tmp_path: Path, fault: str) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    change, sentence = CARD_FAULTS[fault]
    edit_card(path, change)
    with pytest.raises(CheckpointError, match=sentence) as refusal:
        load(path)
    assert "\n" not in str(refusal.value)


def truncated(path: Path) -> None:
    tiny_checkpoint(path)
    path.write_bytes(path.read_bytes()[:-100])


def cut_in_the_header(path: Path) -> None:
    tiny_checkpoint(path)
    path.write_bytes(path.read_bytes()[:300])


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


def torch_file(path: Path) -> None:
    torch.save(tiny_network().state_dict(), path)


def without_card(path: Path) -> None:
    from safetensors.torch import save_file

    save_file(tiny_network().state_dict(), path)


FILE_FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "absent": (lambda p: None, "cannot be read"),
    "a folder": (lambda p: p.mkdir(), "is a folder"),
    "0 bytes": (lambda p: p.write_bytes(b""), "empty"),
    "3 bytes": (lambda p: p.write_bytes(b"abc"), "not a .safetensors"),
    "text": (lambda p: p.write_text("hello " * 100), "not a .safetensors"),
    "json length but no json": (
        lambda p: p.write_bytes(struct.pack("<Q", 50) + b"x" * 60), "not a .safetensors",
    ),
    "huge header": (
        lambda p: p.write_bytes(struct.pack("<Q", 2**60) + b"{}"), "not a .safetensors",
    ),
    "truncated": (truncated, "truncated or damaged"),
    "cut in the header": (cut_in_the_header, "truncated"),
    "pickle": (pickled, "pickled"),
    "torch file": (torch_file, "pickled PyTorch file"),
    "weights without a card": (without_card, "no ferdesk card"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_faulty_files_are_refused_with_the_reason(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "a.safetensors"
    make, sentence = FILE_FAULTS[fault]
    make(path)
    with pytest.raises(CheckpointError, match=sentence) as refusal:
        read_card(path)
    assert "\n" not in str(refusal.value)


def test_a_header_whose_length_begins_like_a_pickle_is_still_a_header(tmp_path: Path) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    padding = (0x80 - length) % 256
    header = data[8 : 8 + length] + b" " * padding
    path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + length :])
    assert path.read_bytes()[:1] == b"\x80"
    assert read_card(path).name == "tiny"


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tiny_checkpoint(tmp_path / "model.safetensors")
    before = path.read_bytes()
    network, card = checkpoint.load(path)

    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FerdeskError, match="disk is full"):
        checkpoint.save(path, network, card)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
