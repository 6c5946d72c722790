"""From the two streams' feature maps to z ∈ R^768: the pyramid and the single scale."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.backbones.features import Features
from ferdesk.model.config import ArchitectureConfig
from ferdesk.model.dwmca import DWMCABlock, FeedForward, multi_head_attention


def to_tokens(feature_map: Tensor) -> Tensor:
    """(B, D, H, W) → (B, H·W, D): one token a position, row by row."""
    return feature_map.flatten(2).transpose(1, 2)


def to_map(tokens: Tensor, like: Tensor) -> Tensor:
    """The inverse of :func:`to_tokens`, with the height and width of `like`."""
    return tokens.transpose(1, 2).reshape(tokens.shape[0], -1, *like.shape[2:])


class CrossStreams(nn.Module):
    """Align two maps of one scale to D channels on the image's grid, then DWMCA blocks."""

    def __init__(
        self,
        image_channels: int,
        landmark_channels: int,
        dim: int,
        image_stride: int,
        config: ArchitectureConfig,
    ) -> None:
        super().__init__()
        kernel = 3 if image_stride == 2 else 1
        self.image_align = nn.Conv2d(image_channels, dim, kernel, image_stride, kernel // 2)
        self.landmark_align: nn.Module = nn.Identity()
        if landmark_channels != dim:
            kernel = 3 if config.scales == "pyramid" else 1
            self.landmark_align = nn.Conv2d(landmark_channels, dim, kernel, 1, kernel // 2)
        self.blocks = nn.ModuleList(
            DWMCABlock(dim, dim // config.head_dim, config.mlp_ratio, config.gate, config.drop_path)
            for _ in range(config.depth if config.cross_attention else 0)
        )

    def forward(self, image: Tensor, landmark: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, C, H, W) maps → two (B, D, H', W') maps on one grid."""
        image = self.image_align(image)
        landmark = self.landmark_align(landmark)
        if landmark.shape[2:] != image.shape[2:]:
            landmark = F.interpolate(
                landmark, size=image.shape[2:], mode="bilinear", align_corners=False
            )
        img, lm = to_tokens(image), to_tokens(landmark)
        for block in self.blocks:
            img, lm = block(img, lm)
        return to_map(img, image), to_map(lm, image)


class SingleScale(nn.Module):
    """The coarsest maps only: DWMCA, mean over positions, concatenation, Linear → z."""

    def __init__(
        self,
        image_channels: tuple[int, int, int],
        landmark_channels: tuple[int, int, int],
        image_stride: int,
        config: ArchitectureConfig,
    ) -> None:
        super().__init__()
        dim = config.dims[-1]
        self.cross = CrossStreams(
            image_channels[-1], landmark_channels[-1], dim, image_stride, config
        )
        self.project = nn.Linear(2 * dim, config.feature_dim)

    def forward(self, image: Features, landmark: Features) -> Tensor:
        img, lm = self.cross(image.coarse, landmark.coarse)
        pooled = torch.cat([img.mean(dim=(2, 3)), lm.mean(dim=(2, 3))], dim=1)
        out: Tensor = self.project(pooled)
        return out


class SelfAttentionBlock(nn.Module):
    """Pre-norm transformer block over all tokens of a face."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.output = nn.Linear(dim, dim)
        self.feed_forward = FeedForward(dim, 4.0, 0.0)

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = self.qkv(self.norm(tokens)).chunk(3, dim=-1)
        tokens = tokens + self.output(multi_head_attention(query, key, value, self.heads))
        out: Tensor = self.feed_forward(tokens)
        return out


def pyramid_embeddings(config: ArchitectureConfig) -> nn.ModuleList:
    """What brings the maps of the three scales, fine to coarse, to 768×7×7."""
    fine, middle, coarse = config.dims
    width = config.feature_dim
    return nn.ModuleList(
        (
            nn.Sequential(
                nn.Conv2d(fine, width, 3, 2, 1), nn.ReLU(), nn.Conv2d(width, width, 3, 2, 1)
            ),
            nn.Conv2d(middle, width, 3, 2, 1),
            nn.Conv2d(coarse, width, 1),
        )
    )


class Pyramid(nn.Module):
    """Three scales of DWMCA, each brought to 768×7×7; CLS + 147 tokens through a small ViT → z."""

    def __init__(
        self,
        image_channels: tuple[int, int, int],
        landmark_channels: tuple[int, int, int],
        image_stride: int,
        config: ArchitectureConfig,
    ) -> None:
        super().__init__()
        width = config.feature_dim
        self.cross = nn.ModuleList(
            CrossStreams(img, lm, dim, image_stride, config)
            for img, lm, dim in zip(image_channels, landmark_channels, config.dims, strict=True)
        )
        self.join = nn.ModuleList(nn.Conv2d(2 * dim, dim, 1) for dim in config.dims)
        self.embed = pyramid_embeddings(config)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, 3 * 49 + 1, width) * 0.02)
        self.blocks = nn.Sequential(
            *(SelfAttentionBlock(width, 8) for _ in range(config.vit_depth))
        )
        self.norm = nn.LayerNorm(width)
        self.squeeze = nn.Linear(width, width)
        self.excite = nn.Linear(width, width)

    def forward(self, image: Features, landmark: Features) -> Tensor:
        tokens = []
        for img, lm, cross, join, embed in zip(
            image, landmark, self.cross, self.join, self.embed, strict=True
        ):
            tokens.append(to_tokens(embed(join(torch.cat(cross(img, lm), dim=1)))))
        cls = self.cls.expand(tokens[0].shape[0], -1, -1)
        sequence = self.blocks(torch.cat([cls, *tokens], dim=1) + self.positions)
        z: Tensor = self.norm(sequence[:, 0])
        return z * torch.sigmoid(self.excite(F.relu(self.squeeze(z))))
