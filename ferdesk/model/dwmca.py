"""Dynamic weighted multi-head cross attention (paper III.A-C; docs/method.md)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.config import Gate


class DynamicChannelWeighting(nn.Module):
    """α = σ(W2 ReLU(W1 GAP(X) + b1) + b2); X̃ = X ⊙ α.

    Tokens (B, T, D) in, reweighted tokens out; GAP is the mean over the T positions. The hidden
    width is max(16, D/4).
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        hidden = max(16, dim // 4)
        self.squeeze = nn.Linear(dim, hidden)
        self.excite = nn.Linear(hidden, dim)

    def weights(self, tokens: Tensor) -> Tensor:
        """α of shape (B, 1, D), each in (0, 1)."""
        pooled = tokens.mean(dim=1, keepdim=True)
        return torch.sigmoid(self.excite(F.relu(self.squeeze(pooled))))

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens * self.weights(tokens)


def multi_head_attention(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Concat_i softmax(Q_i K_iᵀ / √d) V_i for Q, K, V of shape (B, T, heads·d), same out."""

    def split(x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        return x.reshape(batch, tokens, heads, width // heads).transpose(1, 2)

    mixed = F.scaled_dot_product_attention(split(query), split(key), split(value))
    return mixed.transpose(1, 2).flatten(2)


class StreamGate(nn.Module):
    """Y = X̃ + G ⊙ O with G = σ(W_g [X̃ ; O] + b_g), b_g starting at 0 (so G starts near 0.5).

    `elementwise` has one gate per channel and token, `scalar` one per token, `none` adds O whole.
    """

    def __init__(self, dim: int, kind: Gate) -> None:
        super().__init__()
        self.kind = kind
        if kind != "none":
            self.project = nn.Linear(2 * dim, dim if kind == "elementwise" else 1)
            nn.init.zeros_(self.project.bias)

    def forward(self, tokens: Tensor, attended: Tensor) -> Tensor:
        if self.kind == "none":
            return tokens + attended
        gate = torch.sigmoid(self.project(torch.cat([tokens, attended], dim=-1)))
        return tokens + gate * attended


class DropPath(nn.Module):
    """Skips a residual branch per sample with probability `rate` while training."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0.0:
            return x
        keep = 1.0 - self.rate
        mask = torch.rand(x.shape[0], *([1] * (x.dim() - 1)), device=x.device) < keep
        return x * mask.to(x.dtype) / keep


class FeedForward(nn.Module):
    """Y + DropPath(MLP(LayerNorm(Y))), the usual transformer half block."""

    def __init__(self, dim: int, ratio: float, drop_path: float) -> None:
        super().__init__()
        hidden = int(dim * ratio)
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.drop_path(self.contract(F.gelu(self.expand(self.norm(x)))))
        return out


class _Stream(nn.Module):
    """Everything one stream owns inside a DWMCA block."""

    def __init__(self, dim: int, mlp_ratio: float, gate: Gate, drop_path: float) -> None:
        super().__init__()
        self.weighting = DynamicChannelWeighting(dim)
        self.norm = nn.LayerNorm(dim)
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.output = nn.Linear(dim, dim)
        self.gate = StreamGate(dim, gate)
        self.feed_forward = FeedForward(dim, mlp_ratio, drop_path)


class DWMCABlock(nn.Module):
    """One block over both streams: reweight, attend crosswise, gate, feed forward.

    Each stream's keys and values are asked by the *other* stream's queries:
    O_img = MHA(Q_lm, K_img, V_img) and O_lm = MHA(Q_img, K_lm, V_lm).

    An attended row belongs to the token that asked. Where both streams lie on one grid, the n-th
    token of either is the same place of the face, and O_img joins X̃_img as in the paper. Streams
    with token counts of their own (`one_grid` False) have no such partner: there O_img, whose rows
    are the landmark tokens', joins X̃_lm, and O_lm joins X̃_img (docs/method.md).
    """

    def __init__(
        self, dim: int, heads: int, mlp_ratio: float, gate: Gate = "elementwise",
        drop_path: float = 0.0, one_grid: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if dim % heads:
            raise ValueError(f"width {dim} does not divide into {heads} heads")
        self.heads = heads
        self.one_grid = one_grid
        self.image = _Stream(dim, mlp_ratio, gate, drop_path)
        self.landmark = _Stream(dim, mlp_ratio, gate, drop_path)

    def forward(self, image: Tensor, landmark: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, T, D) of both streams in and out; one T for both on one grid."""
        img, lm = self.image, self.landmark
        x_img, x_lm = img.weighting(image), lm.weighting(landmark)
        n_img, n_lm = img.norm(x_img), lm.norm(x_lm)
        o_img = img.output(
            multi_head_attention(lm.query(n_lm), img.key(n_img), img.value(n_img), self.heads)
        )
        o_lm = lm.output(
            multi_head_attention(img.query(n_img), lm.key(n_lm), lm.value(n_lm), self.heads)
        )
        if not self.one_grid:
            o_img, o_lm = o_lm, o_img
        return (
            img.feed_forward(img.gate(x_img, o_img)),
            lm.feed_forward(lm.gate(x_lm, o_lm)),
        )
