"""DMUE: what the branches learn from, their latent distributions, similarity and the ramps."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ferdesk.errors import FerdeskError
from ferdesk.model.backbones import BACKBONES
from tests.unit.trainer.methods.helpers import (
    assert_each_picture_is_answered_by_itself,
    batch_of,
    random_crops,
    reloaded,
    small_config,
)
from trainer.method_options import DmueConfig
from trainer.methods.dmue import (
    DEFAULT,
    DMUE,
    auxiliary_loss,
    build,
    class_similarity,
    late_stages,
    latent_distribution,
    ramp_down,
    ramp_up,
    similarity,
    similarity_loss,
    soft_loss,
)

EVERY_CLASS = (0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6)


def dmue(options: DmueConfig = DEFAULT, epochs: int = 36, **changes: object) -> DMUE:
    torch.manual_seed(2)
    # As many pictures as RAF-DB has: the ramp is the published one.
    method = build(small_config("dmue", dmue=options, epochs=epochs, **changes), 12_271)
    assert isinstance(method, DMUE)
    return method


def test_a_branch_learns_from_other_classes_under_moved_labels() -> None:
    logits = torch.zeros(4, 6)
    logits[0, 0] = math.log(2)  # label 0 stays 0: p = 2/7
    logits[2, 5] = math.log(3)  # label 6 becomes 5: p = 3/8
    logits[1, 0] = logits[3, 4] = 9.0  # label 2, the branch's own: not looked at
    logits.requires_grad_()
    loss = auxiliary_loss(logits, torch.tensor([0, 2, 6, 2]), absent=2)
    assert loss.item() == pytest.approx((math.log(7 / 2) + math.log(8 / 3)) / 2)
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[[1, 3]].abs().sum() == 0
    assert (logits.grad[[0, 2]].abs().sum(dim=1) > 0).all()


def test_a_branch_without_pictures_costs_nothing() -> None:
    logits = torch.randn(3, 6, requires_grad=True)
    loss = auxiliary_loss(logits, torch.tensor([4, 4, 4]), absent=4)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert logits.grad.abs().sum() == 0


def test_latent_distribution_is_sharpened_detached_and_silent_about_its_class() -> None:
    logits = 1.2 * torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 5.0]]).log()
    latent = latent_distribution(logits.requires_grad_(), 2, 1.2)  # p^(1/1.2) ∝ 1 2 3 4 5 5
    expected = torch.tensor([[0.05, 0.10, 0.0, 0.15, 0.20, 0.25, 0.25]])
    torch.testing.assert_close(latent, expected)
    assert not latent.requires_grad
    for label in (0, 6):
        assert latent_distribution(logits, label, 1.2)[0, label] == 0


def test_soft_loss_leaves_the_own_class_out() -> None:
    labels = torch.tensor([0, 6])
    latent = torch.full((2, 7), 1 / 6).scatter(1, labels[:, None], 0.0)
    assert soft_loss(torch.zeros(2, 7), labels, latent).item() == pytest.approx(6 / 7 / 42**2)


def test_similarity_loss_of_hand_worked_features() -> None:
    half, fifth = 1 / math.sqrt(2), 1 / math.sqrt(5)
    torch.testing.assert_close(
        similarity(torch.tensor([[1.0, 0.0], [1.0, 1.0]])),
        torch.tensor([[half, half], [fifth, 2 * fifth]]),
    )
    output = torch.tensor([[7.0, 7.0], [1.0, 0.0], [1.0, 1.0]])
    target = torch.tensor([[3.0, 4.0], [1.0, 0.0], [0.0, 1.0]])
    # Branch 0 compares the last two pictures, branch 1 the first with itself: 0.
    labels = torch.tensor([0, 1, 1])
    squares = (half - 1) ** 2 + half**2 + fifth**2 + (2 * fifth - 1) ** 2
    loss = similarity_loss([output, output], target, labels)
    assert loss.item() == pytest.approx(squares / 2 / 2)
    released = similarity_loss([output, output], target, labels, "released")
    assert released.item() == pytest.approx(squares / 4 / 2)


def test_a_larger_batch_of_the_same_pictures_leaves_the_similarity_term_where_it_was() -> None:
    """The released mean over all pairs halves when every picture is there twice."""
    generator = torch.Generator().manual_seed(4)
    labels = torch.tensor(EVERY_CLASS)
    outputs = [torch.randn(14, 6, generator=generator) for _ in range(7)]
    target = torch.randn(14, 32, generator=generator)
    twice = [torch.cat([output, output]) for output in outputs]
    for form, ratio in (("rows", 1.0), ("released", 0.5)):
        once = similarity_loss(outputs, target, labels, form)
        again = similarity_loss(twice, target.repeat(2, 1), labels.repeat(2), form)
        assert (again / once).item() == pytest.approx(ratio, rel=1e-4), form


def test_class_similarity_is_scaled_over_the_classes_that_are_there() -> None:
    features = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0], [-1.0, 0.0]])
    alike = class_similarity(features, torch.tensor([0, 1, 1, 3]))
    # Row 0: cosines 1 to class 0, (0 + 0.7071)/2 to class 1, -1 to class 3.
    between = (math.sqrt(0.5) / 2 + 1) / 2
    torch.testing.assert_close(alike[0], torch.tensor([1.0, between, 0.0, 0.0, 0.0, 0.0, 0.0]))
    assert alike[:, [2, 4, 5, 6]].abs().sum() == 0
    only = class_similarity(features, torch.tensor([5, 5, 5, 5]))
    assert only.isfinite().all()


def test_ramps() -> None:
    assert ramp_up(0, 10) == pytest.approx(math.exp(-5))
    assert ramp_up(5, 10) == pytest.approx(math.exp(-1.25))
    assert ramp_up(10, 10) == ramp_up(30, 10) == 1.0
    assert ramp_down(0, 10) == ramp_down(10, 10) == 1.0
    assert ramp_down(20, 10) == pytest.approx(math.exp(-0.25))
    assert DEFAULT.ramp_end(36, 170) == pytest.approx(10)
    assert DEFAULT.ramp_end(18, 170) == pytest.approx(5)
    assert DmueConfig(ramp=9).ramp_end(18, 170) == 9


@pytest.mark.parametrize("epoch", [0, 5, 20])
def test_the_loss_is_the_ramped_sum_of_its_parts(epoch: int) -> None:
    step = dmue()(batch_of(EVERY_CLASS, epoch=epoch))
    parts = {k: v.item() for k, v in step.figures.items()}
    target = parts["cls"] + 0.5 * parts["soft"] + 0.2 * parts["similarity"]
    expected = ramp_up(epoch, 10) * target + ramp_down(epoch, 10) * parts["auxiliary"]
    assert step.loss.item() == pytest.approx(expected, rel=1e-5)
    assert step.answer.shape == (14, 7)
    assert not step.answer.requires_grad


def test_the_soft_target_is_what_the_branch_of_the_label_says() -> None:
    method = dmue(DmueConfig(dropout=0.0))
    step = method(batch_of([2, 2, 5, 0]))
    with torch.no_grad():
        maps = method.network.backbone(method.network.image(random_crops(4)))
        logits = method.network.head(method.network.pool(maps.coarse))
        rows = []
        for row, label in enumerate([2, 2, 5, 0]):
            said = method.branches[label](maps.middle)[1]
            rows.append(latent_distribution(said, label, 1.2)[row])
        expected = soft_loss(logits, torch.tensor([2, 2, 5, 0]), torch.stack(rows))
    assert step.figures["soft"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_similarity_compares_outputs_behind_or_in_front_of_the_dropout() -> None:
    figures = {}
    for after in (True, False):
        method = dmue(DmueConfig(similarity_after_dropout=after))
        losses = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            losses.append(method(batch_of(EVERY_CLASS)).figures["similarity"].item())
        figures[after] = losses
    assert figures[True][0] != figures[True][1]
    assert figures[False][0] == figures[False][1]


@pytest.mark.parametrize("labels", [EVERY_CLASS, (3, 3, 3, 3), (0, 1, 5, 1)])
def test_every_trained_parameter_gets_a_gradient_whatever_the_batch(labels: tuple[int]) -> None:
    method = dmue()
    step = method(batch_of(labels))
    step.loss.backward()
    assert step.loss.isfinite()
    for name, parameter in method.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


def test_a_branch_learns_nothing_from_a_batch_of_its_class() -> None:
    method = dmue()
    method(batch_of([3, 3, 3, 3])).loss.backward()
    sizes = [
        sum(p.grad.abs().sum().item() for p in branch.parameters() if p.grad is not None)
        for branch in method.branches
    ]
    assert sizes[3] == 0
    assert all(size > 0 for label, size in enumerate(sizes) if label != 3)


def test_the_uncertainty_network_is_trained_unless_asked_not_to() -> None:
    for options, trained in ((DEFAULT, True), (DmueConfig(train_uncertainty=False), False)):
        method = dmue(options)
        groups = method.parameter_groups(small_config("dmue"))
        optimised = {id(p) for group in groups for p in group["params"]}
        assert all((id(p) in optimised) == trained for p in method.uncertainty.parameters())
        method(batch_of(EVERY_CLASS)).loss.backward()
        assert (method.uncertainty[0].weight.grad is not None) == trained


def test_last_stages_learn_at_the_backbone_rate_and_new_layers_at_the_other() -> None:
    method = dmue()
    config = small_config("dmue", lr_backbone=0.25, lr_head=0.5)
    groups = method.parameter_groups(config)
    rates = {id(p): group["base_lr"] for group in groups for p in group["params"]}
    trained = [p for p in method.parameters() if p.requires_grad]
    assert sorted(rates) == sorted(id(p) for p in trained)
    assert sum(len(group["params"]) for group in groups) == len(trained)
    assert rates[id(method.branches[4].stage[0][0].weight)] == 0.25
    assert rates[id(method.network.backbone.coarse[0].weight)] == 0.25
    for new in (method.branches[4].classifier, method.network.fc, method.uncertainty[0]):
        assert rates[id(new.weight)] == 0.5


def test_only_the_target_branch_predicts() -> None:
    method = dmue()
    with torch.no_grad():
        method.network.fc.weight.mul_(50)  # so that fresh answers differ visibly
    assert_each_picture_is_answered_by_itself(method)
    crops = random_crops(3)
    before = method.predict(crops).final
    with torch.no_grad():
        for module in (method.branches, method.uncertainty):
            for parameter in module.parameters():
                parameter.add_(1.0)
    torch.testing.assert_close(method.predict(crops).final, before, rtol=0, atol=0)


def test_state_survives_the_round_trip() -> None:
    method = dmue()
    method(batch_of(EVERY_CLASS))
    torch.manual_seed(77)
    fresh = build(small_config("dmue", epochs=36), 12_271)
    again = reloaded(method, fresh)
    losses = []
    for each in (method, again):
        torch.manual_seed(3)  # dropout
        losses.append(each(batch_of(EVERY_CLASS, epoch=4)).loss.item())
    assert losses[0] == losses[1]


@pytest.mark.parametrize("kind", sorted(BACKBONES))
def test_late_stages_lead_from_the_shared_maps_to_the_coarse_one(kind: str) -> None:
    torch.manual_seed(1)
    backbone = BACKBONES[kind].build().eval()
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        maps = backbone(image)
        early = backbone.upto(image, 1) if kind == "resnet18" else maps.fine
        for start, chains in ((maps.middle, 1), (early, 2)):
            end = nn.Sequential(*late_stages(backbone, kind, chains))(start)
            torch.testing.assert_close(end, maps.coarse, rtol=0, atol=0)


def test_a_backbone_without_known_stages_is_refused() -> None:
    with pytest.raises(FerdeskError, match=r"'vgg' cannot be split into branches; choose one of"):
        late_stages(nn.Identity(), "vgg", 1)


def test_resnet18_trains_with_copies_of_its_last_layer() -> None:
    method = dmue(backbone="resnet18")
    layer4 = method.network.backbone.layer4[0].conv1.weight
    copied = method.branches[6].stage[0][0].conv1.weight
    assert torch.equal(copied, layer4)
    assert copied is not layer4
    method(batch_of([0, 1, 2, 6])).loss.backward()
    assert method.network.backbone.conv1.weight.grad.abs().sum() > 0
    assert copied.grad.abs().sum() > 0
