"""APCL against numbers worked out by hand."""

import math
from dataclasses import replace

import pytest
import torch

from ferdesk.model.apcl import (
    APCL,
    AnchorCorrection,
    AttentionCorrection,
    confidence,
    fuse,
    weigh,
)
from ferdesk.model.config import TINY

N = 7


def distribution(*head: float) -> torch.Tensor:
    """(1, 7): the given probabilities first, the rest shared equally."""
    rest = (1 - sum(head)) / (N - len(head))
    return torch.tensor([[*head, *([rest] * (N - len(head)))]])


def test_confidence_of_uniform_certain_and_a_worked_case() -> None:
    assert confidence(torch.full((1, N), 1 / N)).item() == pytest.approx(0.0, abs=1e-6)
    assert confidence(torch.eye(N)[:1]).item() == pytest.approx(1.0, abs=1e-6)
    two = torch.zeros(1, N)
    two[0, 0] = two[0, 1] = 0.5
    assert confidence(two).item() == pytest.approx(1 - math.log(2) / math.log(7), abs=1e-6)


def test_confidence_has_a_finite_gradient_at_an_exact_zero() -> None:
    q = torch.eye(N)[:1].requires_grad_()
    confidence(q).sum().backward()
    assert q.grad is not None
    assert torch.isfinite(q.grad).all()


def test_weigh_by_hand() -> None:
    a, b = distribution(0.8), distribution(0.2)
    out = weigh(a, torch.tensor([0.3]), b, torch.tensor([0.1]))
    assert out[0, 0].item() == pytest.approx(0.75 * 0.8 + 0.25 * 0.2)
    assert out.sum().item() == pytest.approx(1.0)


def test_weigh_falls_back_to_the_mean_when_both_are_uncertain() -> None:
    a, b = distribution(0.8), distribution(0.2)
    zero = torch.zeros(1)
    assert weigh(a, zero, b, zero)[0, 0].item() == pytest.approx(0.5)


def test_both_fusions_by_hand() -> None:
    p, t = distribution(0.9), distribution(0.5)
    c_p, c_t = torch.tensor([0.6]), torch.tensor([0.2])
    assert fuse(p, c_p, t, c_t, "normalised")[0, 0].item() == pytest.approx(0.75 * 0.9 + 0.25 * 0.5)
    assert fuse(p, c_p, t, c_t, "complementary")[0, 0].item() == pytest.approx(
        0.6 * 0.9 + 0.4 * 0.5
    )


def test_anchor_similarity_by_hand() -> None:
    """Two classes' anchors at distances 1 and 3, all others at 3: softmax of minus the distance."""
    layer = AnchorCorrection(2, 1, delta=1.0)
    with torch.no_grad():
        layer.anchors.copy_(torch.tensor([[[3.0, 0.0]]] * N))
        layer.anchors[2, 0] = torch.tensor([0.0, 1.0])
    e = torch.zeros(1, 2)
    assert layer.distances(e)[0, 2, 0].item() == pytest.approx(1.0)
    assert layer.distances(e)[0, 0, 0].item() == pytest.approx(3.0)
    expected = math.exp(-1) / (math.exp(-1) + 6 * math.exp(-3))
    assert layer(e)[0, 2].item() == pytest.approx(expected)
    assert layer(e).sum().item() == pytest.approx(1.0)


def test_delta_flattens_the_similarity_and_k_anchors_add_up() -> None:
    torch.manual_seed(0)
    layer = AnchorCorrection(4, 3, delta=1.0)
    e = torch.randn(2, 4)
    sharp = confidence(layer(e))
    layer.delta = 10.0
    assert (confidence(layer(e)) < sharp).all()
    all_similarities = torch.softmax(-layer.distances(e).flatten(1) / 10.0, dim=1)
    assert torch.allclose(layer(e)[:, 1], all_similarities[:, 3:6].sum(dim=1))


def test_anchor_distance_has_a_gradient_at_coincidence() -> None:
    layer = AnchorCorrection(3, 1, delta=1.0)
    e = layer.anchors[0, 0].detach().clone().unsqueeze(0).requires_grad_()
    layer(e)[0, 0].backward()
    assert e.grad is not None
    assert torch.isfinite(e.grad).all()


