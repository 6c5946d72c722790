"""`calibrate` and `card` end to end through the command line, on a tiny network and tree."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ferdesk.model import checkpoint
from tests.unit.model.helpers import tiny_card, tiny_checkpoint, tiny_network
from tests.unit.trainer.helpers import small_tree
from tests.unit.trainer.hostile import NAME, check_markdown
from trainer.cli import main
from trainer.confidence.faults import DEGRADATIONS
from trainer.confidence.strange import STRANGE

HELD = 42


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibrate")
    small_tree(folder / "data", 2 * HELD, 14)
    return folder


def calibrate(data: Path, path: Path, *more: str) -> int:
    return main(
        ["calibrate", str(path), "--data", f"ferplus:{data / 'data'}", "--cache",
         str(data / "cache"), "--holdout", "0.5", "--threads", "1", *more]
    )  # fmt: skip


def test_calibrated_measured_and_carded(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = tiny_network()
    path, out = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    training = {"data": "ferplus", "seed": 1, "held_out_pictures": HELD}
    checkpoint.save(path, network, replace(tiny_card(network), training=training))
    before = path.read_bytes()
    assert calibrate(data, path, "--out", str(out)) == 0
    assert path.read_bytes() == before
    assert "AUROC of being right" in capsys.readouterr().out

    loaded, card = checkpoint.load(out)
    for key, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key
    assert card.calibration is not None
    assert card.reliability is not None
    assert card.risk_coverage is not None
    assert card.risk_coverage.rows[0].coverage == 1.0
    assert card.reliability.terms[0].feature == "winner"
    assert card.metrics["pictures"] == 14
    assert {"accuracy", "ece", "ece_before_calibration", "brier", "set_coverage", "set_size",
            "auroc_reliability", "auroc_winner", "auroc_c_t"} <= set(card.metrics)  # fmt: skip
    assert len(card.tables["degradations"]) == 1 + len(DEGRADATIONS)
    assert loaded.config.novelty
    assert [row["pictures"] for row in card.tables["strange"]] == list(STRANGE)
    assert card.tables["degradations"][0]["accuracy"] == card.metrics["accuracy"]
    assert all(0 <= row["found"] <= 1 for row in card.tables["degradations"])
    assert [row["picture"] for row in card.tables["invariances"]][:2] == ["original", "mirrored"]
    assert len(card.tables["risk_coverage"]) == len(card.risk_coverage.rows)

    capsys.readouterr()
    where = ["--data", f"ferplus:{data / 'data'}", "--cache", str(data / "cache"), "--json"]
    assert main(["evaluate", str(out), *where]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["ece"] == pytest.approx(card.metrics["ece"], abs=1e-3), "as the app shows it"
    assert shown["raw"]["ece"] == pytest.approx(card.metrics["ece_before_calibration"], abs=1e-3)

    for name in ("first", "second"):
        assert main(["card", str(out), "--out", str(tmp_path / name / "MODEL_CARD.md")]) == 0
    text = (tmp_path / "first" / "MODEL_CARD.md").read_text()
    for part in ("## Each expression", "## Under faults", "| mouth covered |",
                 "| domino mask | no |", "## Calibration", "## Reliability", "## Abstaining",
                 "(model_card.svg)", "| turned +15° |", "Intended use"):  # fmt: skip
        assert part in text
    assert "not calibrated" not in text
    assert f"`{checkpoint.read_verified_card(out).sha256}`" in text
    for file in ("MODEL_CARD.md", "model_card.svg"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
    ElementTree.parse(tmp_path / "first" / "model_card.svg")


def test_in_place_and_repeatable(data: Path, tmp_path: Path) -> None:
    one = tiny_checkpoint(tmp_path / "one.safetensors")
    two = tiny_checkpoint(tmp_path / "two.safetensors")
    assert calibrate(data, one, "--seed", "0", "--half") == 0
    assert calibrate(data, two, "--seed", "0", "--half") == 0
    assert checkpoint.read_card(one) == checkpoint.read_card(two)
    assert checkpoint.read_card(one).calibration is not None
    kernels = [p for p in checkpoint.load(one)[0].image_backbone.parameters() if p.ndim == 4]
    assert all(torch.equal(p.half().float(), p) for p in kernels)
    assert not list(tmp_path.glob("*.part"))


def test_pictures_that_were_trained_on_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = tiny_network()
    path = tmp_path / "a.safetensors"
    training = {"seed": 1, "held_out_pictures": 7}
    checkpoint.save(path, network, replace(tiny_card(network), training=training))
    before = path.read_bytes()
    assert calibrate(data, path) == 2
    assert "7 pictures held out by seed 1" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_too_few_held_out_faces(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    assert calibrate(data, path, "--holdout", "0.2", "--seed", "0") == 2
    assert "too few to calibrate" in capsys.readouterr().err


def test_a_card_without_calibration_has_no_plot(tmp_path: Path) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    assert main(["card", str(path), "--out", str(tmp_path / "CARD.md")]) == 0
    assert "not calibrated" in (tmp_path / "CARD.md").read_text()
    assert not list(tmp_path.glob("*.svg"))


def test_a_card_cannot_mark_up_the_page_that_shows_it(tmp_path: Path) -> None:
    """A checkpoint comes from anywhere; its card's text stays text."""
    network = tiny_network()
    card = replace(tiny_card(network), name=NAME, notes=NAME, licence=NAME,
                   training={"data": NAME, NAME: 1})  # fmt: skip
    path = tmp_path / "a`b.safetensors"
    checkpoint.save(path, network, card)
    assert main(["card", str(path), "--out", str(tmp_path / "CARD.md")]) == 0
    text = (tmp_path / "CARD.md").read_text(encoding="utf-8")
    check_markdown(text)
    assert text.count("script>alert(1)") == 5
    assert "``a`b.safetensors``" in text
