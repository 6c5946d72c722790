"""Checkpoints that are broken or meant to harm: each loads or is refused in one sentence."""

from __future__ import annotations

import json
import os
import random
import resource
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from ferdesk.model import checkpoint
from ferdesk.model.checkpoint import CheckpointError, load, read_card, read_verified_card
from tests.unit.model.helpers import (
    calibrated,
    edit_card,
    joined,
    split,
    tiny_card,
    tiny_checkpoint,
    tiny_network,
)

NASTY: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2**31, 2**63, 10**17, -(10**17), 1e300, -1e300, 1e-300, 0.5, "", "tiny",
    "x" * 5000, "a\nb\x00<img src='file:///etc/passwd'>", [], [1] * 300, [[[[[]]]]], {}, {"a": {}},
)  # fmt: skip
BOMBS = {
    "image_size": 10**6, "landmark_size": 10**6, "dims": [10**6], "depth": 10**7,
    "head_dim": 10**9, "mlp_ratio": 1e9, "vit_depth": 10**7, "feature_dim": 10**8,
    "embed_dim": 10**8, "mlp_hidden": [10**7, 10**7], "anchors_per_class": 10**8,
    "delta": 0.0, "attention_tokens": 10**9, "attention_heads": 10**9, "dropout": 2.0,
}  # fmt: skip
"""Entries of the architecture that would take hours or all memory if they were built."""


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a JSON value, containers too."""
    yield path
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from leaves(value[key], (*path, key))


def placed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of a JSON value with `new` at `path`."""
    if not path:
        return new
    copy = json.loads(json.dumps(value))
    inside = copy
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = new
    return copy


def mutations(original: bytes, seed: int) -> Iterator[bytes]:
    """Every entry of the header and of the card replaced, bits flipped, ends cut off."""
    draw = random.Random(12 + seed)
    header, tensors = split(original)
    card = json.loads(header["__metadata__"]["ferdesk"])
    for path in leaves(card):
        for value in draw.sample(NASTY, 2):
            edited = json.dumps(placed(card, path, value))
            yield joined(placed(header, ("__metadata__", "ferdesk"), edited), tensors)
    for path in draw.sample(list(leaves(header)), 60):
        yield joined(placed(header, path, draw.choice(NASTY)), tensors)
    length = len(original) - len(tensors)
    for first, last in ((0, 8), (8, length), (length, len(original))):
        for _ in range(40):
            data = bytearray(original)
            for _ in range(draw.randint(1, 3)):
                data[draw.randrange(first, last)] ^= 1 << draw.randrange(8)
            yield bytes(data)
    for _ in range(30):
        yield original[: draw.randrange(len(original))]


@pytest.mark.fuzz
def test_mutated_checkpoints_load_or_are_refused(tmp_path: Path, fuzz_rounds: range) -> None:
    path = tmp_path / "a.safetensors"
    network = tiny_network()
    checkpoint.save(path, network, calibrated(tiny_card(network)))
    load(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loaded, refusals = 0, []
    original = path.read_bytes()
    for data in (data for seed in fuzz_rounds for data in mutations(original, seed)):
        path.write_bytes(data)
        try:
            load(path)
            loaded += 1
        except CheckpointError as error:
            refusals.append(str(error))
    assert loaded >= 10
    assert len(refusals) >= 200
    assert not [text for text in refusals if "\n" in text or len(text) > 600]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 200, f"{grown:.0f} MB more"


@pytest.mark.parametrize("entry", BOMBS)
def test_bombs_are_refused_before_anything_is_built(tmp_path: Path, entry: str) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    edit_card(path, lambda card: card["architecture"].update({entry: BOMBS[entry]}))
    with pytest.raises(CheckpointError, match=entry):
        read_card(path)


def test_large_but_allowed_shapes_take_no_memory(tmp_path: Path) -> None:
    """All widths at their largest would be gigabytes; the weights in the file are far smaller."""
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    largest = {"feature_dim": 4096, "embed_dim": 4096, "mlp_hidden": [4096] * 8, "vit_depth": 24,
               "scales": "pyramid", "dims": [2048] * 3, "depth": 24, "mlp_ratio": 16.0}  # fmt: skip
    edit_card(path, lambda card: card["architecture"].update(largest))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match="do not fit"):
        load(path)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 200


