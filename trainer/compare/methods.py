"""What a grid compares: methods on the same pictures, noises and seeds. Tables I to IV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from ferdesk.errors import FerdeskError
from ferdesk.model.config import ImageBackbone
from trainer.choices import check_choice
from trainer.config import TrainConfig
from trainer.methods import GROUPS, METHODS, VARIANTS
from trainer.methods.spaces import Constants, with_constants


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of one method."""

    noise: str
    """"natural", or the share of wrong labels as text: "0", "0.3"."""
    seed: int
    method: str
    """Or a variant."""
    attempt: int = 0
    """The try of tuning that it is, from 1; 0: none."""

    @property
    def folder(self) -> str:
        """Below OUT."""
        run = f"try-{self.attempt}" if self.attempt else f"seed-{self.seed}"
        return f"{self.noise}/{run}/{self.method}"

    def config(self, base: TrainConfig, constants: Constants | None = None) -> TrainConfig:
        """The run's configuration; `constants` are tuned ones, which a variant's own overrule."""
        config = replace(with_noise(base, self.noise), seed=self.seed)
        config = with_constants(config, constants or {})
        if self.method in VARIANTS:
            return VARIANTS[self.method].of(config)
        return replace(config, method=self.method)


def plan(
    noises: Sequence[str], methods: Sequence[str], seeds: int, first_seed: int
) -> tuple[Cell, ...]:
    """Every cell, one seed after the other, so that a whole table is there early.

    FerdeskError for a noise that is none, and for no seeds at all.
    """
    if seeds < 1:
        raise FerdeskError(f"{seeds} seeds make no table; give --seeds 1 or more.")
    names = dict.fromkeys(noise_name(text) for text in noises)
    return tuple(
        Cell(noise, seed, method)
        for seed in range(first_seed, first_seed + seeds)
        for noise in names
        for method in methods
    )


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """Each method or variant once, in the order given; groups stand for their members.

    FerdeskError for others.
    """
    found: dict[str, None] = {}
    for name in names:
        if name not in GROUPS:
            check_choice("method", name, (*METHODS, *VARIANTS, *GROUPS))
        found.update(dict.fromkeys(GROUPS.get(name, (name,))))
    return tuple(found)


def on_backbone(base: TrainConfig, name: str) -> TrainConfig:
    """`base` with this backbone for all methods; the image stream is that of `ours`."""
    from ferdesk.model.backbones import BACKBONES

    check_choice("backbone", name, tuple(BACKBONES))
    network = replace(base.network, image_backbone=cast(ImageBackbone, name))
    return replace(base, backbone=name, network=network)


def check_weights(base: TrainConfig, methods: Sequence[str]) -> None:
    """FerdeskError for first weights that only some of the methods could start from."""
    kinds = [VARIANTS[m].method if m in VARIANTS else m for m in methods]
    rivals = [kind for kind in kinds if kind != "ours"]
    if base.start_from and rivals:
        raise FerdeskError(
            f"The method '{rivals[0]}' cannot start from a checkpoint; take --train.start_from "
            "away and give the backbone's weights as --train.image_weights."
        )
    own = base.architecture_config().image_backbone
    if base.image_weights and rivals and "ours" in kinds and own != base.backbone:
        raise FerdeskError(
            f"--train.image_weights fits one backbone, but 'ours' has {own} and the others "
            f"{base.backbone}; give --backbone, so that all have the same."
        )


def check_parts(base: TrainConfig, methods: Sequence[str]) -> None:
    """FerdeskError where options take away what the rows of Table I are about."""
    rows = [name for name in GROUPS["ablation"] if name in methods and name in VARIANTS]
    network = base.network
    if rows and (network.cross_attention is False or network.corrections == "none"):
        raise FerdeskError(
            "The rows of Table I differ in DWMCA and APCL; drop "
            "--train.network.cross_attention false and --train.network.corrections none."
        )


def noise_name(text: str) -> str:
    """The folder's name for one value of --noise. FerdeskError for a value that is none."""
    if text == "natural":
        return text
    try:
        rate = float(text)
    except ValueError as error:
        raise FerdeskError(
            f"'{text}' is no noise; give shares of wrong labels, 0 for none, or 'natural'."
        ) from error
    if not 0 <= rate < 1:
        raise FerdeskError(f"Noise of {text} is outside [0, 1); 0.3 means 30 % wrong labels.")
    return f"{rate:g}"


def with_noise(base: TrainConfig, name: str) -> TrainConfig:
    """`base` with the noise of a name, and one label per picture at every noise."""
    noise = base.noise
    if name == "natural":
        noise = replace(noise, kind="natural", rate=0.0)
    elif float(name) == 0:
        noise = replace(noise, kind="none", rate=0.0)
    else:
        kind = "symmetric" if noise.kind in ("none", "natural", "file") else noise.kind
        noise = replace(noise, kind=kind, rate=float(name))
    # Noise implies one label per picture; so cells without it differ by noise alone.
    return replace(base, noise=noise, hard_labels=base.hard_labels or noise.kind == "none")
