"""The novelty head: what it computes, on every backend, and that nothing else hears it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ferdesk.model import checkpoint
from ferdesk.model.conversion import convert
from ferdesk.model.face_geometry import no_geometry
from ferdesk.model.network import DualStreamFER
from ferdesk.model.novelty import NoveltyHead, pooled
from ferdesk.model.openvino_backend import OpenVinoBackend
from ferdesk.model.predictor import Predictor
from ferdesk.model.purified import FIELDS
from tests.unit.model.helpers import tiny_card, tiny_network


def crops(n: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 112, 112, 3), dtype=np.uint8)


def measuring() -> DualStreamFER:
    """A tiny network with a head of random numbers."""
    network = tiny_network()
    inputs = network.preprocess(torch.zeros(1, 3, 112, 112))
    head = NoveltyHead(pooled(network.image_maps(*inputs)).shape[1])
    chance = torch.Generator().manual_seed(3)
    for name, values in head.state_dict().items():
        values.copy_(torch.rand(values.shape, generator=chance) + (name == "spread"))
    return network.with_novelty(head)


def test_the_log_odds_by_hand() -> None:
    network, picture = measuring(), torch.from_numpy(crops(1)).permute(0, 3, 1, 2).float()
    head = network.novelty
    assert head is not None
    with torch.inference_mode():
        maps = network.image_maps(*network.preprocess(picture))
        told = float(network(picture).novelty)
    channels = [*maps.middle[0], *maps.coarse[0]]
    pools = [c.mean() for c in channels] + [c.std(correction=0) for c in channels]
    expected = float(head.bias) + sum(
        float(w * (x - m) / s)
        for w, x, m, s in zip(head.weight, pools, head.mean, head.spread, strict=True)
    )
    assert told == pytest.approx(expected, abs=1e-4)


def test_nothing_else_changes_with_a_head() -> None:
    plain = Predictor.of_network(tiny_network(), tiny_card(tiny_network()), "cpu").predict(crops(2))
    network = measuring()
    out = Predictor.of_network(network, tiny_card(network), "cpu").predict(crops(2))
    for name in FIELDS:
        same = np.array_equal(getattr(plain, name), getattr(out, name))
        assert same == (name != "novelty"), name
    assert np.array_equal(plain.novelty, np.zeros(2, np.float32))
    bare = network.with_novelty(None)
    assert not any("novelty" in key for key in bare.state_dict())
    assert bare.config == tiny_network().config


def test_openvino_and_a_saved_file_give_the_same(tmp_path: Path) -> None:
    network = measuring()
    expected = Predictor.of_network(network, tiny_card(network), "cpu").predict(crops(3)).novelty
    out = OpenVinoBackend(convert(network), 1, "f32").run(crops(3), no_geometry(3)).novelty
    assert np.abs(out - expected).max() < 1e-3
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, network, replace(tiny_card(network)))
    again = Predictor.from_checkpoint(path, "cpu").predict(crops(3)).novelty
    assert np.array_equal(again, expected)


def test_a_head_of_an_earlier_file_knows_the_means_alone(tmp_path: Path) -> None:
    network = measuring()
    card, head = tiny_card(network), network.novelty
    assert head is not None
    width = len(head.mean) // 2
    head.weight[width:] = 0
    expected = Predictor.of_network(network, card, "cpu").predict(crops(2)).novelty
    for name in ("mean", "spread", "weight"):
        setattr(head, name, getattr(head, name)[:width])
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, network, card)
    told = Predictor.from_checkpoint(path, "cpu").predict(crops(2)).novelty
    assert np.abs(told - expected).max() < 1e-4
