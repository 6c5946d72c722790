"""The classifier that the single-stream methods share."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ferdesk.errors import FerdeskError
from ferdesk.model.backbones import BACKBONES
from ferdesk.model.config import Preprocessing
from tests.unit.trainer.methods.helpers import SIDE, random_crops, small_config
from trainer.methods import METHODS, build_method
from trainer.methods.classifier import (
    Classifier,
    as_purified,
    build_classifier,
    soft_cross_entropy,
    two_rates,
)


def test_logits_are_the_linear_layer_of_the_mean_over_places() -> None:
    network = Classifier("tiny", Preprocessing(size=32), 32).eval()
    crops = random_crops(2)
    maps = network.maps(crops)
    assert maps.shape == (2, 32, 2, 2)
    assert network.width == 32
    by_hand = maps.flatten(2).mean(dim=2) @ network.fc.weight.T + network.fc.bias
    assert torch.allclose(network(crops), by_hand, atol=1e-5)


def test_the_last_halving_can_be_left_out_by_every_method() -> None:
    for name in METHODS:
        config = small_config(name, architecture="tiny")
        network = replace(config.network, coarse_stride=1)
        method = build_method(replace(config, network=network), 10).eval()
        backbone = method.network.image_backbone if name == "ours" else method.network.backbone
        seen: list[torch.Size] = []
        backbone.register_forward_hook(lambda _, __, maps, to=seen: to.append(maps.coarse.shape))
        with torch.inference_mode():
            method.predict(random_crops(2))
        assert [shape[2:] for shape in seen] == [(SIDE // 8, SIDE // 8)], name
    with pytest.raises(FerdeskError, match="'paper' needs a coarse_stride of 2"):
        replace(config, architecture="paper", network=network).architecture_config()


def test_the_backbone_sees_the_crop_at_the_image_size_normalised() -> None:
    spec = Preprocessing(size=32, image_mean=(100.0, 50.0, 0.0), image_std=(50.0, 25.0, 10.0))
    network = Classifier("tiny", spec, 16)
    image = network.image(torch.full((1, 3, 32, 32), 150.0))
    assert image.shape == (1, 3, 16, 16)
    assert image[0, :, 3, 3].tolist() == pytest.approx([1.0, 4.0, 15.0])


def test_soft_cross_entropy_of_hand_worked_numbers() -> None:
    # Row 1: softmax (2/4, 1/4, 1/4, 0…); target half on each of the first two: (ln 2 + ln 4)/2.
    # Row 2: one-hot on the third of the same: ln 4. Their mean is 1.25 ln 2 + … = 1.75 ln 2.
    row = torch.tensor([2.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]).log().clamp_min(-80)
    targets = torch.zeros(2, 7)
    targets[0, :2] = 0.5
    targets[1, 2] = 1.0
    assert soft_cross_entropy(torch.stack([row, row]), targets).item() == pytest.approx(
        1.75 * math.log(2)
    )


def test_purified_of_a_method_without_purification() -> None:
    one_hot, uniform = torch.eye(7)[:1], torch.full((1, 7), 1 / 7)
    out = as_purified(torch.cat([one_hot, uniform]), torch.zeros(2, 7), torch.ones(2, 3))
    assert out.c_p.tolist() == pytest.approx([1.0, 0.0], abs=1e-5)
    assert torch.equal(out.c_g, out.c_p)
    assert torch.equal(out.c_t, out.c_a)
    for name in ("p", "t_g", "t_a", "t"):
        assert torch.equal(getattr(out, name), out.final)
    assert out[0].embedding.tolist() == [1.0, 1.0, 1.0]


def test_rates_reach_every_parameter_once_and_spare_norms_and_biases() -> None:
    network = Classifier("tiny", Preprocessing(), 32)
    config = small_config("cross_entropy", lr_backbone=0.1, lr_head=0.2, weight_decay=0.3)
    groups = two_rates(network, config, "backbone.")
    found = {id(p): (g["base_lr"], g["weight_decay"]) for g in groups for p in g["params"]}
    assert sum(len(g["params"]) for g in groups) == len(list(network.parameters())) == len(found)
    assert found[id(network.fc.weight)] == (0.2, 0.3)
    assert found[id(network.fc.bias)] == (0.2, 0.0)
    backbone = dict(network.backbone.named_parameters())
    assert {found[id(p)] for p in backbone.values() if p.ndim == 4} == {(0.1, 0.3)}
    assert {found[id(p)] for p in backbone.values() if p.ndim == 1} == {(0.1, 0.0)}
    network.backbone.requires_grad_(False)
    assert sum(len(g["params"]) for g in two_rates(network, config, "backbone.")) == 2


def test_published_weights_reach_the_backbone(tmp_path: Path) -> None:
    weights = {k: v + 1 for k, v in BACKBONES["tiny"].build().state_dict().items()}
    path = tmp_path / "tiny.pth"
    torch.save(weights, path)
    network = build_classifier(small_config("cross_entropy", image_weights=str(path)))
    assert torch.equal(network.backbone.state_dict()["coarse.0.weight"], weights["coarse.0.weight"])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"backbone": "resnet-18"}, "did you mean 'resnet18'"),
        ({"backbone": "q"}, "choose one of ir50, "),
        ({"start_from": "live.safetensors"}, "--train.image_weights"),
        ({"image_weights": "nowhere.pth"}, "'nowhere.pth' does not exist"),
    ],
)
def test_what_cannot_be_built_is_said(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(FerdeskError, match=sentence):
        build_classifier(small_config("scn", **changes))
