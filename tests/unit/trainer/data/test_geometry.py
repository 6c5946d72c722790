"""Landmarks beside the crops: found once, completed, resumed, refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.model.face_geometry import PRESENT
from tests.unit.trainer.helpers import small_tree
from trainer.cli import main
from trainer.data import geometry
from trainer.data.packed import GEOMETRY_FILE, POSES_FILE, load_split
from trainer.data.sets import prepare


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_tree(tmp_path_factory.mktemp("geometry") / "data", 14, 7)


def test_an_old_cache_is_completed_and_its_crops_stay(tree: Path, tmp_path: Path) -> None:
    data = f"ferplus:{tree}"
    folder = prepare(data, tmp_path)
    before = load_split(folder, "train")
    assert before.geometry is None
    assert not before.shapes().any()
    stamp = (folder / "crops.npy").stat().st_mtime_ns
    assert prepare(data, tmp_path, geometry=True) == folder
    assert (folder / "crops.npy").stat().st_mtime_ns == stamp
    part = load_split(folder, "train")
    present = part.shapes()[:, PRESENT] > 0
    assert present.tolist() == part.aligned.tolist(), "the crop's landmarker sees the same picture"
    assert present.sum() > 10
    assert part.poses is not None
    assert (np.abs(part.poses[present, 0]) < 30).all()
    # The same frontal face at 48 pixels: about 20 of them lie between the outer eye corners.
    assert ((part.poses[present, 3] > 12) & (part.poses[present, 3] < 30)).all()
    assert np.isnan(part.poses[~present]).all()
    taken = part.take(np.array([3, 1]))
    assert np.array_equal(taken.shapes(), part.shapes()[[3, 1]])


def test_a_stopped_search_goes_on(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = f"ferplus:{tree}"
    whole = prepare(data, tmp_path / "a", geometry=True)
    monkeypatch.setattr(geometry, "_BLOCK", 4)
    looked: list[int] = []

    def stop(done: int, _total: int) -> None:
        looked.append(done)
        if done == 9:
            raise KeyboardInterrupt

    folder = prepare(data, tmp_path / "b")
    from trainer.data.sets import read_examples

    with pytest.raises(KeyboardInterrupt):
        geometry.complete(folder, read_examples(data), stop)
    geometry.complete(folder, read_examples(data), lambda done, _: looked.append(done))
    assert looked[9] == 9, "taken up after the last eight that were kept"
    for name in (GEOMETRY_FILE, POSES_FILE):
        assert np.array_equal(np.load(folder / name), np.load(whole / name), equal_nan=True)


def test_pictures_that_stay_whole_have_landmarks_too(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["prepare", "--data", f"ferplus:{tree}", "--cache", str(tmp_path), "--no-align"]
    assert main([*arguments, "--geometry"]) == 0
    capsys.readouterr()
    (folder,) = (path for path in tmp_path.iterdir() if (path / "index.json").is_file())
    part = load_split(folder, "train")
    assert not part.aligned.any()
    assert (part.shapes()[:, PRESENT] > 0).sum() > 10


def test_landmarks_of_other_pictures_are_refused(tree: Path, tmp_path: Path) -> None:
    folder = prepare(f"ferplus:{tree}", tmp_path)
    np.save(folder / GEOMETRY_FILE, np.zeros((3, 5), np.float16))
    with pytest.raises(FerdeskError, match="belongs to other pictures"):
        load_split(folder, "train")
