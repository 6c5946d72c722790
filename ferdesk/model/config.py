"""Frozen descriptions of a network and of its input. They live in every checkpoint's card."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, TypeVar

from ferdesk.errors import FerdeskError

ImageBackbone = Literal["ir50", "resnet18", "efficientnet_lite0", "mobilefacenet", "tiny"]
LandmarkBackbone = Literal["mobilefacenet", "tiny"]
Scales = Literal["pyramid", "single"]
Gate = Literal["elementwise", "scalar", "none"]
Fusion = Literal["normalised", "complementary"]
Corrections = Literal["both", "geometric", "attentive", "none"]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How an aligned uint8 RGB crop becomes the input of both streams. Runs inside the network."""

    size: int = 112
    """Edge of the crop in pixels."""
    grayscale: bool = False
    """Take the luma (ITU-R 601) three times: for networks trained on grey pictures."""
    detail: int = 0
    """> 0: shrink the crop to this edge and enlarge it again, so that a sharp camera shows no more
    than the training pictures did."""
    image_mean: tuple[float, float, float] = (127.5, 127.5, 127.5)
    image_std: tuple[float, float, float] = (127.5, 127.5, 127.5)
    """The image stream gets (x - mean) / std."""


@dataclass(frozen=True, slots=True)
class ArchitectureConfig:
    """One config builds every network. Defaults: docs/method.md, architecture `paper`."""

    name: str = "paper"
    image_backbone: ImageBackbone = "ir50"
    landmark_backbone: LandmarkBackbone = "mobilefacenet"
    image_size: int = 112
    """Edge in pixels at which the image stream sees the crop."""
    landmark_size: int = 112
    """Edge in pixels at which the landmark stream sees the crop."""
    scales: Scales = "pyramid"
    dims: tuple[int, ...] = (64, 128, 256)
    """Token width D of each scale, fine to coarse; one number for `single`."""
    cross_attention: bool = True
    """False leaves DWMCA out: the aligned streams are joined as they are."""
    depth: int = 1
    """DWMCA blocks per scale."""
    head_dim: int = 32
    mlp_ratio: float = 4.0
    drop_path: float = 0.1
    gate: Gate = "elementwise"
    vit_depth: int = 2
    """Transformer blocks over the 147 pyramid tokens; unused by `single`."""
    feature_dim: int = 768
    embed_dim: int = 128
    mlp_hidden: tuple[int, ...] = (64, 64)
    dropout: float = 0.5
    anchors_per_class: int = 10
    delta: float = 1.0
    """Steepness of the anchor similarity."""
    attention_tokens: int = 8
    attention_heads: int = 4
    corrections: Corrections = "both"
    """Which corrections APCL has; with `none` L_final is p."""
    fusion: Fusion = "normalised"
    detach_confidence: bool = False
    """No gradient through the confidences, so that the network cannot buy weight by sharpening."""


PAPER = ArchitectureConfig()

LIVE = ArchitectureConfig(
    name="live",
    image_backbone="efficientnet_lite0",
    landmark_size=80,
    scales="single",
    dims=(128,),
    depth=1,
    mlp_ratio=2.0,
    drop_path=0.0,
    dropout=0.3,
)

TINY = ArchitectureConfig(
    name="tiny",
    image_backbone="tiny",
    landmark_backbone="tiny",
    landmark_size=48,
    scales="single",
    dims=(32,),
    head_dim=16,
    mlp_ratio=2.0,
    feature_dim=48,
    embed_dim=32,
    mlp_hidden=(16,),
    dropout=0.0,
    drop_path=0.0,
    anchors_per_class=2,
    attention_tokens=4,
    attention_heads=2,
)
"""For tests and smoke runs: seconds on one core, useless on faces."""

ARCHITECTURES = {config.name: config for config in (PAPER, LIVE, TINY)}

ConfigT = TypeVar("ConfigT", ArchitectureConfig, Preprocessing)


def config_to_json(config: ArchitectureConfig | Preprocessing) -> dict[str, Any]:
    """A dictionary of JSON values; tuples become lists."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items()}


def config_from_json(cls: type[ConfigT], values: Any, where: str) -> ConfigT:
    """The inverse of :func:`config_to_json`.

    Keys that are absent take the default, so older files keep loading. Raises FerdeskError, naming
    `where`, for anything that is not an object, for unknown keys and for values of another type.
    """
    if not isinstance(values, dict):
        raise FerdeskError(f"{where} is not a JSON object.")
    defaults = cls()
    known = {f.name: getattr(defaults, f.name) for f in fields(cls)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise FerdeskError(
            f"{where} has the unknown entry '{unknown[0]}'; a newer ferdesk wrote it."
        )
    clean: dict[str, Any] = {}
    for key, value in values.items():
        expected = known[key]
        if isinstance(expected, tuple) and isinstance(value, list):
            value = tuple(value)
        if isinstance(expected, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(expected):
            raise FerdeskError(
                f"{where} gives '{key}' as {value!r}, but a {type(expected).__name__} is needed."
            )
        clean[key] = value
    return replace(defaults, **clean)
