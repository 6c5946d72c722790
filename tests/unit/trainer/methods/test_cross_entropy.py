"""The baseline."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tests.unit.trainer.methods.helpers import (
    assert_each_picture_is_answered_by_itself,
    batch_of,
    reloaded,
    small_config,
)
from trainer.methods.cross_entropy import build


def test_the_loss_is_the_cross_entropy_of_the_given_labels() -> None:
    method = build(small_config("cross_entropy"), 4).eval()
    batch = batch_of([0, 3, 6, 3])
    step = method(batch)
    logits = method.network(batch.crops)
    assert step.loss.item() == pytest.approx(F.cross_entropy(logits, batch.labels).item())
    assert torch.allclose(step.answer, logits.softmax(dim=1))
    assert not step.answer.requires_grad


def test_votes_are_learnt_as_a_distribution() -> None:
    targets = torch.zeros(2, 7)
    targets[:, 1], targets[:, 2] = 0.75, 0.25
    method = build(small_config("cross_entropy"), 2).eval()
    batch = batch_of([1, 1], targets=targets)
    log_p = method.network(batch.crops).log_softmax(dim=1)
    by_hand = -(0.75 * log_p[:, 1] + 0.25 * log_p[:, 2]).mean()
    assert method(batch).loss.item() == pytest.approx(by_hand.item())


def test_every_parameter_learns_and_is_given_to_the_optimiser() -> None:
    config = small_config("cross_entropy")
    method = build(config, 4)
    method(batch_of([0, 1, 2, 3])).loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in method.parameters())
    given = [p for group in method.parameter_groups(config) for p in group["params"]]
    assert {id(p) for p in given} == {id(p) for p in method.parameters()}


def test_prediction_and_state() -> None:
    config = small_config("cross_entropy")
    method = build(config, 4)
    method(batch_of([0, 1, 2, 3]))
    assert_each_picture_is_answered_by_itself(method)
    again = reloaded(method, build(config, 4)).eval()
    crops = batch_of([0, 1]).crops
    assert torch.equal(again.predict(crops).final, method.predict(crops).final)
