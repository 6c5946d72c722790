"""What a grid compares: its cells, and the options that do not go with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferdesk.errors import FerdeskError
from tests.unit.trainer.compare.fake_grid import BASE, THREE
from trainer.compare.methods import (
    Cell,
    check_parts,
    check_weights,
    chosen,
    noise_name,
    on_backbone,
    plan,
)
from trainer.config import NetworkChanges, NoiseConfig
from trainer.methods import GROUPS, METHODS, VARIANTS
from trainer.report.lines import COLOURS, LABELS


def test_cells_are_seeds_times_noises_times_methods() -> None:
    cells = plan(["0", "natural", "0.0"], chosen(["scn", "all"]), 2, 4)
    assert len(cells) == 2 * 2 * 7
    assert cells[0].folder == "0/seed-4/scn"
    assert cells[-1].folder == "natural/seed-5/ada_df"
    config = Cell("natural", 5, "eac").config(BASE)
    assert (config.method, config.seed, config.noise.kind) == ("eac", 5, "natural")
    clean = Cell("0", 5, "eac").config(BASE)
    assert (clean.noise.kind, clean.hard_labels) == ("none", True)
    with pytest.raises(FerdeskError, match="--seeds 1 or more"):
        plan(["0"], THREE, 0, 1)


@pytest.mark.parametrize("text", ["1", "-0.1", "much", "nan", "inf", ""])
def test_other_noises_are_refused(text: str) -> None:
    with pytest.raises(FerdeskError, match=r"is no noise|outside \[0, 1\)"):
        noise_name(text)


def test_misspelt_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(FerdeskError, match="did you mean 'cross_entropy'"):
        chosen(["ours", "cross-entropy"])
    with pytest.raises(FerdeskError, match="did you mean 'resnet18'"):
        on_backbone(BASE, "resnet-18")


def test_one_backbone_is_that_of_ours_too() -> None:
    base = on_backbone(BASE, "mobilefacenet")
    assert base.backbone == "mobilefacenet"
    assert base.architecture_config().image_backbone == "mobilefacenet"


def test_weights_that_fit_only_some_methods_are_refused() -> None:
    with pytest.raises(FerdeskError, match="give --backbone"):
        check_weights(replace(BASE, image_weights="w.pth"), THREE)
    check_weights(on_backbone(replace(BASE, image_weights="w.pth"), "resnet18"), THREE)
    check_weights(replace(BASE, image_weights="w.pth"), ("scn", "eac"))
    with pytest.raises(FerdeskError, match=r"'scn' cannot start from a checkpoint"):
        check_weights(replace(BASE, start_from="m.safetensors"), ("ours", "scn"))


def test_the_rows_of_table_1_differ_in_the_two_parts() -> None:
    cells = plan(["0.3"], chosen(["ablation"]), 1, 4)
    configs = {cell.method: cell.config(BASE) for cell in cells}
    parts = {
        name: (c.architecture_config().cross_attention, c.architecture_config().corrections)
        for name, c in configs.items()
    }
    assert parts == {
        "ours_baseline": (False, "none"), "ours_dwmca": (True, "none"),
        "ours": (True, "both"), "ours_apcl": (False, "both"),
    }  # fmt: skip
    same = {replace(c, network=BASE.network) for c in configs.values()}
    assert same == {replace(BASE, seed=4, noise=NoiseConfig("symmetric", 0.3))}


def test_a_chosen_correction_and_kind_of_noise_stay() -> None:
    base = replace(BASE, network=NetworkChanges(corrections="geometric"),
                   noise=NoiseConfig("asymmetric", 0.1, seed=7))  # fmt: skip
    check_parts(base, GROUPS["ablation"])
    for method in ("ours", "ours_apcl"):
        config = Cell("0.2", 1, method).config(base)
        assert config.network.corrections == "geometric"
        assert config.noise == NoiseConfig("asymmetric", 0.2, seed=7)


@pytest.mark.parametrize(
    "network", [NetworkChanges(cross_attention=False), NetworkChanges(corrections="none")]
)
def test_table_1_needs_both_parts(network: NetworkChanges) -> None:
    base = replace(BASE, network=network)
    with pytest.raises(FerdeskError, match="rows of Table I differ in DWMCA and APCL"):
        check_parts(base, GROUPS["ablation"])
    check_parts(base, ("ours", "scn", "ours_flip"))


def test_variants_change_their_method_and_are_trained_only_where_named() -> None:
    plain, changed, published = (
        Cell("0.3", 1, method).config(BASE) for method in ("ours", "ours_no_ramp", "eac_published")
    )
    assert (plain.trust_ramp, changed.trust_ramp) == (BASE.trust_ramp, 0.0)
    assert (changed.method, published.method, published.eac.scaled) == ("ours", "eac", False)
    assert not set(VARIANTS) & set(chosen(["all"]))


def test_every_method_has_a_name_and_a_colour() -> None:
    assert set(LABELS) == {*METHODS, *VARIANTS}
    assert len(set(COLOURS.values())) == len(LABELS)