def test_attention_is_per_sample() -> None:
    torch.manual_seed(0)
    layer = AttentionCorrection(32, 4, 2)
    batch = torch.randn(6, 32)
    alone = torch.cat([layer(row.unsqueeze(0)) for row in batch])
    assert torch.allclose(layer(batch), alone, atol=1e-6)
    assert torch.allclose(layer(batch).sum(dim=1), torch.ones(6))


def test_attention_knows_where_a_part_is() -> None:
    torch.manual_seed(0)
    layer = AttentionCorrection(32, 4, 2)
    with torch.no_grad():
        layer.positions.mul_(100)
    e = torch.randn(1, 32)
    swapped = torch.cat([e[:, 8:16], e[:, :8], e[:, 16:]], dim=1)
    assert not torch.allclose(layer(e), layer(swapped), atol=1e-4)


def test_attention_refuses_an_uneven_split() -> None:
    with pytest.raises(ValueError, match="tokens"):
        AttentionCorrection(30, 4, 2)


def test_purified_fits_together() -> None:
    torch.manual_seed(0)
    head = APCL(TINY).eval()
    out = head(torch.randn(5, TINY.feature_dim))
    for name in ("p", "t_g", "t_a", "t", "final"):
        assert torch.allclose(getattr(out, name).sum(dim=1), torch.ones(5)), name
    assert torch.allclose(out.p, torch.softmax(out.logits, dim=1))
    assert torch.allclose(out.t, weigh(out.t_g, out.c_g, out.t_a, out.c_a))
    assert torch.allclose(out.c_t, confidence(out.t))
    assert torch.allclose(out.final, weigh(out.p, out.c_p, out.t, out.c_t))
    assert torch.allclose(out.embedding.mean(dim=1), torch.zeros(5), atol=1e-6)
    assert torch.allclose(out.embedding.norm(dim=1), torch.full((5,), 32**0.5), rtol=1e-3)
    one = out[2]
    assert one.final.shape == (7,)
    assert one.c_p.shape == ()


def test_trust_ramps_from_primary_to_final() -> None:
    torch.manual_seed(0)
    head = APCL(TINY).eval()
    z = torch.randn(3, TINY.feature_dim)
    none, half, full = (head(z, trust=t).final for t in (0.0, 0.5, 1.0))
    assert torch.allclose(none, head(z).p)
    assert torch.allclose(half, (none + full) / 2)


def test_detaching_confidence_changes_gradients_not_values() -> None:
    torch.manual_seed(0)
    free = APCL(TINY).eval()
    held = APCL(replace(TINY, detach_confidence=True)).eval()
    held.load_state_dict(free.state_dict())
    z = torch.randn(4, TINY.feature_dim)
    grads = []
    for head in (free, held):
        final = head(z).final
        final[:, 0].log().sum().backward()
        assert head.geometric is not None
        grads.append(head.geometric.anchors.grad.clone())
    assert torch.allclose(free(z).final, held(z).final)
    assert not torch.allclose(grads[0], grads[1])


@pytest.mark.parametrize("trust", [0.4, 1.0])
def test_the_other_fusion_with_trust_is_arbex_s_balancing_written_out(trust: float) -> None:
    """L = (1-τ) p + τ (c_p p + (1-c_p) t_g) from anchors and logits, in scalars of float64."""
    torch.manual_seed(4)
    head = APCL(replace(TINY, corrections="geometric", fusion="complementary")).eval()
    out = head(torch.randn(3, TINY.feature_dim), trust=trust)
    anchors = head.anchors
    assert anchors is not None
    for row in range(3):
        e = out.embedding[row].tolist()
        near = [[math.exp(-math.dist(e, anchor)) for anchor in own] for own in anchors.tolist()]
        total = sum(map(sum, near))
        t = [sum(own) / total for own in near]
        exps = [math.exp(z) for z in out.logits[row].tolist()]
        p = [v / sum(exps) for v in exps]
        c_p = 1 + sum(v * math.log(v) for v in p) / math.log(7)
        expected = [
            (1 - trust) * a + trust * (c_p * a + (1 - c_p) * b) for a, b in zip(p, t, strict=True)
        ]
        assert out.final[row].tolist() == pytest.approx(expected, abs=1e-6)
