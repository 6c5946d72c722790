"""Ada-DF: scaled weights, class distributions, their fusion, and what learns from what."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.unit.trainer.methods.helpers import (
    assert_each_picture_is_answered_by_itself,
    batch_of,
    random_crops,
    reloaded,
    small_config,
)
from trainer.method_options import AdaDfConfig
from trainer.methods.ada_df import (
    DEFAULT,
    AdaDF,
    build,
    class_distributions,
    divergence,
    fallback,
    fused,
    ramps,
    scaled,
)

LABELS = (0, 1, 2, 3, 4, 5, 6, 0, 1, 2)


def ada_df(options: AdaDfConfig = DEFAULT, **changes: object) -> AdaDF:
    torch.manual_seed(2)
    # As many pictures as RAF-DB has: the ramp is the published one.
    method = build(small_config("ada_df", ada_df=options, **({"epochs": 75} | changes)), 12_271)
    assert isinstance(method, AdaDF)
    return method


def test_weights_are_stretched_between_the_least_and_one() -> None:
    out = scaled(torch.tensor([0.4, 0.6, 0.5]), 0.2)
    torch.testing.assert_close(out, torch.tensor([0.2, 1.0, 0.6]))
    assert scaled(torch.tensor([0.5, 0.5]), 0.2).tolist() == pytest.approx([0.2, 0.2])


def test_fallback_sums_to_one_and_the_released_one_does_not() -> None:
    ours, released = fallback(0.7, False), fallback(0.7, True)
    assert ours[2].tolist() == pytest.approx([0.05, 0.05, 0.7, 0.05, 0.05, 0.05, 0.05])
    assert ours.sum(dim=1).tolist() == pytest.approx([1.0] * 7)
    assert released[0].tolist() == pytest.approx([0.7] + [0.4 / 6] * 6)
    assert released.sum(dim=1).tolist() == pytest.approx([1.1] * 7)


def test_class_distributions_keep_the_sure_means_only() -> None:
    sums, counts = torch.zeros(7, 7), torch.zeros(7)
    sums[0, 0], sums[0, 4], counts[0] = 3.0, 1.0, 4  # mean 0.75 and 0.25: kept
    sums[1, 1], sums[1, 2], counts[1] = 1.3, 0.7, 2  # 0.65: too little
    sums[2, 5], counts[2] = 1.0, 1  # sure of another class
    out = class_distributions(sums, counts, 0.7, fallback(0.7, False))
    assert out[0].tolist() == pytest.approx([0.75, 0, 0, 0, 0.25, 0, 0])
    torch.testing.assert_close(out[1:], fallback(0.7, False)[1:])
    assert class_distributions(sums, counts, 0.75, fallback(0.7, False))[0, 4] == 0.25


def test_fusion_and_its_divergence_of_hand_worked_numbers() -> None:
    answer, distribution = torch.eye(7)[[3, 0]], torch.eye(7)[[1, 0]]
    q = fused(torch.tensor([0.25, 0.9]), answer, distribution)
    assert q[0].tolist() == pytest.approx([0, 0.25, 0, 0.75, 0, 0, 0])
    assert q[1].tolist() == pytest.approx([1, 0, 0, 0, 0, 0, 0])
    # Against 1/7 each: Σ q ln 7q
    first = 0.25 * math.log(1.75) + 0.75 * math.log(5.25)
    assert divergence(q, torch.zeros(2, 7)).item() == pytest.approx((first + math.log(7)) / 2)


def test_ramps() -> None:
    assert ramps(1, 3) == (pytest.approx(math.exp(-4 / 9)), 1.0)
    assert ramps(3, 3) == (1.0, 1.0)
    assert ramps(6, 3) == (1.0, pytest.approx(math.exp(-0.25)))
    assert DEFAULT.ramp_end(75, 191) == 3
    assert DEFAULT.ramp_end(25, 191) == 1
    assert AdaDfConfig(ramp=2).ramp_end(25, 191) == 2


@pytest.mark.parametrize("epoch", [0, 2, 5])
def test_the_loss_is_the_ramped_sum_of_its_parts(epoch: int) -> None:
    step = ada_df()(batch_of(LABELS, epoch=epoch))
    a_1, a_2 = ramps(epoch + 1, 3)
    parts = {k: v.item() for k, v in step.figures.items()}
    expected = a_2 * parts["cls"] + a_1 * parts["fusion"] + parts["rank"]
    assert step.loss.item() == pytest.approx(expected, rel=1e-5)


def test_a_step_fuses_by_the_mean_of_both_weights() -> None:
    method = ada_df()
    step = method(batch_of(LABELS))
    with torch.no_grad():
        early, coarse = method.maps(random_crops(10))
        first, alpha_first = method.branch(early, method.network.scale)
        embedding = coarse.mean(dim=(2, 3))
        alpha = torch.sigmoid(method.network.alpha(embedding)).squeeze(1)
        second = alpha[:, None] * method.network.fc(embedding)
        w = (alpha_first + alpha) / 2
        stretched = 0.2 + 0.8 * (w - w.min()) / (w.max() - w.min())
        q = fused(stretched, first.softmax(dim=1), fallback(0.7, False)[list(LABELS)])
        high, low = w.sort(descending=True).values.split([7, 3])
    assert step.figures["fusion"].item() == pytest.approx(divergence(q, second).item(), rel=1e-4)
    expected = max(0.0, 0.07 - (high.mean() - low.mean()).item())
    assert step.figures["rank"].item() == pytest.approx(expected, rel=1e-4)
    torch.testing.assert_close(step.answer, second.softmax(dim=1))


def test_an_epoch_gives_the_mean_answers_of_branch_one_by_label() -> None:
    method = ada_df(AdaDfConfig(threshold=0.0))
    answers: list[Tensor] = []
    for seed, labels in ((1, (0, 0, 1, 1)), (2, (0, 1, 1, 5))):
        crops = random_crops(4, seed)
        with torch.no_grad():
            answers.append(
                method.branch(method.maps(crops)[0], method.network.scale)[0].softmax(dim=1)
            )
        method(batch_of(labels, crops=crops))
    method.after_epoch(0)
    zero = torch.stack([answers[0][0], answers[0][1], answers[1][0]]).mean(dim=0)
    torch.testing.assert_close(method.distributions[0], zero)
    torch.testing.assert_close(method.distributions[5], answers[1][3])
    assert method.sums.abs().sum() == 0
    assert method.counts.abs().sum() == 0
    # The next epoch starts from nothing: classes that it lacks fall back.
    method(batch_of((5, 5, 5, 5)))
    method.after_epoch(1)
    torch.testing.assert_close(method.distributions[0], fallback(0.0, False)[0])


def test_released_fallback_comes_with_the_first_epoch_only() -> None:
    method = ada_df(AdaDfConfig(released_fallback=True))
    torch.testing.assert_close(method.distributions, fallback(0.7, False))
    method(batch_of(LABELS))
    method.after_epoch(0)
    torch.testing.assert_close(method.distributions, fallback(0.7, True))


@pytest.mark.parametrize("detach", [True, False])
def test_branch_one_learns_from_the_fusion_only_when_it_is_not_detached(detach: bool) -> None:
    gradients = []
    for table in (fallback(0.7, False), torch.full((7, 7), 1 / 7)):
        method = ada_df(AdaDfConfig(detach_fused=detach))
        method.distributions.copy_(table)
        method(batch_of(LABELS)).loss.backward()
        own, other = method.branch.fc.weight.grad, method.network.fc.weight.grad
        assert own is not None
        assert other is not None
        gradients.append((own, other))
    (own, other), (own_uniform, other_uniform) = gradients
    assert torch.allclose(own, own_uniform) == detach
    assert not torch.allclose(other, other_uniform)


def test_the_label_reaches_branch_two_through_its_class_distribution_only() -> None:
    gradients = []
    for labels in ((0, 1, 2, 3), (3, 2, 1, 0)):
        method = ada_df()
        method.distributions.fill_(1 / 7)
        method(batch_of(labels)).loss.backward()
        gradients.append((method.branch.fc.weight.grad, method.network.fc.weight.grad))
    assert not torch.allclose(gradients[0][0], gradients[1][0])
    torch.testing.assert_close(gradients[0][1], gradients[1][1])


def test_the_early_part_can_be_frozen() -> None:
    for freeze in (True, False):
        method = ada_df(AdaDfConfig(freeze_early=freeze))
        method(batch_of(LABELS)).loss.backward()
        backbone = method.network.backbone
        assert (backbone.fine[0].weight.grad is None) == freeze
        for part in (backbone.middle, backbone.coarse, method.branch):
            assert all(p.grad is not None for p in part.parameters())
        groups = method.parameter_groups(small_config("ada_df"))
        optimised = {id(p) for group in groups for p in group["params"]}
        assert (id(backbone.fine[0].weight) in optimised) != freeze
        trained = [p for p in method.parameters() if p.requires_grad]
        assert sorted(optimised) == sorted(id(p) for p in trained)


def test_published_weights_freeze_the_early_part_and_start_both_branches(tmp_path: Path) -> None:
    backbone = ada_df(backbone="resnet18").network.backbone
    with torch.no_grad():
        backbone.layer4[1].bn2.bias.fill_(3.0)
    torch.save(backbone.state_dict(), tmp_path / "backbone.pth")
    method = ada_df(backbone="resnet18", image_weights=str(tmp_path / "backbone.pth"))
    frozen = {n for n, p in method.network.backbone.named_parameters() if not p.requires_grad}
    assert {name.split(".")[0] for name in frozen} == {"conv1", "bn1", "layer1"}
    assert len(frozen) == 3 + 12
    assert (method.branch.stages[2][1].bn2.bias == 3.0).all()
    assert all(p.requires_grad for p in ada_df().network.backbone.parameters())


def test_resnet18_is_shared_up_to_its_first_layer() -> None:
    method = ada_df(backbone="resnet18").eval()
    crops = random_crops(2)
    with torch.inference_mode():
        early, coarse = method.maps(crops)
        image = method.network.image(crops)
        torch.testing.assert_close(early, method.network.backbone.upto(image, 1), rtol=0, atol=0)
        torch.testing.assert_close(coarse, method.network.maps(crops), rtol=0, atol=0)
    assert early.shape == (2, 64, 16, 16)
    assert len(method.branch.stages) == 3


def test_rates() -> None:
    method = ada_df()
    groups = method.parameter_groups(small_config("ada_df", lr_backbone=0.25, lr_head=0.5))
    rates = {id(p): group["base_lr"] for group in groups for p in group["params"]}
    for name, parameter in method.named_parameters():
        new = ".fc." in name or ".alpha." in name
        assert rates[id(parameter)] == (0.5 if new else 0.25), name


def test_branch_two_alone_predicts() -> None:
    method = ada_df()
    assert_each_picture_is_answered_by_itself(method)
    crops = random_crops(3)
    before = method.predict(crops).final
    with torch.no_grad():
        for parameter in method.branch.parameters():
            parameter.add_(1.0)
        method.distributions.zero_()
    torch.testing.assert_close(method.predict(crops).final, before, rtol=0, atol=0)


def test_state_survives_the_round_trip_within_an_epoch() -> None:
    options = AdaDfConfig(threshold=0.1)
    method = ada_df(options)
    method(batch_of(LABELS))
    method.after_epoch(0)
    method(batch_of(LABELS, epoch=1))
    torch.manual_seed(77)
    again = reloaded(method, build(small_config("ada_df", ada_df=options, epochs=75), 12_271))
    assert isinstance(again, AdaDF)
    assert not torch.equal(again.distributions, fallback(0.1, False))
    losses = [each(batch_of(LABELS, epoch=1)).loss.item() for each in (method, again)]
    assert losses[0] == losses[1]
    for each in (method, again):
        each.after_epoch(1)
    torch.testing.assert_close(again.distributions, method.distributions, rtol=0, atol=0)
