"""FER+ reader and the packed cache, on a tree of the official layout."""

from pathlib import Path

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from tests.unit.trainer.helpers import face, nothing, small_tree, write_tree
from trainer.data import packed
from trainer.data.ferplus import read_ferplus
from trainer.data.packed import load_split
from trainer.data.packing import pack
from trainer.data.sets import prepare, read_examples


def test_votes_become_soft_targets_and_unclear_pictures_are_left_out(tmp_path: Path) -> None:
    root = write_tree(
        tmp_path,
        [
            ("Training", "a.png", {"happiness": 6, "neutral": 2, "contempt": 2}, face(0)),
            ("Training", "tie.png", {"fear": 4, "anger": 4}, face(1)),
            ("Training", "contempt.png", {"contempt": 6, "anger": 4}, face(2)),
            ("Training", "tie-with-unknown.png", {"anger": 5, "unknown": 5}, face(3)),
            ("Training", "no-face.png", {"NF": 10}, face(4)),
            ("PublicTest", "b.png", {"disgust": 5, "anger": 3}, face(5)),
        ],
    )
    examples = read_ferplus(root)
    assert [(e.path.name, e.split) for e in examples] == [("a.png", "train"), ("b.png", "valid")]
    assert examples[0].target == pytest.approx((0.25, 0.75, 0, 0, 0, 0, 0))
    assert examples[1].target == pytest.approx((0, 0, 0, 0, 3 / 8, 5 / 8, 0))


def test_packing_aligns_drops_duplicates_and_names_unreadable_files(tmp_path: Path) -> None:
    happy = {"happiness": 10}
    noise = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    root = write_tree(
        tmp_path / "data",
        [
            ("PublicTest", "same.png", happy, face(0)),
            ("PublicTest", "other.png", happy, face(3)),
            ("Training", "a.png", happy, face(0)),
            ("Training", "broken.png", happy, b"not a picture"),
            ("Training", "noise.png", happy, noise),
        ],
    )
    folder = pack(read_ferplus(root), tmp_path / "cache", nothing)
    train, valid = load_split(folder, "train"), load_split(folder, "valid")
    assert train.names == ("a.png", "noise.png")
    assert train.aligned.tolist() == [True, False]
    assert valid.names == ("other.png",), "a picture that was trained on is never evaluated"
    assert train.crops.shape == (2, 112, 112, 3)
    assert train.crops.dtype == np.uint8
    index = (folder / "index.json").read_text()
    assert "broken.png" in index
    assert "same.png" in index
    with pytest.raises(FerdeskError, match="'test'"):
        load_split(folder, "test")


def test_the_crop_is_the_apps_crop(tmp_path: Path) -> None:
    """Aligning the enlarged picture directly gives the same crop as the cache holds."""
    import cv2

    from ferdesk.vision.crop import align_face
    from ferdesk.vision.landmarker import Landmarker

    big = cv2.cvtColor(cv2.resize(face(0), (192, 192), interpolation=cv2.INTER_CUBIC), 8)
    with Landmarker(mode="image") as landmarker:
        cached, found = packed.crop_picture(cv2.cvtColor(face(0), cv2.COLOR_GRAY2RGB), landmarker)
        framed = cv2.copyMakeBorder(big, 48, 48, 48, 48, cv2.BORDER_CONSTANT, value=(128,) * 3)
        points = landmarker.detect(framed)[0].points[:, :2] - 48
    assert found
    direct = align_face(np.asarray(big, np.uint8), points)
    assert np.abs(direct.astype(int) - cached.astype(int)).mean() < 4


def test_packing_is_done_once_and_again_after_an_interruption(tmp_path: Path) -> None:
    root = small_tree(tmp_path / "data", 6, 2)
    calls: list[int] = []

    def count(done: int, _total: int) -> None:
        calls.append(done)

    folder = pack(read_ferplus(root), tmp_path / "cache", count)
    assert len(calls) == 8
    assert pack(read_ferplus(root), tmp_path / "cache", count) == folder
    assert len(calls) == 8
    (folder / "index.json").unlink()
    pack(read_ferplus(root), tmp_path / "cache", count)
    assert len(calls) == 16


def test_changed_labels_make_another_cache(tmp_path: Path) -> None:
    first = prepare(f"ferplus:{small_tree(tmp_path / 'a', 3, 1)}", tmp_path / "cache")
    second = prepare(f"ferplus:{small_tree(tmp_path / 'b', 4, 1)}", tmp_path / "cache")
    assert first != second


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("ferplus", "LAYOUT:PATH"),
        ("imagenet:/x", "layout of rafdb, ferplus, "),
        ("ferplus:/nowhere/at/all", "no fer2013new.csv"),
    ],
)
def test_bad_names_of_data_sets(data: str, sentence: str) -> None:
    with pytest.raises(FerdeskError, match=sentence):
        read_examples(data)


def test_bad_trees(tmp_path: Path) -> None:
    (tmp_path / "fer2013new.csv").write_text("Usage,Image name,neutral\nTraining,a.png,x\n")
    with pytest.raises(FerdeskError, match="none of the folders"):
        read_ferplus(tmp_path)
    (tmp_path / "FER2013Train").mkdir()
    with pytest.raises(FerdeskError, match="Line 2"):
        read_ferplus(tmp_path)
    root = small_tree(tmp_path / "tree", 3, 1)
    (root / "FER2013Train" / "fer0000001.png").unlink()
    with pytest.raises(FerdeskError, match=r"fer0000001.png' is missing"):
        pack(read_ferplus(root), tmp_path / "cache", nothing)
