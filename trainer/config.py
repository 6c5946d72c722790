"""Everything a training run can be told. Defaults run on a CPU."""

from __future__ import annotations

from dataclasses import dataclass, field

from trainer.augment import AugmentConfig


@dataclass(frozen=True)
class TrainConfig:
    """One run. A YAML preset fills it, the command line overrides it, the run folder keeps it."""

    data: str = ""
    """LAYOUT:PATH, for example ferplus:FOLDER."""
    name: str = "live"
    """Name of the checkpoint, shown in the app."""
    notes: str = ""
    """Free text for the checkpoint's card."""
    architecture: str = "live"
    """A key of ferdesk.model.config.ARCHITECTURES."""
    landmark_weights: str = ""
    """Published weights of the frozen landmark stream."""
    image_weights: str = ""
    """Published weights the image stream starts from; empty: from scratch."""
    grayscale: bool = True
    detail: int = 56
    """The network sees no more detail than this many pixels across the crop; 0: all."""
    epochs: int = 8
    batch_size: int = 64
    lr_backbone: float = 5e-4
    lr_head: float = 1e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    clip_norm: float = 5.0
    ema_decay: float = 0.998
    trust_ramp: float = 0.33
    """Share of the run over which L_final moves from p alone to the full purification."""
    lambda_cls: float = 1.0
    lambda_anchor: float = 1.0
    lambda_centre: float = 0.1
    """The centre loss is a squared distance of 128 numbers: at weight 1 it starts 10 times as large
    as the class loss."""
    holdout: float = 0.05
    """Share of the training part kept for watching and calibration."""
    seed: int = 1
    threads: int = 2
    augment: AugmentConfig = field(default_factory=AugmentConfig)
