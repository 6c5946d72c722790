"""From image maps and tokens that lie on no grid to z ∈ R^768: at one scale or at three."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.backbones.features import Features
from ferdesk.model.config import ArchitectureConfig
from ferdesk.model.dwmca import DWMCABlock
from ferdesk.model.streams import SelfAttentionBlock, pyramid_embeddings, to_map, to_tokens


def _blocks(dim: int, config: ArchitectureConfig) -> nn.ModuleList:
    return nn.ModuleList(
        DWMCABlock(
            dim, dim // config.head_dim, config.mlp_ratio, config.gate, config.drop_path,
            one_grid=False,
        )
        for _ in range(config.depth if config.cross_attention else 0)
    )  # fmt: skip


def _align(channels: int, dim: int, stride: int) -> nn.Conv2d:
    kernel = 3 if stride == 2 else 1
    return nn.Conv2d(channels, dim, kernel, stride, kernel // 2)


class ImageAndTokens(nn.Module):
    """The coarsest image map and the tokens: DWMCA, means, concatenation, Linear → z.

    Without tokens (`count` 0) the mean of the image's tokens is all there is.
    """

    def __init__(
        self, image_channels: tuple[int, int, int], image_stride: int, config: ArchitectureConfig,
        count: int,
    ) -> None:  # fmt: skip
        super().__init__()
        dim = config.dims[-1]
        self.image_align = _align(image_channels[-1], dim, image_stride)
        self.blocks = _blocks(dim, config) if count else nn.ModuleList()
        self.project = nn.Linear(2 * dim if count else dim, config.feature_dim)

    def forward(self, image: Features, tokens: Tensor | None) -> Tensor:
        """`tokens` (B, T, D)"""
        img = to_tokens(self.image_align(image.coarse))
        pooled = img.mean(dim=1)
        if tokens is not None:
            for block in self.blocks:
                img, tokens = block(img, tokens)
            pooled = torch.cat([img.mean(dim=1), tokens.mean(dim=1)], dim=1)
        out: Tensor = self.project(pooled)
        return out


class PyramidAndTokens(nn.Module):
    """The paper's pyramid with tokens: DWMCA at three scales, then one ViT over all of it → z.

    The tokens are brought to the width of each scale for its DWMCA and come out of the coarsest;
    CLS, 147 image tokens and T others pass the transformer blocks.
    """

    def __init__(
        self, image_channels: tuple[int, int, int], image_stride: int, config: ArchitectureConfig,
        count: int,
    ) -> None:  # fmt: skip
        super().__init__()
        width, dim = config.feature_dim, config.dims[-1]
        scales = list(zip(image_channels, config.dims, strict=True))
        self.image_align = nn.ModuleList(_align(c, d, image_stride) for c, d in scales)
        self.token_align = nn.ModuleList(nn.Linear(dim, d) for _, d in scales)
        self.blocks = nn.ModuleList(_blocks(d, config) for _, d in scales)
        self.embed = pyramid_embeddings(config)
        self.token_embed = nn.Linear(dim, width)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, 1 + 3 * 49 + count, width) * 0.02)
        self.vit = nn.Sequential(*(SelfAttentionBlock(width, 8) for _ in range(config.vit_depth)))
        self.norm = nn.LayerNorm(width)
        self.squeeze = nn.Linear(width, width)
        self.excite = nn.Linear(width, width)

    def forward(self, image: Features, tokens: Tensor) -> Tensor:
        """`tokens` (B, T, D) of the coarsest scale's width D."""
        sequence = []
        other = tokens
        for features, image_align, token_align, blocks, embed in zip(
            image, self.image_align, self.token_align, self.blocks, self.embed, strict=True
        ):
            grid = image_align(features)
            img, other = to_tokens(grid), token_align(tokens)
            for block in blocks:  # type: ignore[attr-defined]
                img, other = block(img, other)
            sequence.append(to_tokens(embed(to_map(img, grid))))
        cls = self.cls.expand(tokens.shape[0], -1, -1)
        joined = torch.cat([cls, *sequence, self.token_embed(other)], dim=1) + self.positions
        z: Tensor = self.norm(self.vit(joined)[:, 0])
        return z * torch.sigmoid(self.excite(F.relu(self.squeeze(z))))
