"""`witness` through the command line: it learns from landmarks, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ferdesk.model import checkpoint
from tests.unit.model.helpers import calibrated, tiny_card, tiny_network
from tests.unit.trainer.helpers import small_tree
from trainer.cli import main
from trainer.data.packed import load_split
from trainer.data.sets import prepare


def test_a_witness_joins_a_finished_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree, cache = small_tree(tmp_path / "data", 28, 7), tmp_path / "cache"
    network = tiny_network()
    path, out = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    card = replace(calibrated(tiny_card(network)), training={"data": "ferplus"})
    checkpoint.save(path, network, card)
    data = f"ferplus:{tree}"
    arguments = ["witness", str(path), "--data", data, "--cache", str(cache), "--out", str(out),
                 "--holdout", "0.25", "--epochs", "2", "--threads", "1"]  # fmt: skip
    assert main(arguments) == 0
    assert "witness  accuracy" in capsys.readouterr().out
    made, told = checkpoint.load(out)
    assert told.architecture.witness == "correction"
    assert told.calibration is None, "it belonged to another answer"
    assert "2 epochs" in str(told.training["witness"])
    for name, value in network.state_dict().items():
        assert torch.equal(made.state_dict()[name], value), name
    part = load_split(prepare(data, cache), "valid")
    crops = torch.from_numpy(part.crops.copy()).permute(0, 3, 1, 2).float()
    shapes = torch.from_numpy(part.shapes())
    with torch.inference_mode():
        before, now, blind = network(crops), made(crops, shapes), made(crops)
    torch.testing.assert_close(now.p, before.p)
    assert not torch.allclose(now.final, before.final)
    torch.testing.assert_close(blind.final, before.final, atol=1e-4, rtol=0)
