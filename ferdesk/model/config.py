"""Frozen descriptions of a network and of its input. They live in every checkpoint's card."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

from ferdesk.errors import FerdeskError
from ferdesk.model.tensor_file import quoted

ImageBackbone = Literal[
    "ir50", "resnet18", "efficientnet_lite0", "mobilefacenet", "mobilenet", "resnet8", "tiny"
]
LandmarkBackbone = Literal["mobilefacenet", "tiny", "geometry", "none"]
"""`geometry` takes MediaPipe's landmarks and blendshapes, `none` leaves the stream out, the others
see the picture."""
Witness = Literal["none", "apart", "correction"]
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
    coarse_stride: int = 2
    """Of the image network's last halving; 1 leaves it out, so that small crops keep a coarse map
    of 7×7. For `single` only."""
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
    blendshape_tokens: int = 4
    """Of the geometry stream, besides one per region of the face."""
    geometry_depth: int = 1
    """Transformer blocks over the tokens of the geometry stream, before DWMCA."""
    witness: Witness = "none"
    """p_lm from the landmarks alone: not there, only given beside the answer, or also a third
    correction in APCL."""
    witness_weight: float = 1.0
    """Factor on c_lm in the mean of the corrections. A witness taught by divided votes is never as
    sure as anchors are, and at 1 hardly heard."""
    novelty: bool = False
    """Whether the network measures how unlike the training faces a picture is."""
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

    @property
    def takes_geometry(self) -> bool:
        """Whether a face's landmarks change what the network says."""
        return self.landmark_backbone == "geometry" or self.witness != "none"


PAPER = ArchitectureConfig()

LIVE = ArchitectureConfig(
    name="live",
    image_backbone="mobilenet",
    landmark_backbone="geometry",
    witness="correction",
    scales="single",
    dims=(128,),
    depth=1,
    mlp_ratio=2.0,
    drop_path=0.0,
    dropout=0.3,
)

LIVE_MOBILEFACENET = replace(
    LIVE,
    name="live-mobilefacenet",
    image_backbone="efficientnet_lite0",
    landmark_backbone="mobilefacenet",
    landmark_size=80,
    witness="none",
)
"""`live` as it was before the geometry stream."""

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

ARCHITECTURES = {config.name: config for config in (PAPER, LIVE, LIVE_MOBILEFACENET, TINY)}

TAKES_PICTURES: Final = ("mobilefacenet", "tiny")
"""Landmark streams that see the picture."""

ConfigT = TypeVar("ConfigT", ArchitectureConfig, Preprocessing)


def config_to_json(config: ArchitectureConfig | Preprocessing) -> dict[str, Any]:
    """A dictionary of JSON values; tuples become lists."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items()}


_RANGES: Final[dict[str, tuple[float, float]]] = {
    "size": (32, 448), "image_size": (32, 448), "landmark_size": (32, 448),
    "coarse_stride": (1, 2), "detail": (0, 448),
    "image_mean": (-1e4, 1e4), "image_std": (1e-3, 1e4),
    "dims": (8, 2048), "depth": (0, 24), "head_dim": (1, 2048), "mlp_ratio": (0.25, 16.0),
    "drop_path": (0.0, 0.99), "vit_depth": (0, 24), "feature_dim": (8, 4096),
    "embed_dim": (8, 4096), "mlp_hidden": (1, 4096), "dropout": (0.0, 0.99),
    "anchors_per_class": (1, 1000), "delta": (1e-3, 1e3), "attention_tokens": (1, 512),
    "attention_heads": (1, 128),
}  # fmt: skip
"""Far beyond what anyone trains, and small enough to be built and run in a moment."""
_LENGTHS: Final = {"dims": (1, 3), "mlp_hidden": (0, 8), "image_mean": (3, 3), "image_std": (3, 3)}
_LONGEST_NAME: Final = 200


def config_from_json(cls: type[ConfigT], values: Any, where: str) -> ConfigT:
    """The inverse of :func:`config_to_json`.

    Keys that are absent take the default, so older files keep loading. Raises FerdeskError, naming
    `where`, for anything that is not an object, for unknown keys, for values of another type or out
    of range, and for those that do not go together. Nothing is built for that.
    """
    if not isinstance(values, dict):
        raise FerdeskError(f"{where} is not a JSON object.")
    defaults = cls()
    known = {f.name: getattr(defaults, f.name) for f in fields(cls)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise FerdeskError(
            f"{where} has the unknown entry '{quoted(unknown[0])}'; a newer ferdesk wrote it."
        )
    hints = get_type_hints(cls)
    clean = {
        key: _checked(key, value, known[key], hints[key], where) for key, value in values.items()
    }
    config = replace(defaults, **clean)
    fault = _mismatch(config)
    if fault:
        raise FerdeskError(f"{where} contradicts itself: {fault}.")
    return config


def _checked(key: str, value: Any, default: Any, hint: Any, where: str) -> Any:
    """`value` as the type of `default`. Raises FerdeskError."""
    if isinstance(default, tuple):
        fewest, most = _LENGTHS[key]
        if not isinstance(value, list) or not fewest <= len(value) <= most:
            lengths = f"{fewest} to {most}" if fewest < most else str(fewest)
            raise FerdeskError(
                f"{where} gives '{key}' as {quoted(value)}, but {lengths} numbers are needed."
            )
        kind = get_args(hint)[0]
        return tuple(_checked(key, item, kind(0), kind, where) for item in value)
    if isinstance(default, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(default):
        raise FerdeskError(
            f"{where} gives '{key}' as {quoted(value)}, but a {type(default).__name__} is needed."
        )
    if get_origin(hint) is Literal and value not in get_args(hint):
        raise FerdeskError(
            f"{where} gives '{key}' as '{quoted(value)}', which this ferdesk does not know; "
            f"it knows {', '.join(get_args(hint))}."
        )
    if isinstance(value, str) and len(value) > _LONGEST_NAME:
        raise FerdeskError(f"{where} gives a '{key}' of {len(value)} characters.")
    if key in _RANGES:
        low, high = _RANGES[key]
        if not (math.isfinite(value) and low <= value <= high):
            raise FerdeskError(
                f"{where} gives '{key}' as {value:g}, but it must lie between {low:g} and {high:g}."
            )
    return value


def _mismatch(config: ArchitectureConfig | Preprocessing) -> str:
    """What does not go together; "" when everything does."""
    if isinstance(config, Preprocessing):
        if config.detail > config.size:
            return f"detail {config.detail} is more than the size {config.size}"
        if 0 < config.detail < 16:
            return f"detail {config.detail} leaves nothing of a face"
        return ""
    pyramid = config.scales == "pyramid"
    if pyramid and (len(config.dims) != 3 or config.feature_dim % 8):
        return "a pyramid needs three dims and a feature_dim that is a multiple of 8"
    if pyramid and config.coarse_stride != 2:
        return "a pyramid needs a coarse_stride of 2"
    for dim in config.dims if pyramid else config.dims[-1:]:
        heads = dim // config.head_dim
        if config.cross_attention and config.depth and (not heads or dim % heads):
            return f"width {dim} does not divide into heads of {config.head_dim}"
    width = config.embed_dim // config.attention_tokens
    if config.corrections in ("both", "attentive") and (
        width * config.attention_tokens != config.embed_dim or width % config.attention_heads
    ):
        return (
            f"an embedding of {config.embed_dim} does not split into {config.attention_tokens} "
            f"tokens of {config.attention_heads} heads"
        )
    return ""
