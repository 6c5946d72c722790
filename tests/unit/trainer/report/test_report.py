"""The page about a run: self-contained, honest about what is missing, no picture unasked."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from tests.unit.trainer.fake_run import write_run
from tests.unit.trainer.hostile import NAME, check_html, check_markdown
from trainer.cli import main
from trainer.config import NetworkChanges, TrainConfig
from trainer.report import write_report
from trainer.report.answers import project
from trainer.report.pictures import hardest, suspicious
from trainer.report.record import Predictions
from trainer.report.thumbnails import data_digest, find_cache

CLEAN = TrainConfig(data="rafdb:x", epochs=3, measure_on="none",
                    network=NetworkChanges(corrections="none"))  # fmt: skip


class Page(HTMLParser):
    """Tags that were opened and never closed, addresses, headings and pictures."""

    void = ("meta", "img", "br", "link", "input", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.void:
            self.open.pop()


def fill_cache(run: Path, cache: Path, crops: int | None = None) -> None:
    """A packed cache with the fake run's pictures, and its hash in the run's data.json."""
    names = [f"train{i:05d}.png" for i in range(600)] + [f"test{i:05d}.png" for i in range(300)]
    index = {
        "names": names,
        "splits": ["train"] * 600 + ["valid"] * 300,
        "targets": [[1.0] + [0.0] * 6] * 900,
        "aligned": [True] * 900,
        "unreadable": [],
        "duplicates_of_training": [],
    }
    folder = cache / "abc"
    folder.mkdir(parents=True)
    (folder / "index.json").write_text(json.dumps(index))
    pixels = np.zeros((crops or len(names), 112, 112, 3), np.uint8)
    pixels[:, :, :, 0] = 255
    np.save(folder / "crops.npy", pixels)
    data = json.loads((run / "data.json").read_text())
    data |= {"sha256": data_digest(index), "aligned_share": 1.0}
    (run / "data.json").write_text(json.dumps(data))


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    page = write_report(write_run(tmp_path / "run"))
    assert page == tmp_path / "run" / "report" / "index.html"
    text = page.read_text()
    parsed = Page(text)
    assert parsed.open == []
    assert parsed.addresses
    assert all(a.startswith(("#", "data:image/png;base64,")) for a in parsed.addresses)
    assert "script" not in parsed.tags
    assert not re.search(r"url\((?!#)", text)
    assert parsed.tags.count("svg") == 6
    # The headline and the best epoch, which has a sentence of its own.
    assert "chosen on the pictures it is measured on" in text.replace("\n", " ")
    assert "on 300 pictures of the valid part, clean labels" in text
    for heading in ("Training", "Labels and memory", "Five answers", "By expression",
                    "Confidence", "Embeddings", "Hardest pictures"):  # fmt: skip
        assert f"<h2>{heading}</h2>" in text


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    page = write_report(write_run(tmp_path / "run"))
    markdown = (page.parent / "report.md").read_text()
    shown = re.sub(r"<[^>]+>", " ", page.read_text())
    cells = {
        cell.strip().replace("\\", "")
        for line in markdown.splitlines()
        if line.startswith("|") and "---" not in line
        for cell in line.strip("|").split("|")
    }
    assert len(cells) > 100
    missing = [cell for cell in cells if cell not in shown.replace("&lt;", "<")]
    assert missing == []


def test_the_same_run_gives_the_same_page(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first


@pytest.mark.usefixtures("undrawn")
def test_a_run_without_noise_anchors_and_measured_pictures(tmp_path: Path) -> None:
    text = write_report(write_run(tmp_path / "run", CLEAN)).read_text()
    assert "No pictures with clean labels were measured" in text
    assert "no label is known to be wrong" in text
    assert "this network has no anchors" in text
    assert "Hardest pictures" not in text
    assert "not finished" not in text


@pytest.mark.usefixtures("undrawn")
def test_an_unfinished_run_says_so(tmp_path: Path) -> None:
    text = write_report(write_run(tmp_path / "run", done=2)).read_text()
    assert "2 of 12 epochs" in text
    assert "counted at the end of the run" in text
    assert "means over the last epoch, of a fixed schedule" in text
    assert "The last epoch alone: " in text
    whole = write_run(tmp_path / "whole")
    (whole / "model.safetensors").unlink()
    assert "all its epochs are done, but there is no checkpoint" in write_report(whole).read_text()


@pytest.mark.usefixtures("undrawn")
def test_a_run_without_a_held_out_part(tmp_path: Path) -> None:
    config = TrainConfig(data="rafdb:x", epochs=2, measure_on="test", holdout=0.0)
    text = write_report(write_run(tmp_path / "run", config)).read_text()
    assert "final, measured" in text
    assert "final, held out" not in text


@pytest.mark.usefixtures("undrawn")
def test_pictures_are_shown_only_from_a_cache_that_has_them(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    assert "data:image" not in _galleries(write_report(run))
    other = tmp_path / "other"
    (other / "broken").mkdir(parents=True)
    (other / "broken" / "index.json").write_text("{")
    page = write_report(run, other)
    assert "data:image" not in _galleries(page)
    assert "does not hold the data set" in page.read_text()
    fill_cache(run, tmp_path / "cache")
    galleries = _galleries(write_report(run, tmp_path / "cache"))
    assert galleries.count("data:image/png") == galleries.count("<li") > 24


@pytest.mark.usefixtures("undrawn")
def test_a_cache_without_its_pictures_leaves_the_names(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    fill_cache(run, tmp_path / "cache", crops=3)
    galleries = _galleries(write_report(run, tmp_path / "cache"))
    assert "data:image" not in galleries
    assert "train0" in galleries


def _galleries(page: Path) -> str:
    return page.read_text().split("<h2>Hardest pictures</h2>")[1]


def test_the_cache_of_another_crop_is_not_taken(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    fill_cache(run, tmp_path / "cache")
    data = json.loads((run / "data.json").read_text())
    assert find_cache(data, tmp_path / "cache") == tmp_path / "cache" / "abc"
    assert find_cache({**data, "aligned_share": 0.5}, tmp_path / "cache") is None
    assert find_cache({**data, "sha256": "0"}, tmp_path / "cache") is None


def test_foreign_names_stay_text(tmp_path: Path) -> None:
    config = TrainConfig(
        data="folder:x", name=NAME, notes=NAME, epochs=2, measure_on="valid",
        image_weights=f"/w/{NAME}",
    )  # fmt: skip
    run = write_run(tmp_path / "run", config)
    for part in ("measured", "training"):
        path = run / "predictions" / f"{part}.npz"
        with np.load(path) as file:
            arrays = dict(file)
        np.savez(
            path, **{**arrays, "names": np.array([f"{NAME}{i}" for i in range(len(arrays["p"]))])}
        )
    data = json.loads((run / "data.json").read_text())
    (run / "data.json").write_text(json.dumps({**data, "folder": NAME}))
    page = write_report(run)
    check_html(page.read_text())
    check_markdown((page.parent / "report.md").read_text())


def predictions(final: list[list[float]], labels: list[int], given: list[int]) -> Predictions:
    q = np.array(final, np.float32)
    return Predictions(
        names=np.array([str(i) for i in range(len(q))]),
        labels=np.array(labels),
        distributions=dict.fromkeys(("final", "p", "t_g", "t_a", "t"), q),
        embedding=np.zeros((len(q), 4), np.float32),
        given=np.array(given),
        clean=np.array(labels),
    )


def test_hardest_are_the_surest_errors_and_suspicious_the_least_likely_labels() -> None:
    found = predictions(
        [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.95, 0.05]], [1, 1, 1, 0], [1, 0, 0, 0]
    )
    assert hardest(found).tolist() == [0, 1]
    # Chances of the given labels: 0.1, 0.6, 0.2, 0.95.
    assert suspicious(found, 3).tolist() == [0, 2, 1]


def test_the_map_takes_anchors_along_the_same_directions() -> None:
    generator = np.random.default_rng(0)
    wide = generator.normal(0, (5, 2, 0.1, 0.1), (400, 4)).astype(np.float32) + 3
    anchors = np.zeros((7, 1, 4), np.float32)
    anchors[0, 0] = wide[0]
    points, placed, explained = project(wide, anchors)
    assert placed is not None
    assert placed[0, 0] == pytest.approx(points[0], abs=1e-5)
    assert points.mean(axis=0) == pytest.approx([0, 0], abs=1e-4)
    assert points.std(axis=0) == pytest.approx([5, 2], rel=0.1)
    assert explained == pytest.approx((25 / 29, 4 / 29), abs=0.05)


@pytest.mark.parametrize("damage", ["cut", "shape", "checkpoint"])
def test_damaged_files_are_one_sentence(tmp_path: Path, damage: str) -> None:
    run = write_run(tmp_path / "run")
    path = run / "predictions" / "measured.npz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:500])
    elif damage == "shape":
        with np.load(path) as file:
            arrays = dict(file)
        arrays["p"] = arrays["p"][:-1]
        np.savez(path, **arrays)
    else:
        path = run / "model.safetensors"
        path.write_bytes(b"no checkpoint")
    with pytest.raises(FerdeskError, match=re.escape(str(path))):
        write_report(run)
    assert not (run / "report" / "index.html").exists()


@pytest.mark.usefixtures("undrawn")
def test_the_command_prints_the_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "run")
    assert main(["report", str(run)]) == 0
    assert Path(capsys.readouterr().out.strip()) == run / "report" / "index.html"
    assert main(["report", str(tmp_path)]) == 2
    assert "no folder of a run" in capsys.readouterr().err


@pytest.mark.usefixtures("undrawn")
def test_the_hash_is_the_one_that_runs_write(tmp_path: Path) -> None:
    """A real run on generated faces: its report finds the cache by the hash in data.json."""
    from trainer.run import train

    config = TrainConfig(
        data="synthetic:70", architecture="tiny", epochs=1, batch_size=16, warmup_steps=1,
        measure_on="test", grayscale=False, detail=0, threads=1,
    )  # fmt: skip
    run, cache = tmp_path / "run", tmp_path / "cache"
    train(config, run, cache, "none")
    data = json.loads((run / "data.json").read_text())
    folder = find_cache(data, cache)
    assert folder is not None
    assert folder.parent == cache
    assert "data:image/png" in _suspicious(write_report(run, cache))


def _suspicious(page: Path) -> str:
    return page.read_text().split("<h2>Most suspicious labels</h2>")[1]
