"""SCN: certainty weights, their ranking, and the rule that replaces labels."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from ferdesk.model.labels import EXPRESSIONS
from tests.unit.trainer.methods.helpers import (
    assert_each_picture_is_answered_by_itself,
    batch_of,
    random_crops,
    reloaded,
    small_config,
)
from trainer.method_options import ScnConfig
from trainer.methods.scn import (
    DEFAULT,
    SCN,
    build,
    new_labels,
    rank_regularisation,
    split_by_rank,
)

EAGER = ScnConfig(relabel_epoch=2, relabel_margin=0.2, low_group_only=False)
SADNESS, FEAR = EXPRESSIONS.index("sadness"), EXPRESSIONS.index("fear")


def scn(options: ScnConfig = DEFAULT, pictures: int = 10, epochs: int = 70) -> SCN:
    torch.manual_seed(2)
    method = build(small_config("scn", scn=options, epochs=epochs), pictures)
    assert isinstance(method, SCN)
    return method


def certain_of(method: SCN, expression: int) -> None:
    """The network now answers `expression` with near certainty, whatever it sees; α = 1/2."""
    with torch.no_grad():
        method.network.fc.weight.zero_()
        method.network.fc.bias.copy_(20.0 * F.one_hot(torch.tensor(expression), 7))
        method.network.alpha.weight.zero_()
        method.network.alpha.bias.zero_()


def test_groups_and_rank_term_of_hand_worked_weights() -> None:
    alpha = torch.tensor([0.9, 0.1, 0.5, 0.8, 0.5, 0.6, 0.7, 0.2, 0.6, 0.5], requires_grad=True)
    high, low = split_by_rank(alpha, 0.7)
    assert len(high) == 7
    assert {1, 7} <= set(low.tolist())
    assert alpha.detach()[low].sum().item() == pytest.approx(0.8)
    # high: 0.9 0.8 0.7 0.6 0.6 0.5 0.5, mean 4.6/7; low: 0.5 0.2 0.1, mean 0.8/3
    distance = 4.6 / 7 - 0.8 / 3
    assert rank_regularisation(alpha, high, low, 0.07).item() == 0.0
    loss = rank_regularisation(alpha, high, low, 0.5)
    assert loss.item() == pytest.approx(0.5 - distance)
    loss.backward()
    assert alpha.grad is not None
    assert alpha.grad[high].tolist() == pytest.approx([-1 / 7] * 7)
    assert alpha.grad[low].tolist() == pytest.approx([1 / 3] * 3)


def test_a_batch_too_small_to_rank_costs_nothing() -> None:
    alpha = torch.tensor([0.4], requires_grad=True)
    loss = rank_regularisation(alpha, *split_by_rank(alpha, 0.7), 0.07)
    loss.backward()
    assert loss.item() == 0.0
    assert alpha.grad is not None
    assert alpha.grad.item() == 0.0


def test_a_label_changes_only_beyond_the_margin() -> None:
    probabilities = torch.tensor(
        [
            [0.50, 0.25, 0.25, 0, 0, 0, 0],  # 0.5 - 0.25 > 0.2
            [0.40, 0.25, 0.35, 0, 0, 0, 0],  # 0.4 - 0.25 < 0.2
            [0.10, 0.90, 0.00, 0, 0, 0, 0],  # its own label wins
        ]
    )
    winner, chosen = new_labels(probabilities, torch.tensor([1, 1, 1]), 0.2)
    assert winner.tolist() == [0, 0, 1]
    assert chosen.tolist() == [True, False, False]


def test_logits_are_weighted_by_the_certainty_and_the_loss_adds_the_rank_term() -> None:
    method = scn().eval()
    network = method.network
    with torch.no_grad():
        network.alpha.bias.fill_(-1.0)
    batch = batch_of([0, 3, 1, 6])
    embedding = network.pool(network.maps(batch.crops))
    alpha = 1 / (1 + (-(embedding @ network.alpha.weight.T + network.alpha.bias)).exp())
    logits = alpha * (embedding @ network.fc.weight.T + network.fc.bias)
    assert alpha.max() < 0.6
    assert torch.allclose(network(batch.crops), logits, atol=1e-5)
    step = method(batch)
    ordered = alpha.flatten().sort(descending=True).values
    rank = max(0.0, 0.07 - (ordered[:2].mean() - ordered[2:].mean()).item())
    cls = F.cross_entropy(logits, batch.labels).item()
    assert step.figures["rank"].item() == pytest.approx(rank, abs=1e-6)
    assert step.loss.item() == pytest.approx(cls + rank, rel=1e-5)
    assert torch.allclose(method.predict(batch.crops).final, logits.softmax(dim=1), atol=1e-6)


def test_every_parameter_learns_and_is_given_to_the_optimiser() -> None:
    config = small_config("scn")
    method = build(config, 4)
    method(batch_of([0, 1, 2, 3])).loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in method.parameters())
    given = [p for group in method.parameter_groups(config) for p in group["params"]]
    assert {id(p) for p in given} == {id(p) for p in method.parameters()}


def test_new_labels_come_from_the_start_epoch_on_and_hold_from_the_next() -> None:
    method = scn(EAGER)
    certain_of(method, FEAR)
    given = [SADNESS, FEAR, SADNESS]
    early = method(batch_of(given, rows=[4, 5, 6], epoch=0))
    method.after_epoch(0)
    assert "found" not in early.figures
    assert (method.relabels.relabelled == -1).all()

    step = method(batch_of(given, rows=[4, 5, 6], epoch=1))
    wrong = step.figures["cls"].item()
    assert step.figures["found"].item() == pytest.approx(2 / 3)
    assert wrong == pytest.approx(2 / 3 * 10, abs=0.01)  # logits 20 α = 10 for fear
    assert (method.relabels.relabelled == -1).all()  # nothing within the epoch
    assert method(batch_of(given, rows=[4, 5, 6], epoch=1)).figures["cls"].item() == wrong
    method.after_epoch(1)
    assert method.relabels.relabelled.tolist() == [-1] * 4 + [FEAR, -1, FEAR] + [-1] * 3

    after = method(batch_of(given, rows=[4, 5, 6], epoch=2))
    assert after.figures["cls"].item() < 0.01
    assert after.figures["relabelled"].item() == 2
    assert after.figures["found"].item() == 0


def test_the_label_in_force_and_not_the_given_one_is_judged_afterwards() -> None:
    method = scn(EAGER)
    certain_of(method, FEAR)
    method(batch_of([SADNESS], rows=[3], epoch=1))
    method.after_epoch(1)
    certain_of(method, SADNESS)
    step = method(batch_of([SADNESS], rows=[3], epoch=2))
    assert step.figures["found"].item() == 1  # back again: fear is what it is compared with
    method.after_epoch(2)
    assert method.relabels.relabelled[3].item() == SADNESS


@pytest.mark.parametrize(("low_group_only", "changed"), [(True, 3), (False, 10)])
def test_only_the_low_group_changes_unless_told_otherwise(
    low_group_only: bool, changed: int
) -> None:
    method = scn(ScnConfig(relabel_epoch=1, low_group_only=low_group_only))
    certain_of(method, FEAR)
    with torch.no_grad():
        method.network.alpha.weight.fill_(0.05)
    batch = batch_of([SADNESS] * 10)
    network = method.eval().network
    alpha = network.certainty(network.pool(network.maps(batch.crops)))
    method(batch)
    method.after_epoch(0)
    new = (method.relabels.relabelled == FEAR).nonzero().flatten().tolist()
    assert len(new) == changed
    if low_group_only:
        assert set(new) == set(alpha.argsort()[:3].tolist())


def test_a_picture_drawn_twice_gets_the_label_found_most_often() -> None:
    method = scn(EAGER)
    for expression, times in ((2, 1), (FEAR, 2), (3, 1)):
        certain_of(method, expression)
        method(batch_of([SADNESS] * times, rows=[7] * times, epoch=1))
    method.after_epoch(1)
    assert method.relabels.relabelled[7].item() == FEAR
    assert method.relabels.found.sum().item() == 0


def test_processes_that_add_up_their_counts_agree() -> None:
    """The loop shares `per_picture` buffers as sums of what each process has added."""
    method = scn(EAGER)
    before = method.get_buffer(method.per_picture[0]).clone()
    certain_of(method, FEAR)
    method(batch_of([SADNESS], rows=[7], epoch=1))
    shared = method.get_buffer(method.per_picture[0])
    shared.copy_(before + 2 * (shared - before))  # another process drew the same picture
    method.after_epoch(1)
    assert method.relabels.relabelled[7].item() == FEAR


@pytest.mark.parametrize(("epochs", "first"), [(70, 10), (20, 3), (8, 2), (1, 1), (140, 20)])
def test_the_start_epoch_keeps_its_share_of_the_run(epochs: int, first: int) -> None:
    assert ScnConfig(relabel_updates=0).first_epoch(epochs, 191) == first
    assert ScnConfig(relabel_epoch=10).first_epoch(epochs, 191) == 10


def test_votes_give_way_to_a_new_label() -> None:
    method = scn(EAGER)
    certain_of(method, FEAR)
    votes = torch.tensor([[0.0, 0, 0, 0.6, 0.4, 0, 0]])
    first = method(batch_of([SADNESS], rows=[0], epoch=1, targets=votes))
    assert first.figures["cls"].item() == pytest.approx(10 + math.log(1 + 6 * math.exp(-10)))
    method.after_epoch(1)
    assert method(batch_of([SADNESS], rows=[0], epoch=2, targets=votes)).figures["cls"] < 0.01


def test_state_keeps_labels_in_force_and_those_found_this_epoch() -> None:
    method = scn(EAGER)
    certain_of(method, FEAR)
    method(batch_of([SADNESS, SADNESS], rows=[1, 2], epoch=1))
    method.after_epoch(1)
    method(batch_of([SADNESS], rows=[8], epoch=2))  # stopped in the middle of an epoch
    again = reloaded(method, build(small_config("scn", scn=EAGER), 10))
    assert isinstance(again, SCN)
    again.after_epoch(2)
    assert again.relabels.relabelled.tolist() == [-1, FEAR, FEAR, -1, -1, -1, -1, -1, FEAR, -1]
    crops = random_crops(2)
    assert torch.equal(again.eval().predict(crops).final, method.eval().predict(crops).final)


def test_prediction() -> None:
    method = scn()
    method(batch_of([0, 1, 2, 3]))
    assert_each_picture_is_answered_by_itself(method)
    out = method.predict(random_crops(6))
    network = method.network
    plain = network.fc(network.pool(network.maps(random_crops(6))))
    assert torch.equal(out.final.argmax(dim=1), plain.argmax(dim=1))