CARD_TEXTS = {
    "deep": '{"a":' * 100_000,
    "deep but closed": '{"a":' * 500 + "1" + "}" * 500,
    "NaN": '{"format_version": NaN}',
    "infinite": '{"format_version": 1e999}',
    "many digits": '{"format_version": ' + "9" * 5000 + "}",
    "no object": "[1, 2]",
    "long": '{"notes": "' + "x" * 2_000_000 + '"}',
}


@pytest.mark.parametrize("text", CARD_TEXTS)
def test_absurd_card_texts_are_refused(tmp_path: Path, text: str) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    header, tensors = split(path.read_bytes())
    header["__metadata__"]["ferdesk"] = CARD_TEXTS[text]
    path.write_bytes(joined(header, tensors))
    with pytest.raises(CheckpointError, match="card") as refusal:
        read_card(path)
    assert "\n" not in str(refusal.value)


def test_a_deeply_nested_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(joined('{"a":' * 200_000, b""))
    with pytest.raises(CheckpointError, match=r"not a \.safetensors"):
        read_card(path)


def test_pipes_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "a.safetensors"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(CheckpointError, match="pipe or a device"):
            load(path)


def test_a_sparse_file_of_many_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", 2) + b"{}")
    os.truncate(path, 50 * 2**30)
    with pytest.raises(CheckpointError, match="larger than 1 GB"):
        load(path)


def flip_a_weight(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


def test_changed_weights_do_not_pass_for_those_of_the_card(tmp_path: Path) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    flip_a_weight(path)
    assert read_card(path).name == "tiny"
    for read in (load, read_verified_card):
        with pytest.raises(CheckpointError, match="not those that its card"):
            read(path)


def test_files_older_than_the_sum_still_open(tmp_path: Path) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    stated = read_card(path).sha256
    edit_card(path, lambda card: card.pop("sha256"))
    assert read_card(path).sha256 == ""
    assert load(path)[1].sha256 == stated


def test_the_sum_is_of_the_weights_alone(tmp_path: Path) -> None:
    one = read_card(tiny_checkpoint(tmp_path / "a.safetensors", "one")).sha256
    assert read_card(tiny_checkpoint(tmp_path / "b.safetensors", "two")).sha256 == one
    assert read_card(tiny_checkpoint(tmp_path / "c.safetensors", seed=1)).sha256 != one


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 3e38])
def test_weights_or_answers_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "a.safetensors"
    network = tiny_network()
    with torch.no_grad():
        network.apcl.reduce.weight[:, :] = value
    checkpoint.save(path, network, tiny_card(network))
    with pytest.raises(CheckpointError, match="not numbers"):
        load(path)


RANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "temperature": lambda c: c["calibration"].update(temperature=0.0),
    "set_threshold": lambda c: c["calibration"].update(set_threshold=1.5),
    "offset": lambda c: c["calibration"]["offsets"].__setitem__(0, 1e5),
    "intercept": lambda c: c["reliability"].update(intercept=1e9),
    "weight": lambda c: c["reliability"]["terms"][0].update(weight=-1e9),
    "low": lambda c: c["reliability"]["terms"][0].update(low=9.0),
    "terms": lambda c: c["reliability"].update(terms=c["reliability"]["terms"] * 1000),
    "threshold": lambda c: c["risk_coverage"]["rows"][0].update(threshold=-0.1),
    "coverage": lambda c: c["risk_coverage"]["rows"][1].update(coverage=1.1),
    "metric": lambda c: c["metrics"].update(accuracy=1e40),
    "metric that is text": lambda c: c["metrics"].update(accuracy="good"),
    "sum": lambda c: c.update(sha256="abc"),
    "std": lambda c: c["preprocessing"].update(image_std=[0, 1, 1]),
    "detail": lambda c: c["preprocessing"].update(detail=113),
    "size": lambda c: c["preprocessing"].update(size=10**6),
}


@pytest.mark.parametrize("entry", RANGES)
def test_entries_out_of_range_are_refused(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "a.safetensors"
    network = tiny_network()
    checkpoint.save(path, network, calibrated(tiny_card(network)))
    edit_card(path, RANGES[entry])
    with pytest.raises(CheckpointError):
        read_card(path)


def test_figures_that_json_cannot_hold_are_left_out_when_saving(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    network = tiny_network()
    card = tiny_card(network)
    card.metrics["auroc"] = float("nan")
    card.tables["recall"] = {"fear": float("nan")}
    checkpoint.save(path, network, card)
    read = load(path)[1]
    assert read.metrics == {"accuracy": 0.5}
    assert read.tables == {"recall": {"fear": None}}
