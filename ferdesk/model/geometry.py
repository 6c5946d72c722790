"""The landmark stream on MediaPipe's own landmarks, and the witness that sees nothing else.

docs/method.md, "The geometry stream".
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.face_geometry import BLENDSHAPES, GEOMETRY_SIZE, LANDMARKS, PRESENT
from ferdesk.model.face_regions import NUM_LANDMARKS, REGIONS
from ferdesk.model.labels import NUM_EXPRESSIONS
from ferdesk.model.streams import SelfAttentionBlock

_LEAST_SPREAD = 0.02
"""Of the coordinates between the eyes that the normalisation all but fixes, only noise is left."""
_WITNESS_HIDDEN = (256, 128)
_WITNESS_DROPOUT = 0.5


class Standardise(nn.Module):
    """(B, GEOMETRY_SIZE) as `face_geometry` gives it → the same with mean 0 and spread 1.

    Mean and spread are those of the training faces and saved with the weights. A face without
    landmarks stays all zeros, which is also what the average face becomes, but for its last entry.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(PRESENT))
        self.register_buffer("spread", torch.ones(PRESENT))

    @torch.no_grad()
    def fit(self, geometry: Tensor) -> None:
        """Take mean and spread from the (N, GEOMETRY_SIZE) faces that have landmarks."""
        known = geometry[geometry[:, PRESENT] > 0.5][:, :PRESENT].double()
        if len(known) > 1:
            self.mean.copy_(known.mean(dim=0))
            self.spread.copy_(known.std(dim=0).clamp_min(_LEAST_SPREAD))

    def forward(self, geometry: Tensor) -> Tensor:
        present = geometry[:, PRESENT:]
        known = (geometry[:, :PRESENT] - self.mean) / self.spread
        return torch.cat([known * present, present], dim=1)


class GeometryStream(nn.Module):
    """A standardised face (B, GEOMETRY_SIZE) → tokens (B, T, D).

    One token per region of the face (the coordinates of its landmarks, embedded together) and
    `blendshape_tokens` of the blendshapes, with learned positions, mixed by `depth` blocks. A face
    without landmarks has learned tokens of its own.
    """

    order: Tensor

    def __init__(self, dim: int, heads: int, blendshape_tokens: int, depth: int) -> None:
        super().__init__()
        self.sizes = [len(indices) for indices in REGIONS.values()]
        order = torch.tensor([i for indices in REGIONS.values() for i in indices])
        self.register_buffer("order", order, persistent=False)
        self.region_embeddings = nn.ModuleList(nn.Linear(3 * size, dim) for size in self.sizes)
        self.blendshape_embedding = nn.Linear(BLENDSHAPES.stop - BLENDSHAPES.start,
                                              blendshape_tokens * dim)  # fmt: skip
        self.blendshape_tokens = blendshape_tokens
        self.count = len(REGIONS) + blendshape_tokens
        self.positions = nn.Parameter(torch.randn(self.count, dim) * 0.02)
        self.absent = nn.Parameter(torch.randn(self.count, dim) * 0.02)
        self.blocks = nn.ModuleList(SelfAttentionBlock(dim, heads) for _ in range(depth))

    def forward(self, geometry: Tensor) -> Tensor:
        faces = geometry.shape[0]
        points = geometry[:, LANDMARKS].reshape(faces, NUM_LANDMARKS, 3)
        regions = points.index_select(1, self.order).split(self.sizes, dim=1)
        tokens = [
            embed(region.flatten(1))
            for embed, region in zip(self.region_embeddings, regions, strict=True)
        ]
        shapes = self.blendshape_embedding(geometry[:, BLENDSHAPES])
        known = torch.cat(
            [torch.stack(tokens, dim=1), shapes.reshape(faces, self.blendshape_tokens, -1)], dim=1
        )
        present = geometry[:, PRESENT:, None]
        mixed = present * known + (1.0 - present) * self.absent + self.positions
        for block in self.blocks:
            mixed = block(mixed)
        return mixed


class GeometryWitness(nn.Module):
    """What the shape of the face alone says: p_lm (B, 7) of standardised faces.

    It shares no weight with the rest of the network and the fusion sends no gradient into it, so
    that its answer can be held against the other's. Without landmarks it says nothing: every
    expression is as likely.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = PRESENT
        for size in _WITNESS_HIDDEN:
            layers += [nn.Linear(width, size), nn.ReLU(), nn.Dropout(_WITNESS_DROPOUT)]
            width = size
        self.mlp = nn.Sequential(*layers, nn.Linear(width, NUM_EXPRESSIONS))

    def forward(self, geometry: Tensor) -> Tensor:
        with torch.autocast(geometry.device.type, enabled=False):
            present = geometry[:, PRESENT:].float()
            said = F.softmax(self.mlp(geometry[:, :PRESENT].float()), dim=-1)
            return present * said + (1.0 - present) / NUM_EXPRESSIONS


def absent(faces: int, like: Tensor) -> Tensor:
    """(faces, GEOMETRY_SIZE) without landmarks, on the device of `like`."""
    return torch.zeros((faces, GEOMETRY_SIZE), device=like.device)
