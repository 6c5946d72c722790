"""Everything a training run can be told. Defaults run on a CPU."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Literal

from ferdesk.model.config import (
    ARCHITECTURES,
    ArchitectureConfig,
    Corrections,
    Fusion,
    Gate,
    ImageBackbone,
)
from trainer.augment_options import AugmentConfig
from trainer.choices import check_choice
from trainer.method_options import AdaDfConfig, DmueConfig, EacConfig, RulConfig, ScnConfig

NoiseKind = Literal["none", "symmetric", "symmetric-exact", "asymmetric", "natural", "file"]
AnchorForm = Literal["bounded", "arbex", "paper"]


@dataclass(frozen=True)
class NoiseConfig:
    """Wrong labels put on the training pictures, never on others. docs/method.md, "Noise"."""

    kind: NoiseKind = "none"
    rate: float = 0.0
    """Chance of a wrong label, in [0, 1); not used by `natural` and label files."""
    seed: int = 1
    file: str = ""
    """For kind `file`: a label file of SCN, EAC or ReSup, the noise.csv of a run, or `la-net` for
    the draws of LA-Net's loader at this rate and seed."""


@dataclass(frozen=True)
class NetworkChanges:
    """Parts of the architecture switched for an ablation; None keeps what the architecture has."""

    image_backbone: ImageBackbone | None = None
    cross_attention: bool | None = None
    """False: the streams are concatenated without DWMCA."""
    corrections: Corrections | None = None
    """`none`: no purification, L_final = p; `geometric`, `attentive`: one correction only."""
    fusion: Fusion | None = None
    gate: Gate | None = None
    anchors_per_class: int | None = None
    detach_confidence: bool | None = None
    dropout: float | None = None
    image_size: int | None = None
    """Pixels across the crop as the image stream sees it."""
    landmark_size: int | None = None

    def applied(self, architecture: ArchitectureConfig) -> ArchitectureConfig:
        """`architecture` with these changes."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(architecture, **{k: v for k, v in values.items() if v is not None})


@dataclass(frozen=True)
class TrainConfig:
    """One run. A YAML preset fills it, the command line overrides it, the run folder keeps it."""

    data: str = ""
    """LAYOUT:PATH, for example ferplus:FOLDER."""
    align: bool | None = None
    """Crop by landmarks as the app does; None: what the layout needs."""
    pictures: int = 0
    """> 0: this many training pictures only, drawn with `seed`."""
    overrides: str = ""
    """A CSV of decided labels (`name,label`, as the page of an audit saves it); they go over those
    of the data set and of the noise."""
    hard_labels: bool = False
    """One-hot targets even where the data set has votes; noise implies it."""
    noise: NoiseConfig = field(default_factory=NoiseConfig)

    name: str = "live"
    """Name of the checkpoint, shown in the app."""
    notes: str = ""
    """Free text for the checkpoint's card."""
    method: str = "ours"
    """A module of trainer.methods."""
    architecture: str = "live"
    """A key of ferdesk.model.config.ARCHITECTURES."""
    network: NetworkChanges = field(default_factory=NetworkChanges)
    backbone: str = "resnet18"
    """Backbone of the methods other than `ours`; a key of ferdesk.model.backbones.BACKBONES."""
    scn: ScnConfig = field(default_factory=ScnConfig)
    dmue: DmueConfig = field(default_factory=DmueConfig)
    rul: RulConfig = field(default_factory=RulConfig)
    eac: EacConfig = field(default_factory=EacConfig)
    ada_df: AdaDfConfig = field(default_factory=AdaDfConfig)
    start_from: str = ""
    """A checkpoint of the same architecture whose weights to start from."""
    landmark_weights: str = ""
    """Published weights of the frozen landmark stream."""
    image_weights: str = ""
    """Published weights the image stream starts from; empty: from scratch."""
    grayscale: bool = True
    detail: int = 56
    """The network sees no more detail than this many pixels across the crop; 0: all."""

    epochs: int = 8
    batch_size: int = 64
    micro_batches: int = 1
    """Parts a batch is computed in, one after the other or one a process."""
    sampler: Literal["full", "balanced", "square-root"] = "full"
    """Draws of an epoch: every picture once; as many of each class; more of rare classes."""
    per_class: int = 500
    """Draws a class and epoch of the balanced sampler."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    schedule: Literal["cosine", "exponential"] = "cosine"
    gamma: float = 0.9
    """Factor an epoch of the exponential schedule."""
    lr_backbone: float = 5e-4
    lr_head: float = 1e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    clip_norm: float = 5.0
    """0: no clipping."""
    ema_decay: float = 0.998
    """0: no averaging of weights."""
    precision: Literal["auto", "float32", "bf16"] = "auto"
    """auto: bf16 where the GPU computes it, float32 elsewhere."""
    compile: bool = False
    """torch.compile the network: minutes at the start, faster steps after."""

    trust_ramp: float = 0.33
    """Share of the run over which L_final moves from p alone to the full purification."""
    lambda_cls: float = 1.0
    lambda_anchor: float = 1.0
    lambda_centre: float = 0.1
    """The centre loss is a squared distance of 128 numbers: at weight 1 it starts 10 times as large
    as the class loss."""
    lambda_primary: float = 0.0
    """Not in the paper: weight of a class loss on p itself."""
    anchor_form: AnchorForm = "bounded"
    refurbish: float = 0.0
    """Not in the paper: largest share of the network's own earlier answer in the target."""
    lambda_flip: float = 0.0
    """Not in the paper: weight of the disagreement with the mirrored, partly erased picture."""
    teacher: str = ""
    """A checkpoint whose L_final is taught besides the labels (distillation)."""
    lambda_teacher: float = 1.0

    holdout: float = 0.05
    """Share of the training part kept for watching and calibration."""
    measure_on: Literal["none", "valid", "test"] = "none"
    """Clean pictures measured after every epoch for the report; nothing is chosen on them."""
    seed: int = 1
    threads: int = 2
    tensorboard: bool = False
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def architecture_config(self) -> ArchitectureConfig:
        """The architecture with its changes. FerdeskError for an unknown name."""
        check_choice("architecture", self.architecture, ARCHITECTURES)
        return self.network.applied(ARCHITECTURES[self.architecture])
