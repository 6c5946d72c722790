"""The three losses against numbers worked out by hand."""

import math

import pytest
import torch

from trainer.config import AnchorForm, TrainConfig
from trainer.methods.losses import anchor_loss, centre_loss, class_distribution_loss


def test_class_distribution_loss() -> None:
    final = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    target = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    expected = (-math.log(0.5) - 0.5 * math.log(0.8) - 0.5 * math.log(0.1)) / 2
    assert class_distribution_loss(final, target).item() == pytest.approx(expected)


def test_class_distribution_loss_survives_a_zero() -> None:
    final = torch.tensor([[0.0, 1.0]], requires_grad=True)
    loss = class_distribution_loss(final, torch.tensor([[1.0, 0.0]]))
    loss.backward()
    assert loss.item() == pytest.approx(-math.log(1e-8), rel=1e-4)
    assert torch.isfinite(final.grad).all()  # type: ignore[arg-type]


def test_anchor_loss_counts_pairs_of_different_classes_only() -> None:
    # Width 4, so √E = 2. Two classes of two anchors; the same class lies in one point.
    anchors = torch.zeros(2, 2, 4)
    anchors[1, :, 0] = 2.0  # distance 2 -> 1 after division; margin 1.5 leaves 0.5² = 0.25
    assert anchor_loss(anchors, margin=1.5).item() == pytest.approx(0.25)
    anchors[1, :, 0] = 3.0
    assert anchor_loss(anchors, margin=1.5).item() == pytest.approx(0.0)


def test_anchor_loss_pushes_classes_apart_and_then_rests() -> None:
    torch.manual_seed(0)
    anchors = (torch.randn(7, 3, 16) * 0.1).requires_grad_()
    optimizer = torch.optim.SGD([anchors], lr=50.0)
    first = anchor_loss(anchors).item()
    for _ in range(200):
        optimizer.zero_grad()
        loss = anchor_loss(anchors)
        loss.backward()
        optimizer.step()
    assert first > 1.0
    assert loss.item() < 0.05
    assert anchors.abs().max().item() < 20


def line(*places: float) -> torch.Tensor:
    """Two classes of two anchors each on the first axis of four."""
    anchors = torch.zeros(2, 2, 4)
    anchors[..., 0] = torch.tensor(places).reshape(2, 2)
    return anchors


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        # Classes {0, 1} and {2, 0}. Squares of all six pairs: 1 + 4 + 0 + 1 + 1 + 4, each twice.
        ("paper", -22.0),
        # Same place in the class: (0 - 2)² + (1 - 0)², each twice, over √4 · 2².
        ("arbex", -1.25),
        # Different classes, distances over √4: 1, 0, ½, ½, so gaps to 1.5 of ½, 1½, 1, 1.
        ("bounded", (0.25 + 2.25 + 1 + 1) / 4),
    ],
)
def test_forms_of_the_anchor_loss_by_hand(form: AnchorForm, expected: float) -> None:
    anchors = line(0, 1, 2, 0)
    assert anchor_loss(anchors, form).item() == pytest.approx(expected, abs=1e-5)


def test_the_bounded_form_is_the_default() -> None:
    anchors = line(0, 1, 2, 0)
    assert anchor_loss(anchors).item() == anchor_loss(anchors, "bounded", 1.5).item()


@pytest.mark.parametrize("form", ["paper", "arbex"])
def test_the_published_forms_have_no_floor(form: AnchorForm) -> None:
    anchors = line(0, 1, 2, 0)
    assert anchor_loss(100 * anchors, form).item() == pytest.approx(
        1e4 * anchor_loss(anchors, form).item()
    )


def test_only_the_paper_form_pushes_anchors_of_one_class_apart() -> None:
    """One class: nothing to part it from, yet the printed sum grows with its own spread."""
    anchors = line(0, 1, 2, 5)[:1]
    assert anchor_loss(anchors, "paper").item() == pytest.approx(-2.0)
    assert anchor_loss(anchors, "arbex").item() == 0.0


@pytest.mark.parametrize("form", ["bounded", "paper", "arbex"])
def test_anchors_in_one_point_have_a_finite_gradient(form: AnchorForm) -> None:
    anchors = torch.zeros(7, 2, 4, requires_grad=True)
    anchor_loss(anchors, form).backward()
    assert anchors.grad is not None
    assert torch.isfinite(anchors.grad).all()


def test_centre_loss_takes_the_nearest_anchor_of_the_own_class() -> None:
    anchors = torch.zeros(3, 2, 4)
    anchors[1, 0] = torch.tensor([1.0, 0, 0, 0])
    anchors[1, 1] = torch.tensor([0, 3.0, 0, 0])
    embedding = torch.tensor([[0.0, 2.0, 0, 0], [2.0, 0, 0, 0]])
    # Row 0, class 1: distances² 5 and 1 -> 1; row 1, class 0: 4. Mean 2.5, divided by √4.
    loss = centre_loss(embedding, anchors, torch.tensor([1, 0]))
    assert loss.item() == pytest.approx(2.5 / 2)


def test_the_weight_of_the_centre_loss_puts_it_on_the_scale_of_the_class_loss_at_the_start() -> (
    None
):
    """e as a LayerNorm leaves it, anchors as APCL draws them: docs/method.md, "Losses"."""
    torch.manual_seed(0)
    embedding = torch.nn.functional.layer_norm(torch.randn(256, 128), (128,))
    anchors, labels = torch.randn(7, 10, 128), torch.randint(0, 7, (256,))
    start = centre_loss(embedding, anchors, labels).item()
    assert start == pytest.approx(19, abs=1)
    weight = TrainConfig().lambda_centre
    assert 0.8 < weight * start / math.log(7) < 1.2
    assert anchor_loss(anchors).item() == pytest.approx(0.015, abs=0.005)
