"""All methods on the same pictures, noises and seeds: the grid behind Tables II to IV.

OUT/grid.json                          the settings that all cells share
OUT/state/<noise>_seed-<s>_<method>.json   one cell each: done, failed, stopped or pending, hours
OUT/<noise>/seed-<seed>/<method>/      the run of a cell
OUT/benchmark.md, OUT/index.html       our figures, written anew after every cell

Every cell has a file of its own, so processes that each train a share of the cells (`--shard`)
write different files, and every one of them shows what all have done.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

from ferdesk.errors import FerdeskError
from ferdesk.files import json_text, make_folder, write_text
from ferdesk.model.config import ImageBackbone
from trainer.choices import check_choice
from trainer.compare.grid import (
    Grid,
    Progress,
    check_same,
    comparable,
    noise_name,
    noise_names,
    with_noise,
)
from trainer.config import TrainConfig
from trainer.files import read_json
from trainer.methods import GROUPS, METHODS, VARIANTS

log = logging.getLogger(__name__)

_OWN = ("seed", "noise.rate", "method")
"""Parts of the configuration that the cells set."""


@dataclass(frozen=True, slots=True)
class MethodCell:
    """One run of one method."""

    noise: str
    """"natural", or the share of wrong labels as text: "0", "0.3"."""
    seed: int
    method: str
    """Or a variant."""

    @property
    def folder(self) -> str:
        """Below OUT."""
        return f"{self.noise}/seed-{self.seed}/{self.method}"

    @property
    def line(self) -> str:
        """The row of the table."""
        return self.method

    def config(self, base: TrainConfig) -> TrainConfig:
        """The run's configuration."""
        config = replace(with_noise(base, self.noise), seed=self.seed)
        if self.method in VARIANTS:
            return VARIANTS[self.method].of(config)
        return replace(config, method=self.method)


@dataclass(frozen=True, slots=True)
class Shard:
    """Every `of`-th cell, from the `number`-th on; both count from 1."""

    number: int = 1
    of: int = 1

    @staticmethod
    def parse(text: str) -> Shard:
        """Of "2/4". FerdeskError for anything else."""
        number, _, of = text.partition("/")
        if number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
            return Shard(int(number), int(of))
        raise FerdeskError(f"'{text}' is no shard; write 1/4 to 4/4 for the parts of four.")

    def share(self, cells: Sequence[MethodCell]) -> tuple[MethodCell, ...]:
        """The cells of this shard."""
        return tuple(cells[self.number - 1 :: self.of])


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


def plan(
    noises: Sequence[str], methods: Sequence[str], seeds: int, first_seed: int
) -> tuple[MethodCell, ...]:
    """Every cell, one seed after the other, so that a whole table is there early."""
    names = noise_names(noises, seeds)
    return tuple(
        MethodCell(noise, seed, method)
        for seed in range(first_seed, first_seed + seeds)
        for noise in names
        for method in methods
    )


class Comparison(Grid[MethodCell]):
    """All cells of one OUT folder, of which this process trains its shard."""

    def __init__(
        self, base: TrainConfig, cells: Sequence[MethodCell], out: Path, shard: Shard = Shard()
    ) -> None:
        """Raises FerdeskError as `Grid` does."""
        self.everything, self.shard = tuple(cells), shard
        super().__init__(base, shard.share(cells), out)

    def read(self) -> dict[MethodCell, Progress]:
        shared = read_json(self.out / "grid.json")
        if shared is not None:
            check_same(shared, comparable(self.base, _OWN), self.out)
        found = {cell: Progress() for cell in self.everything}
        for path in sorted((self.out / "state").glob("*.json")):
            entry = read_json(path)
            try:
                if entry is None:
                    continue
                if entry["method"] not in (*METHODS, *VARIANTS):
                    log.warning("'%s' is of another version and is not shown", path)
                    continue
                cell = MethodCell(noise_name(entry["noise"]), int(entry["seed"]), entry["method"])
                found[cell] = Progress(entry["state"], entry["hours"], entry["error"])
            except (KeyError, TypeError, ValueError, FerdeskError) as error:
                raise FerdeskError(
                    f"'{path}' is damaged; delete it, the finished runs are kept."
                ) from error
        return found

    def write(self, cells: Iterable[MethodCell]) -> None:
        folder = self.out / "state"
        make_folder(folder)
        shared = json_text(comparable(self.base, _OWN), indent=2) + "\n"
        if not (self.out / "grid.json").is_file():
            write_text(self.out / "grid.json", shared)
        for cell in cells:
            entry = {**asdict(cell), **asdict(self.progress[cell])}
            write_text(
                folder / f"{cell.folder.replace('/', '_')}.json", json_text(entry, indent=2) + "\n"
            )
