"""DualStreamFER: both streams, DWMCA, APCL and the witness, from one config."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.apcl import APCL
from ferdesk.model.backbones import BACKBONES, build_backbone
from ferdesk.model.backbones.features import Features
from ferdesk.model.config import TAKES_PICTURES, ArchitectureConfig, Preprocessing
from ferdesk.model.geometry import GeometryStream, GeometryWitness, Standardise, absent
from ferdesk.model.inputs import LUMA, Inputs
from ferdesk.model.novelty import NoveltyHead
from ferdesk.model.purified import Purified
from ferdesk.model.streams import Pyramid, SingleScale
from ferdesk.model.token_necks import ImageAndTokens, PyramidAndTokens


class Preprocess(nn.Module):
    """Crops (B, 3, S, S) RGB in 0..255 and faces' geometry → inputs of the streams.

    In this order, as far as the network has them: the image stream's picture, (x - mean)/std; the
    landmark stream's, x/255, as its weights were trained; the standardised geometry. All of it is
    computed in float32, because none of it survives half precision. `inputs` has the same in numpy.
    """

    mean: Tensor
    std: Tensor
    luma: Tensor
    standardise: Standardise | None

    def __init__(
        self,
        spec: Preprocessing,
        image_size: int,
        landmark_size: int | None = None,
        geometry: bool = False,
    ) -> None:
        """`landmark_size` None: no picture for the landmark stream; `geometry`: it is wanted."""
        super().__init__()
        self.spec = spec
        self.image_size = image_size
        self.landmark_size = landmark_size
        self.standardise = Standardise() if geometry else None
        self.register_buffer("mean", torch.tensor(spec.image_mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(spec.image_std).view(3, 1, 1), persistent=False)
        self.register_buffer("luma", torch.tensor(LUMA).view(3, 1, 1), persistent=False)

    def _resize(self, x: Tensor, size: int) -> Tensor:
        if x.shape[-1] != size:
            x = F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)
        # Concatenated and not expanded: OpenVINO folds a scale into the convolution behind a
        # broadcast and then finds one channel where the weights have three.
        return torch.cat([x] * 3, dim=1) if self.spec.grayscale else x

    def forward(self, crops: Tensor, geometry: Tensor | None = None) -> tuple[Tensor, ...]:
        """`geometry` (B, GEOMETRY_SIZE); None stands for faces without landmarks."""
        x = crops
        if self.spec.grayscale:
            x = (x * self.luma).sum(dim=1, keepdim=True)
        if self.spec.detail:
            # 1 for crops that training has shrunk already.
            x = F.avg_pool2d(x, x.shape[-1] // self.spec.detail)
        inputs = [(self._resize(x, self.image_size) - self.mean) / self.std]
        if self.landmark_size is not None:
            inputs.append(self._resize(x, self.landmark_size) / 255.0)
        if self.standardise is not None:
            known = absent(len(crops), crops) if geometry is None else geometry.float()
            inputs.append(self.standardise(known))
        return tuple(inputs)


class DualStreamFER(nn.Module):
    """Image stream + landmark stream → DWMCA → z → APCL; witness and novelty where there are.

    A landmark stream that sees the picture never trains: no gradient reaches it and it stays in
    evaluation mode. The geometry stream trains with the rest.
    """

    landmark_backbone: nn.Module | None
    geometry_stream: GeometryStream | None
    witness: GeometryWitness | None
    novelty: NoveltyHead | None

    def __init__(self, config: ArchitectureConfig, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.config = config
        self.preprocessing = preprocessing
        pictures = config.landmark_backbone in TAKES_PICTURES
        self.preprocess = Preprocess(
            preprocessing,
            config.image_size,
            config.landmark_size if pictures else None,
            config.takes_geometry,
        )
        image = BACKBONES[config.image_backbone]
        self.image_backbone = build_backbone(config.image_backbone, config.coarse_stride)
        self.landmark_backbone = self.geometry_stream = self.witness = self.novelty = None
        self.neck: nn.Module
        channels = cast(tuple[int, int, int], self.image_backbone.channels)
        if pictures:
            landmark = BACKBONES[config.landmark_backbone].build()
            self.landmark_backbone = landmark.requires_grad_(False)
            neck = Pyramid if config.scales == "pyramid" else SingleScale
            own = cast(tuple[int, int, int], landmark.channels)
            self.neck = neck(channels, own, image.align_stride, config)
        else:
            dim, count = config.dims[-1], 0
            if config.landmark_backbone == "geometry":
                self.geometry_stream = GeometryStream(
                    dim, dim // config.head_dim, config.blendshape_tokens, config.geometry_depth
                )
                count = self.geometry_stream.count
            elif config.scales == "pyramid":
                raise ValueError("a pyramid needs a landmark stream")
            tokens = PyramidAndTokens if config.scales == "pyramid" else ImageAndTokens
            self.neck = tokens(channels, image.align_stride, config, count)
        if config.witness != "none":
            self.witness = GeometryWitness()
        if config.novelty:
            self.novelty = NoveltyHead(2 * (channels[1] + channels[2]))
        self.apcl = APCL(config)
        self.train(self.training)

    def train(self, mode: bool = True) -> DualStreamFER:
        super().train(mode)
        if self.landmark_backbone is not None:
            self.landmark_backbone.eval()
        return self

    def inputs(self) -> Inputs:
        """What `preprocess` does, in numpy."""
        standardise = self.preprocess.standardise
        if standardise is None:
            return Inputs(self.config, self.preprocessing, None)
        standard = standardise.mean.cpu().numpy(), standardise.spread.cpu().numpy()
        return Inputs(self.config, self.preprocessing, standard)

    def image_maps(self, *inputs: Tensor) -> Features:
        """The image stream's maps of what `preprocess` gives."""
        image: Features = self.image_backbone(inputs[0])
        return image

    def features(self, image: Features, *inputs: Tensor) -> Tensor:
        """z (B, 768) of these maps and what `preprocess` gives."""
        other: Any = None
        if self.geometry_stream is not None:
            other = self.geometry_stream(inputs[-1])
        elif self.landmark_backbone is not None:
            with torch.no_grad():
                other = self.landmark_backbone(inputs[1])
        out: Tensor = self.neck(image, other)
        return out

    def answer(self, *inputs: Tensor, trust: float = 1.0) -> Purified[Tensor]:
        """`Purified` of B faces from what `preprocess` gives."""
        p_lm = None if self.witness is None else self.witness(inputs[-1])
        image = self.image_maps(*inputs)
        out: Purified[Tensor] = self.apcl(self.features(image, *inputs), trust, p_lm)
        return out if self.novelty is None else replace(out, novelty=self.novelty(image))

    def forward(
        self, crops: Tensor, geometry: Tensor | None = None, trust: float = 1.0
    ) -> Purified[Tensor]:
        """Crops (B, 3, S, S) RGB float in 0..255 and geometry (B, GEOMETRY_SIZE) → `Purified`.

        Without geometry the faces count as faces without landmarks.
        """
        return self.answer(*self.preprocess(crops, geometry), trust=trust)

    def with_novelty(self, head: NoveltyHead | None) -> DualStreamFER:
        """A copy in evaluation mode with this head, or without any; the rest as it is."""
        made = DualStreamFER(replace(self.config, novelty=head is not None), self.preprocessing)
        state = {k: v for k, v in self.state_dict().items() if not k.startswith("novelty.")}
        made.load_state_dict(state, strict=False)
        if made.novelty is not None and head is not None:
            made.novelty.load_state_dict(head.state_dict())
        return made.eval()

    def parameter_count(self) -> tuple[int, int]:
        """(all, trainable) parameters."""
        parameters = list(self.parameters())
        return (
            sum(p.numel() for p in parameters),
            sum(p.numel() for p in parameters if p.requires_grad),
        )
