"""Noise: its statistics, its seeds, its manifest, and what it never touches."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS, expression_index
from trainer.config import NoiseConfig, NoiseKind, TrainConfig
from trainer.labels.noise import PARTNERS, NoisyLabels, apply_noise, make_noise

MANY = np.arange(70_000, dtype=np.int64) % 7
NAMES = tuple(f"face{i}.png" for i in range(14))
LABELS = np.arange(14, dtype=np.int64) % 7


def test_symmetric_noise_hits_its_rate_and_all_others_alike() -> None:
    noisy = make_noise(MANY, 0.3, "symmetric", seed=1)
    noise = NoisyLabels(tuple(map(str, MANY)), MANY, noisy, "symmetric", 0.3, 1)
    # Standard deviation √(0.3 · 0.7/70000) = 0.0017.
    assert noise.realised_rate == pytest.approx(0.3, abs=0.009)
    off = noise.transition[~np.eye(7, dtype=bool)]
    # 42 cells of 500 with a standard deviation of 22.
    assert off.min() > 390
    assert off.max() < 610


def test_exact_noise_flips_exactly_its_share() -> None:
    for seed in range(5):
        noisy = make_noise(MANY[:1001], 0.3, "symmetric-exact", seed)
        assert int((noisy != MANY[:1001]).sum()) == 300


def test_asymmetric_noise_goes_to_partners_only() -> None:
    noisy = make_noise(MANY, 0.2, "asymmetric", seed=2)
    flipped = noisy != MANY
    assert flipped.mean() == pytest.approx(0.2, abs=0.008)
    pairs = set(zip(MANY[flipped].tolist(), noisy[flipped].tolist(), strict=True))
    assert pairs == {(expression_index(a), expression_index(b)) for a, b in PARTNERS.items()}
    assert PARTNERS["fear"] == "surprise"


@pytest.mark.parametrize("kind", ["symmetric", "symmetric-exact", "asymmetric"])
def test_noise_depends_on_its_seed_and_leaves_its_input(kind) -> None:
    labels = MANY[:700].copy()
    first = make_noise(labels, 0.3, kind, seed=1)
    assert (labels == MANY[:700]).all()
    assert first.dtype == np.int64
    assert (first == make_noise(labels, 0.3, kind, seed=1)).all()
    assert (first != make_noise(labels, 0.3, kind, seed=2)).any()
    assert (make_noise(labels, 0.0, kind, seed=1) == labels).all()


@pytest.mark.parametrize("kind", ["symmetric", "symmetric-exact", "asymmetric"])
def test_a_higher_rate_keeps_the_flips_of_a_lower_one(kind) -> None:
    low, high = (make_noise(MANY[:700], rate, kind, seed=1) for rate in (0.1, 0.3))
    flipped = low != MANY[:700]
    assert (high[flipped] == low[flipped]).all()


def test_global_random_state_plays_no_part() -> None:
    np.random.seed(1)  # noqa: NPY002
    first = make_noise(MANY[:700], 0.3, "symmetric", seed=1)
    np.random.seed(2)  # noqa: NPY002
    assert (first == make_noise(MANY[:700], 0.3, "symmetric", seed=1)).all()


@pytest.mark.parametrize("rate", [-0.1, 1.0, 30, float("nan")])
@pytest.mark.parametrize("kind", ["symmetric", "file"])
def test_impossible_rates(kind: NoiseKind, rate: float) -> None:
    with pytest.raises(FerdeskError, match=r"noise\.rate must be at least 0 and less than 1"):
        TrainConfig(noise=NoiseConfig(kind, rate))


def test_labels_outside_the_seven_are_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.\.6"):
        make_noise(np.array([0, -1], np.int64), 0.3, "symmetric", seed=1)


def test_noise_is_the_same_on_every_machine() -> None:
    noise = apply_noise(NAMES, LABELS, NoiseConfig("symmetric", 0.5, seed=7))
    assert noise.noisy.tolist() == [0, 1, 2, 1, 1, 5, 1, 0, 1, 3, 4, 1, 1, 5]
    assert hashlib.sha256(noise.to_csv().encode()).hexdigest() == (
        "15a14dac9a7c5f46b9171f3468fae4daaa604db998d1eaf6a5be2f43e9bf653b"
    )


def test_manifest(tmp_path: Path) -> None:
    noisy = LABELS.copy()
    noisy[0], noisy[13] = 2, 0
    NoisyLabels(NAMES, LABELS, noisy, "symmetric", 0.1, 4).write(tmp_path / "run")
    content = (tmp_path / "run" / "noise.csv").read_bytes()
    lines = content.decode().split("\n")
    assert lines[:3] == [
        "name,clean,noisy,flipped",
        "face0.png,neutral,surprise,1",
        "face1.png,happiness,happiness,0",
    ]
    about = json.loads((tmp_path / "run" / "noise.json").read_text())
    transition = np.array(about.pop("transition"))
    assert about == {
        "kind": "symmetric",
        "rate": 0.1,
        "seed": 4,
        "realised_rate": pytest.approx(2 / 14),
        "pictures": 14,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    assert (transition[0, 2], transition[6, 0], transition[1, 1]) == (1, 1, 2)
    assert transition.sum() == 14
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["noise.csv", "noise.json"]


def test_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file of the user's")
    noise = apply_noise(NAMES, LABELS, NoiseConfig("symmetric", 0.3))
    with pytest.raises(FerdeskError, match="cannot be made"):
        noise.write(tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "a file of the user's"


def test_no_noise() -> None:
    noise = apply_noise(NAMES, LABELS, NoiseConfig())
    assert (noise.noisy == LABELS).all()
    assert noise.realised_rate == 0.0


def test_natural_noise_is_what_the_labels_once_were() -> None:
    originals = dict.fromkeys(NAMES, 3) | {NAMES[0]: -1, "test.png": 5}
    noise = apply_noise(NAMES, LABELS, NoiseConfig("natural"), originals)
    assert noise.noisy.tolist() == [0] + [3] * 13
    assert int(noise.flipped.sum()) == 11  # two of the thirteen were 3 already


def test_natural_noise_keeps_and_counts_pictures_without_a_past(caplog) -> None:
    noise = apply_noise(NAMES, LABELS, NoiseConfig("natural"), {NAMES[1]: 4})
    assert noise.flipped.tolist() == [False, True] + [False] * 12
    assert "13 training pictures have no original label" in caplog.text


@pytest.mark.parametrize("originals", [None, {}, {"other.png": 2}])
def test_natural_noise_needs_original_labels(originals) -> None:
    with pytest.raises(FerdeskError, match="had before"):
        apply_noise(NAMES, LABELS, NoiseConfig("natural"), originals)


def test_noise_of_a_run_can_be_used_again(tmp_path: Path) -> None:
    first = apply_noise(NAMES, LABELS, NoiseConfig("symmetric", 0.5, seed=3))
    first.write(tmp_path)
    config = NoiseConfig("file", file=str(tmp_path / "noise.csv"))
    order = np.arange(14)[::-1]
    again = apply_noise([NAMES[i] for i in order], LABELS[order], config)
    assert (again.noisy == first.noisy[order]).all()
    assert again.kind == "file"


def test_noise_from_a_file_needs_its_name() -> None:
    with pytest.raises(FerdeskError, match=r"noise\.file"):
        apply_noise(NAMES, LABELS, NoiseConfig("file"))


def test_la_net_noise_by_name() -> None:
    names = [f"train_{i:05d}_aligned.jpg" for i in range(1, 15)]
    noise = apply_noise(names, LABELS, NoiseConfig("file", rate=0.3, seed=0, file="la-net"))
    # Python's generator with seed 0 starts 0.844, 0.758, 0.421, 0.259: the fourth label goes.
    assert noise.flipped[:4].tolist() == [False, False, False, True]


def test_all_partners_are_expressions() -> None:
    assert set(PARTNERS) | set(PARTNERS.values()) <= set(EXPRESSIONS)
