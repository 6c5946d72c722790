"""EAC: mirrored, partly erased pictures must be explained by mirrored places."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tests.unit.trainer.methods.helpers import (
    assert_each_picture_is_answered_by_itself,
    batch_of,
    random_crops,
    reloaded,
    small_config,
)
from trainer.method_options import EacConfig
from trainer.methods.eac import (
    DEFAULT,
    EAC,
    build,
    class_activation_maps,
    erase,
    flip_consistency,
)

KEEP = EacConfig(erase=0.0)
ALWAYS = EacConfig(erase=1.0)


def eac(options: EacConfig = DEFAULT) -> EAC:
    torch.manual_seed(1)
    method = build(small_config("eac", eac=options), 8)
    assert isinstance(method, EAC)
    return method


def test_activation_maps_are_the_class_weighted_sum_of_the_maps() -> None:
    maps = torch.tensor([[[[1.0, 2.0]], [[3.0, 5.0]]]])  # two channels, one row, two columns
    weight = torch.tensor([[1.0, 0.0], [2.0, -1.0]])
    assert class_activation_maps(maps, weight).tolist() == [[[[1.0, 2.0]], [[-1.0, -1.0]]]]


def test_the_mean_of_the_maps_is_the_logit_without_bias() -> None:
    network = eac().eval().network
    crops = random_crops(2)
    maps = network.maps(crops)
    cams = class_activation_maps(maps, network.fc.weight)
    assert torch.allclose(cams.mean(dim=(2, 3)) + network.fc.bias, network(crops), atol=1e-5)


def test_the_mirrored_map_is_turned_back_before_it_is_compared() -> None:
    plain = torch.tensor([[[[1.0, 2.0, 4.0]]]])
    assert flip_consistency(plain, torch.tensor([[[[4.0, 2.0, 1.0]]]])).item() == 0.0
    # (1 - 4)² + 0 + (4 - 1)² over three places
    assert flip_consistency(plain, plain).item() == pytest.approx(6.0)


def test_the_weights_of_the_maps_get_no_gradient_and_both_maps_do() -> None:
    first = torch.rand(2, 3, 2, 2, requires_grad=True)
    second = torch.rand(2, 3, 2, 2, requires_grad=True)
    weight = torch.rand(7, 3, requires_grad=True)
    maps = [class_activation_maps(m, weight) for m in (first, second)]
    flip_consistency(*maps).backward()
    assert weight.grad is None
    assert first.grad is not None
    assert first.grad.abs().sum() > 0
    assert second.grad is not None
    assert second.grad.abs().sum() > 0


def test_consistency_moves_the_last_layer_only_through_the_label_of_the_plain_view() -> None:
    method = eac().eval()
    batch = batch_of([0, 3, 1, 6])
    method(batch).loss.backward()
    got = method.network.fc.weight.grad.clone()
    method.zero_grad()
    F.cross_entropy(method.network(batch.crops), batch.labels).backward()
    assert torch.allclose(got, method.network.fc.weight.grad, atol=1e-6)
    method.zero_grad()
    method(batch).loss.backward()
    with_consistency = method.network.backbone.coarse[0].weight.grad.clone()
    method.zero_grad()
    F.cross_entropy(method.network(batch.crops), batch.labels).backward()
    plain = method.network.backbone.coarse[0].weight.grad
    assert not torch.allclose(with_consistency, plain, atol=1e-6)


def test_the_loss_is_the_label_of_the_plain_view_and_five_times_the_consistency() -> None:
    method = eac(KEEP).eval()
    batch = batch_of([0, 3, 1, 6])
    step = method(batch)
    network = method.network
    weight = network.fc.weight
    cams = [torch.einsum("bchw,kc->bkhw", network.maps(x), weight)
            for x in (batch.crops, batch.crops.flip(3))]  # fmt: skip
    consistency = (cams[0] - cams[1].flip(3)).square().mean()
    cls = F.cross_entropy(network(batch.crops), batch.labels)
    assert consistency.item() > 0
    assert step.figures["consistency"].item() == pytest.approx(consistency.item(), rel=1e-4)
    assert step.loss.item() == pytest.approx((cls + 5 * consistency).item(), rel=1e-5)
    assert torch.allclose(step.answer, network(batch.crops).softmax(dim=1), atol=1e-6)


def test_the_second_view_is_the_only_one_erased() -> None:
    seen: list[torch.Tensor] = []
    method = eac(ALWAYS)
    method.network.preprocess.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    batch = batch_of([0, 1, 2, 3])
    method(batch)
    plain, mirrored = seen
    assert torch.equal(plain, batch.crops)
    back = mirrored.flip(3)
    changed = (back != plain).all(dim=1)
    assert changed.flatten(1).any(dim=1).all()
    assert torch.equal(back[:, 0][~changed], plain[:, 0][~changed])


def test_erased_parts_are_rectangles_of_the_published_size() -> None:
    crops = torch.zeros(200, 3, 112, 112)
    fill = torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1)
    out = erase(crops, fill, ALWAYS, torch.Generator().manual_seed(0))
    gone = out[:, 0] == 1
    assert torch.equal(out[:, 2], 3 * gone)
    height, width = gone.any(dim=2).sum(dim=1), gone.any(dim=1).sum(dim=1)
    assert torch.equal(gone.sum(dim=(1, 2)), height * width)  # one full rectangle each
    share = gone.float().mean(dim=(1, 2))
    assert share.min() > 0.018
    assert share.max() < 0.26
    assert share.mean().item() == pytest.approx(0.135, abs=0.015)
    ratio = height / width
    assert 0.25 < ratio.min() < 0.5
    assert 2.2 < ratio.max() < 3.8


def test_a_share_of_the_pictures_is_erased_and_chance_repeats() -> None:
    crops = torch.zeros(400, 3, 16, 16)
    fill = torch.ones(3, 1, 1)
    first = erase(crops, fill, DEFAULT, torch.Generator().manual_seed(7))
    second = erase(crops, fill, DEFAULT, torch.Generator().manual_seed(7))
    assert torch.equal(first, second)
    assert (first.flatten(1).any(dim=1)).float().mean().item() == pytest.approx(0.5, abs=0.08)
    assert torch.equal(erase(crops, fill, KEEP, torch.Generator()), crops)


def test_prediction_and_state() -> None:
    method = eac()
    method(batch_of([0, 1, 2, 3]))
    assert_each_picture_is_answered_by_itself(method)
    again = reloaded(method, build(small_config("eac"), 8)).eval()
    crops = random_crops(2)
    assert torch.equal(again.predict(crops).final, method.predict(crops).final)
