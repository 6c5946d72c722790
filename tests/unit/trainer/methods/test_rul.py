"""RUL: mixing by uncertainty, the add-up loss, and SCN's relabelling on top."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.labels import EXPRESSIONS
from tests.unit.trainer.methods.helpers import (
    assert_each_picture_is_answered_by_itself,
    batch_of,
    random_crops,
    reloaded,
    small_config,
)
from trainer.method_options import RulConfig
from trainer.methods.rul import (
    DEFAULT,
    RUL,
    add_up_loss,
    build,
    mixed,
    uncertainty,
)

LABELS = (0, 1, 2, 3, 4, 5)
FEAR = EXPRESSIONS.index("fear")


class Says(nn.Module):
    """Stands for the head of log σ²: the same answer whatever the map."""

    def __init__(self, u: list[float]) -> None:
        super().__init__()
        self.u = u

    def forward(self, maps: Tensor) -> Tensor:
        return torch.tensor(self.u).log()[:, None].expand(-1, 64)


def rul(options: RulConfig = DEFAULT, pictures: int = 10, **changes: object) -> RUL:
    torch.manual_seed(2)
    method = build(small_config("rul", rul=options, **({"epochs": 60} | changes)), pictures)
    assert isinstance(method, RUL)
    return method


def certain_of_fear(method: RUL) -> None:
    with torch.no_grad():
        method.network.fc.weight.zero_()
        method.network.fc.bias.copy_(20.0 * F.one_hot(torch.tensor(FEAR), 7))


def test_uncertainty_is_the_mean_variance() -> None:
    u = uncertainty(torch.tensor([[0.0, math.log(3)], [math.log(0.5), math.log(0.1)]]))
    torch.testing.assert_close(u, torch.tensor([2.0, 0.3]))


def test_the_uncertain_picture_gets_the_larger_share() -> None:
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [5.0, -5.0]])
    out = mixed(features, torch.tensor([1.0, 3.0, 2.0]), torch.tensor([1, 2, 2]))
    # (1·μ0 + 3·μ1)/4, (3·μ1 + 2·μ2)/5, and picture 2 with itself
    torch.testing.assert_close(out, torch.tensor([[0.25, 0.75], [2.0, -1.4], [5.0, -5.0]]))


def test_add_up_loss_asks_for_both_labels() -> None:
    logits = torch.zeros(2, 7)
    logits[0, 0] = math.log(2)  # p = 2/8 for class 0, 1/8 for the others
    logits[1, 3] = math.log(3)  # p = 3/9 for class 3, 1/9 for the others
    targets = F.one_hot(torch.tensor([0, 3]), 7).float()
    loss = add_up_loss(logits, targets, torch.tensor([1, 0]))
    own = (math.log(4) + math.log(3)) / 2
    partners = (math.log(8) + math.log(9)) / 2
    assert loss.item() == pytest.approx(0.5 * own + 0.5 * partners)


def test_a_step_mixes_with_the_partners_that_the_batch_draws() -> None:
    method = rul(RulConfig(dropout=0.0))
    step = method(batch_of(LABELS))
    partner = torch.randperm(6, generator=torch.Generator().manual_seed(5)).tolist()
    assert partner != list(range(6))
    with torch.no_grad():
        maps = method.network.maps(random_crops(6))
        mu, log_variance = method.network.mu(maps), method.log_variance(maps)
        expected = 0.0
        for i, j in enumerate(partner):
            u_i, u_j = log_variance[i].exp().mean(), log_variance[j].exp().mean()
            logits = method.network.fc((u_i * mu[i] + u_j * mu[j]) / (u_i + u_j))
            chances = logits.log_softmax(dim=0)
            expected -= 0.5 * (chances[LABELS[i]] + chances[LABELS[j]]).item() / 6
    assert step.loss.item() == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(step.answer, method.network.fc(mu).softmax(dim=1))
    assert not step.answer.requires_grad


def test_the_loss_teaches_every_part() -> None:
    method = rul()
    method(batch_of(LABELS)).loss.backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
        # A bias in front of a batch norm is taken out by it.
        if not name.endswith("mu.3.bias") and not name.endswith("log_variance.3.bias"):
            assert parameter.grad.abs().sum() > 0, name


def test_prediction_ignores_the_uncertainty() -> None:
    method = rul()
    assert_each_picture_is_answered_by_itself(method)
    crops = random_crops(3)
    before = method.predict(crops)
    assert before.embedding.shape == (3, 64)
    with torch.no_grad():
        for parameter in method.log_variance.parameters():
            parameter.add_(1.0)
    torch.testing.assert_close(method.predict(crops).final, before.final, rtol=0, atol=0)


def test_building_leaves_the_running_statistics_alone() -> None:
    norms = [m for m in rul().modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms
    for norm in norms:
        assert norm.num_batches_tracked is not None
        assert norm.num_batches_tracked.item() == 0
        assert norm.training


@pytest.mark.parametrize(("backbone", "flat"), [("tiny", 32 * 2 * 2), ("resnet18", 512 * 2 * 2)])
def test_heads_fit_the_map(backbone: str, flat: int) -> None:
    method = rul(backbone=backbone)
    assert method.network.mu[3].in_features == method.log_variance[3].in_features == flat
    method(batch_of(LABELS)).loss.backward()
    assert method.eval().predict(random_crops(1)).final.shape == (1, 7)


def test_nothing_is_relabelled_unless_asked() -> None:
    method = rul()
    certain_of_fear(method)
    first = method(batch_of(LABELS, epoch=59)).loss.item()
    method.after_epoch(59)
    assert method(batch_of(LABELS, epoch=59)).loss.item() == pytest.approx(first)
    assert method.per_picture == ()
    assert first == pytest.approx(20.0, abs=0.01)


def test_relabelling_starts_with_its_epoch_and_holds_from_the_next() -> None:
    method = rul(RulConfig(relabel=True, relabel_epoch=2, low_group_only=False))
    certain_of_fear(method)
    rows = (9, 7, 5, 3, 1, 0)
    for epoch, label in ((0, -1), (1, FEAR)):
        step = method(batch_of(LABELS, rows, epoch=epoch))
        assert step.loss.item() == pytest.approx(20.0, abs=0.01)
        method.after_epoch(epoch)
        assert method.relabels.relabelled[list(rows)].tolist() == [label] * 6
    assert method.relabels.relabelled[[2, 4, 6, 8]].tolist() == [-1] * 4
    assert method(batch_of(LABELS, rows, epoch=2)).loss.item() == pytest.approx(0.0, abs=0.01)


def test_a_small_margin_changes_no_label() -> None:
    method = rul(RulConfig(relabel=True, relabel_epoch=1, low_group_only=False))
    with torch.no_grad():
        method.network.fc.weight.zero_()
        method.network.fc.bias.zero_()
        method.network.fc.bias[FEAR] = math.log(2)  # P: 2/8 against 1/8 for the label
    method(batch_of(LABELS))
    method.after_epoch(0)
    assert (method.relabels.relabelled == -1).all()


def test_only_the_most_uncertain_are_relabelled() -> None:
    method = rul(RulConfig(relabel=True, relabel_epoch=1, certain_share=0.5))
    certain_of_fear(method)
    method.log_variance = Says([1.0, 4.0, 2.0, 3.0, 0.5, 5.0])  # type: ignore[assignment]
    method(batch_of(LABELS))
    method.after_epoch(0)
    assert method.relabels.relabelled[:6].tolist() == [-1, FEAR, -1, FEAR, -1, FEAR]


def test_relabelling_starts_at_the_same_share_of_every_run() -> None:
    assert DEFAULT.first_epoch(60, 191) == 10
    assert RulConfig(relabel_updates=0).first_epoch(8, 191) == 2
    assert RulConfig(relabel_epoch=5).first_epoch(8, 191) == 5


def test_heads_learn_at_the_backbone_rate_and_the_classifier_at_the_other() -> None:
    method = rul()
    groups = method.parameter_groups(small_config("rul", lr_backbone=0.25, lr_head=0.5))
    rates = {id(p): group["base_lr"] for group in groups for p in group["params"]}
    assert sorted(rates) == sorted(id(p) for p in method.parameters())
    for name, parameter in method.named_parameters():
        assert rates[id(parameter)] == (0.5 if ".fc." in name else 0.25), name


def test_state_survives_the_round_trip_with_what_an_epoch_has_found() -> None:
    options = RulConfig(relabel=True, relabel_epoch=1, low_group_only=False)
    method = rul(options)
    certain_of_fear(method)
    method(batch_of(LABELS))
    torch.manual_seed(77)
    again = reloaded(method, build(small_config("rul", rul=options, epochs=60), 10))
    assert isinstance(again, RUL)
    again.after_epoch(0)
    assert again.relabels.relabelled.tolist() == [FEAR] * 6 + [-1] * 4
    crops = random_crops(4)
    torch.testing.assert_close(
        again.eval().predict(crops).embedding,
        method.eval().predict(crops).embedding,
        rtol=0,
        atol=0,
    )
