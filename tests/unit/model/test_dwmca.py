"""DWMCA against numbers worked out by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from ferdesk.model.dwmca import (
    DropPath,
    DWMCABlock,
    DynamicChannelWeighting,
    StreamGate,
    multi_head_attention,
)


def test_channel_weighting_is_sigmoid_of_the_mlp_of_the_mean() -> None:
    layer = DynamicChannelWeighting(2)
    with torch.no_grad():
        layer.squeeze.weight.zero_()
        layer.squeeze.bias.zero_()
        # Hidden unit 0 is the mean of channel 0, hidden unit 1 its negative (cut off by ReLU).
        layer.squeeze.weight[0, 0] = 1.0
        layer.squeeze.weight[1, 0] = -1.0
        layer.excite.weight.zero_()
        layer.excite.bias.zero_()
        layer.excite.weight[0, 0] = 2.0
        layer.excite.weight[1, 1] = 5.0
    tokens = torch.tensor([[[1.0, 10.0], [3.0, 20.0]]])  # mean of channel 0: 2
    alpha = layer.weights(tokens)
    assert alpha.shape == (1, 1, 2)
    assert alpha[0, 0, 0].item() == pytest.approx(1 / (1 + math.exp(-4.0)))
    assert alpha[0, 0, 1].item() == pytest.approx(0.5)
    assert torch.allclose(layer(tokens), tokens * alpha)


def test_channel_weighting_has_at_least_16_hidden_units() -> None:
    assert DynamicChannelWeighting(32).squeeze.out_features == 16
    assert DynamicChannelWeighting(256).squeeze.out_features == 64


def test_attention_of_one_head_by_hand() -> None:
    query = torch.tensor([[[1.0, 0.0]]])
    key = torch.tensor([[[math.sqrt(2) * math.log(3), 0.0], [0.0, 7.0]]])
    value = torch.tensor([[[4.0, 0.0], [0.0, 8.0]]])
    # Scores ln 3 and 0 after division by √2: weights 3/4 and 1/4.
    out = multi_head_attention(query, key, value, heads=1)
    assert torch.allclose(out, torch.tensor([[[3.0, 2.0]]]), atol=1e-6)


def test_heads_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 5, 8) for _ in range(3))
    both = multi_head_attention(q, k, v, heads=2)
    changed = v.clone()
    changed[:, :, 4:] += 1.0
    again = multi_head_attention(q, k, changed, heads=2)
    assert torch.equal(both[:, :, :4], again[:, :, :4])
    assert torch.allclose(both[:, :, 4:] + 1.0, again[:, :, 4:], atol=1e-6)


def test_gate_starts_half_open_and_can_close() -> None:
    gate = StreamGate(3, "elementwise")
    with torch.no_grad():
        gate.project.weight.zero_()
    tokens, attended = torch.ones(1, 2, 3), torch.full((1, 2, 3), 4.0)
    assert torch.allclose(gate(tokens, attended), torch.full((1, 2, 3), 3.0))
    with torch.no_grad():
        gate.project.bias.fill_(-50.0)
    assert torch.allclose(gate(tokens, attended), tokens)


@pytest.mark.parametrize(("kind", "width"), [("elementwise", 6), ("scalar", 1)])
def test_gate_width(kind: str, width: int) -> None:
    assert StreamGate(6, kind).project.out_features == width  # type: ignore[arg-type]


def test_no_gate_adds_everything() -> None:
    assert torch.equal(
        StreamGate(2, "none")(torch.ones(1, 1, 2), torch.ones(1, 1, 2)), torch.full((1, 1, 2), 2.0)
    )


def test_queries_cross_over() -> None:
    """O_img depends on the landmark stream's queries only, O_lm on the image's."""
    torch.manual_seed(0)
    block = DWMCABlock(8, 2, 2.0).eval()
    img, lm = torch.randn(1, 4, 8), torch.randn(1, 4, 8)
    before_img, before_lm = block(img, lm)
    with torch.no_grad():
        block.image.query.weight.mul_(3.0)
    after_img, after_lm = block(img, lm)
    assert torch.equal(before_img, after_img)
    assert not torch.allclose(before_lm, after_lm)


def test_width_must_divide_into_heads() -> None:
    with pytest.raises(ValueError, match="heads"):
        DWMCABlock(10, 3, 2.0)


def test_drop_path_keeps_the_mean_and_is_off_in_evaluation() -> None:
    torch.manual_seed(0)
    drop = DropPath(0.25)
    x = torch.ones(4000, 2)
    dropped = drop(x)
    assert dropped[:, 0].unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert torch.equal(dropped[:, 0], dropped[:, 1])
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.05)
    assert torch.equal(drop.eval()(x), x)


def test_a_whole_block_is_the_equations_written_out() -> None:
    """III.B-C and docs/method.md, "DWMCA", in numpy with loops over heads and tokens."""
    torch.manual_seed(3)
    block = DWMCABlock(16, heads=2, mlp_ratio=2.0).double().eval()
    image, landmark = torch.randn(2, 1, 5, 16, dtype=torch.float64)

    def linear(layer: torch.nn.Linear, x: np.ndarray) -> np.ndarray:
        weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        return np.asarray(x @ weight.T + bias)

    def norm(layer: torch.nn.LayerNorm, x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + layer.eps)
        return np.asarray(
            centred / spread * layer.weight.detach().numpy() + layer.bias.detach().numpy()
        )

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp(-x)))

    def weighted(stream: Any, x: np.ndarray) -> np.ndarray:
        hidden = np.maximum(0, linear(stream.weighting.squeeze, x.mean(axis=0)))
        return x * sigmoid(linear(stream.weighting.excite, hidden))

    def attended(asking: Any, asked: Any, q: np.ndarray, kv: np.ndarray) -> np.ndarray:
        query = linear(asking.query, norm(asking.norm, q))
        key, value = (linear(m, norm(asked.norm, kv)) for m in (asked.key, asked.value))
        heads = []
        for own in (slice(0, 8), slice(8, 16)):
            scores = np.exp(query[:, own] @ key[:, own].T / math.sqrt(8))
            heads.append(scores / scores.sum(axis=1, keepdims=True) @ value[:, own])
        return linear(asked.output, np.concatenate(heads, axis=1))

    def joined(stream: Any, x: np.ndarray, o: np.ndarray) -> np.ndarray:
        y = x + sigmoid(linear(stream.gate.project, np.concatenate([x, o], axis=1))) * o
        wide = linear(stream.feed_forward.expand, norm(stream.feed_forward.norm, y))
        gelu = [[v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in row] for row in wide]
        return y + linear(stream.feed_forward.contract, np.array(gelu))

    img, lm = block.image, block.landmark
    x_img, x_lm = weighted(img, image[0].numpy()), weighted(lm, landmark[0].numpy())
    expected = (
        joined(img, x_img, attended(lm, img, x_lm, x_img)),
        joined(lm, x_lm, attended(img, lm, x_img, x_lm)),
    )
    found = block(image, landmark)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours[0].detach().numpy() == pytest.approx(theirs, abs=1e-12)
