"""Adaptive label purification (paper III.D; docs/method.md): embedding in, `Purified` out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ferdesk.model.config import ArchitectureConfig, Fusion
from ferdesk.model.dwmca import multi_head_attention
from ferdesk.model.labels import NUM_EXPRESSIONS
from ferdesk.model.purified import Purified

EPSILON = 1e-8


def confidence(distribution: Tensor) -> Tensor:
    """c(q) = 1 - H(q)/ln N over the last axis: 0 for the uniform distribution, 1 for one-hot."""
    entropy = -(distribution * distribution.clamp_min(EPSILON).log()).sum(dim=-1)
    return (1.0 - entropy / math.log(distribution.shape[-1])).clamp(0.0, 1.0)


def weigh(first: Tensor, c_first: Tensor, second: Tensor, c_second: Tensor) -> Tensor:
    """(c₁ q₁ + c₂ q₂) / (c₁ + c₂) for (B, N) distributions; their mean where both c are 0."""
    share = (c_first + EPSILON / 2) / (c_first + c_second + EPSILON)
    return share.unsqueeze(-1) * first + (1.0 - share).unsqueeze(-1) * second


def weigh_all(distributions: Sequence[Tensor], confidences: Sequence[Tensor]) -> Tensor:
    """Σ c_i q_i / Σ c_i of any number of (B, N) distributions; their mean where all c are 0."""
    if len(distributions) == 1:
        return distributions[0]
    if len(distributions) == 2:
        return weigh(distributions[0], confidences[0], distributions[1], confidences[1])
    shares = torch.stack(list(confidences), dim=1) + EPSILON / len(confidences)
    shares = shares / shares.sum(dim=1, keepdim=True)
    return (shares.unsqueeze(-1) * torch.stack(list(distributions), dim=1)).sum(dim=1)


def fuse(p: Tensor, c_p: Tensor, t: Tensor, c_t: Tensor, kind: Fusion) -> Tensor:
    """L_final from the primary and the corrected distribution.

    `normalised`: (c_p p + c_t t)/(c_p + c_t), reading A of docs/method.md.
    `complementary`: c_p p + (1 - c_p) t, reading B.
    """
    if kind == "normalised":
        return weigh(p, c_p, t, c_t)
    return c_p.unsqueeze(-1) * p + (1.0 - c_p).unsqueeze(-1) * t


class BasicLabelPrediction(nn.Module):
    """Embedding (B, E) → primary logits (B, 7); hidden: Linear, ReLU, BatchNorm, Dropout."""

    def __init__(self, embed_dim: int, hidden: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = embed_dim
        for size in hidden:
            layers += [
                nn.Linear(width, size),
                nn.ReLU(),
                nn.BatchNorm1d(size),
                nn.Dropout(dropout),
            ]
            width = size
        self.mlp = nn.Sequential(*layers, nn.Linear(width, NUM_EXPRESSIONS))

    def forward(self, embedding: Tensor) -> Tensor:
        out: Tensor = self.mlp(embedding)
        return out


class AnchorCorrection(nn.Module):
    """K trainable anchors a^{ij} a class, drawn from N(0, I); their labels are one-hot, fixed."""

    def __init__(self, embed_dim: int, anchors_per_class: int, delta: float) -> None:
        super().__init__()
        self.delta = delta
        self.anchors = nn.Parameter(torch.randn(NUM_EXPRESSIONS, anchors_per_class, embed_dim))

    def distances(self, embedding: Tensor) -> Tensor:
        """‖e - a^{ij}‖₂ as (B, 7, K); 1e-12 under the root keeps the gradient finite at 0."""
        difference = embedding[:, None, None, :] - self.anchors
        return (difference.square().sum(dim=-1) + 1e-12).sqrt()

    def forward(self, embedding: Tensor) -> Tensor:
        """t_g (B, 7): softmax of -d/δ over all 7·K anchors, summed over the K of each class."""
        distances = self.distances(embedding)
        similarity = torch.softmax(-distances.flatten(1) / self.delta, dim=-1)
        return similarity.reshape(distances.shape).sum(dim=-1)


class AttentionCorrection(nn.Module):
    """Multi-head self-attention over S parts of one embedding (never over the batch).

    e is split into S tokens of E/S numbers with learned positions; MHSA, mean over the tokens,
    Linear, softmax → t_a (B, 7).
    """

    def __init__(self, embed_dim: int, tokens: int, heads: int) -> None:
        super().__init__()
        width = embed_dim // tokens
        if width * tokens != embed_dim or width % heads:
            raise ValueError(
                f"an embedding of {embed_dim} does not split into {tokens} tokens of {heads} heads"
            )
        self.tokens = tokens
        self.heads = heads
        self.positions = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)
        self.classify = nn.Linear(width, NUM_EXPRESSIONS)

    def forward(self, embedding: Tensor) -> Tensor:
        parts = embedding.reshape(embedding.shape[0], self.tokens, -1) + self.positions
        mixed = multi_head_attention(
            self.query(parts), self.key(parts), self.value(parts), self.heads
        )
        return torch.softmax(self.classify((parts + self.output(mixed)).mean(dim=1)), dim=-1)


class APCL(nn.Module):
    """z (B, 768) → reduction to e (B, 128), layer-normed without scale → `Purified`.

    Without one of the corrections, t is the other and both fields hold it; without any, every
    distribution is p and every confidence c_p. The witness p_lm counts as a correction where the
    architecture says so, and no gradient passes to it.
    """

    geometric: AnchorCorrection | None
    attentive: AttentionCorrection | None

    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__()
        self.fusion: Fusion = config.fusion
        self.detach_confidence = config.detach_confidence
        self.hears_witness = config.witness == "correction"
        self.witness_weight = config.witness_weight
        self.reduce = nn.Linear(config.feature_dim, config.embed_dim)
        self.norm = nn.LayerNorm(config.embed_dim, elementwise_affine=False)
        self.primary = BasicLabelPrediction(config.embed_dim, config.mlp_hidden, config.dropout)
        self.geometric = self.attentive = None
        if config.corrections in ("both", "geometric"):
            self.geometric = AnchorCorrection(
                config.embed_dim, config.anchors_per_class, config.delta
            )
        if config.corrections in ("both", "attentive"):
            self.attentive = AttentionCorrection(
                config.embed_dim, config.attention_tokens, config.attention_heads
            )

    @property
    def anchors(self) -> Tensor | None:
        """(7, K, E), or None without the geometric correction."""
        return None if self.geometric is None else self.geometric.anchors

    def _confidence(self, distribution: Tensor) -> Tensor:
        c = confidence(distribution)
        return c.detach() if self.detach_confidence else c

    def _corrections(self, e: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """t_g and t_a of the embeddings, each standing in for the other where that is absent."""
        t_g = None if self.geometric is None else self.geometric(e)
        t_a = None if self.attentive is None else self.attentive(e)
        one = t_g if t_g is not None else t_a if t_a is not None else p
        return one if t_g is None else t_g, one if t_a is None else t_a

    def forward(
        self, z: Tensor, trust: float = 1.0, p_lm: Tensor | None = None
    ) -> Purified[Tensor]:
        """`trust` τ in [0, 1] ramps the purification in while training: (1-τ) p + τ L_final.

        `p_lm` (B, 7) is the witness's answer; without one it is the uniform distribution. Always
        computed in float32: ε = 1e-8 and the logarithms do not survive half precision.
        """
        with torch.autocast(z.device.type, enabled=False):
            e = self.norm(self.reduce(z.float()))
            logits = self.primary(e)
            p = torch.softmax(logits, dim=-1)
            t_g, t_a = self._corrections(e, p)
            if p_lm is None:
                p_lm = torch.full_like(p, 1.0 / NUM_EXPRESSIONS)
            c_p, c_g, c_a = self._confidence(p), self._confidence(t_g), self._confidence(t_a)
            heard = p_lm.detach()
            c_lm = self._confidence(heard)
            own = self.geometric is not None or self.attentive is not None
            parts, weights = ([t_g, t_a], [c_g, c_a]) if own else ([], [])
            if self.hears_witness:
                parts, weights = [*parts, heard], [*weights, self.witness_weight * c_lm]
            t = weigh_all(parts, weights) if parts else p
            c_t = self._confidence(t)
            final = fuse(p, c_p, t, c_t, self.fusion) if parts else p
            if trust < 1.0:
                final = (1.0 - trust) * p + trust * final
        return Purified(
            logits=logits, p=p, t_g=t_g, t_a=t_a, t=t, final=final, p_lm=p_lm,
            c_p=c_p, c_g=c_g, c_a=c_a, c_t=c_t, c_lm=c_lm,
            novelty=torch.zeros_like(c_p), embedding=e,
        )  # fmt: skip
