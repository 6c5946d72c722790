"""Label files of SCN, EAC, ReSup and our own runs; LA-Net's draws. Made on the fly."""

import logging
import random
from pathlib import Path

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import expression_index
from trainer.data.names import RAFDB_ORDER
from trainer.labels.noise import NoisyLabels
from trainer.labels.noise_files import la_net_noise, read_noise_file

OFFICIAL = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
NAMES = tuple(f"train_{i:05d}_aligned.jpg" for i in range(1, 8))
CLEAN = np.array([expression_index(name) for name in OFFICIAL], np.int64)
NOISY = CLEAN.copy()
NOISY[1] = expression_index("neutral")


def rows(template: str = "train_{:05d}.jpg {}", start: int = 1) -> list[str]:
    """Lines of all seven pictures; the second, which is fear, is called neutral."""
    ids = [OFFICIAL.index("neutral") if i == 1 else i for i in range(7)]
    return [template.format(i + 1, ids[i] + start) for i in range(7)]


def write(folder: Path, lines: list[str], end: str = "\n") -> Path:
    path = folder / "noise.txt"
    path.write_bytes((end.join(lines) + end).encode())
    return path


def test_ids_follow_rafdb() -> None:
    assert RAFDB_ORDER == OFFICIAL


@pytest.mark.parametrize(
    ("template", "start", "end"),
    [
        ("train_{:05d}.jpg {}", 1, "\n"),  # EAC, ReSup
        ("train_{:05d}.jpg {}", 1, "\r\n"),  # ReSup's usnoise
        ("train_{:05d}_aligned.jpg {}", 1, "\n"),
        ("/home/a person/tests/RAFDB_DATA/aligned/train_{:05d}_aligned.jpg {}", 0, "\n"),  # SCN
        ("C:\\faces\\train_{:05d}_aligned.jpg\t{}", 0, "\r\n"),
    ],
)
@pytest.mark.parametrize("used", [NAMES, tuple(n.replace("_aligned", "") for n in NAMES)])
def test_published_formats(tmp_path: Path, template: str, start: int, end: str, used) -> None:
    path = write(tmp_path, rows(template, start), end)
    assert (read_noise_file(path, used, CLEAN) == NOISY).all()


def test_order_blank_lines_and_unused_pictures_do_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path, ["", *reversed(rows()), "train_00099.jpg 4", "  "])
    chosen = [6, 1]
    found = read_noise_file(path, [NAMES[i] for i in chosen], CLEAN[chosen])
    assert (found == NOISY[chosen]).all()
    assert found.dtype == np.int64


@pytest.mark.parametrize(
    "test_rows",
    [
        ["test_0001.jpg 7", "test_0002.jpg 1"],
        ["test_0001.jpg 0"],  # would make the ids of a file start at 0
        ["test_0001_aligned.jpg 99", "test_0001_aligned.jpg 3", "test_0002.jpg happy", "test_3"],
        ["RAF/test/00001.jpg 3", "RAF/test/00001.jpg 0"],
    ],
)
def test_rows_of_test_pictures_change_nothing(tmp_path: Path, test_rows: list[str]) -> None:
    alone = read_noise_file(write(tmp_path, rows()), NAMES, CLEAN)
    before = read_noise_file(write(tmp_path, test_rows + rows()), NAMES, CLEAN)
    after = read_noise_file(write(tmp_path, rows() + test_rows), NAMES, CLEAN)
    assert (alone == NOISY).all()
    assert (before == alone).all()
    assert (after == alone).all()


def test_a_test_picture_never_gets_a_label(tmp_path: Path) -> None:
    path = write(tmp_path, [*rows(), "test_0001.jpg 4"])
    with pytest.raises(FerdeskError, match="no label for 1 of the 8"):
        read_noise_file(path, [*NAMES, "test_0001_aligned.jpg"], np.append(CLEAN, 0))


def test_file_for_other_data(tmp_path: Path) -> None:
    path = write(tmp_path, rows()[:3])
    with pytest.raises(FerdeskError, match=r"4 of the 7 .*'train_00004_aligned\.jpg'"):
        read_noise_file(path, NAMES, CLEAN)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train_00008.jpg 8", "Line 8 .*id '8'"),
        ("train_00008.jpg -1", "Line 8 .*id '-1'"),
        ("train_00008.jpg happy", "Line 8 .*id 'happy'"),
        ("train_00008.jpg 2.0", r"Line 8 .*id '2\.0'"),
        ("train_00008.jpg", "Line 8 .*is not a picture"),
        ("train_00008.jpg 0", "id 0 on line 8 and the id 7 on line 2"),
        ("train_00002_aligned.jpg 3", "one label on line 2 and another on line 8"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path, [*rows(), line])
    with pytest.raises(FerdeskError, match=message):
        read_noise_file(path, NAMES, CLEAN)


def test_a_repeated_line_with_the_same_label_is_harmless(tmp_path: Path) -> None:
    path = write(tmp_path, [*rows(), rows()[2]])
    assert (read_noise_file(path, NAMES, CLEAN) == NOISY).all()


def test_pictures_that_share_a_name(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="Two training pictures are named like"):
        read_noise_file(write(tmp_path, rows()), [*NAMES, "train_00001.png"], np.append(CLEAN, 0))


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="cannot be read"):
        read_noise_file(tmp_path / "none.txt", NAMES, CLEAN)
    (tmp_path / "picture.txt").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(FerdeskError, match="not a text file"):
        read_noise_file(tmp_path / "picture.txt", NAMES, CLEAN)


def test_labels_that_mostly_disagree_are_pointed_out(tmp_path: Path, caplog) -> None:
    path = write(tmp_path, rows())
    with caplog.at_level(logging.WARNING):
        read_noise_file(path, NAMES, CLEAN)
    assert not caplog.text
    with caplog.at_level(logging.WARNING):
        read_noise_file(path, NAMES, np.roll(CLEAN, 1))
    assert "100 %" in caplog.text


def own(folder: Path, names: tuple[str, ...] = NAMES) -> Path:
    NoisyLabels(names, CLEAN, NOISY, "symmetric", 0.1, 1).write(folder)
    return folder / "noise.csv"


def test_noise_of_a_run(tmp_path: Path) -> None:
    path = own(tmp_path)
    assert (read_noise_file(path, NAMES[::-1], CLEAN[::-1]) == NOISY[::-1]).all()
    other_copy = [name.replace("_aligned", "") for name in NAMES]
    assert (read_noise_file(path, other_copy, CLEAN) == NOISY).all()


def test_noise_of_a_run_tells_folders_apart(tmp_path: Path) -> None:
    names = tuple(f"{i % 2}/{i // 2}.png" for i in range(7))
    assert (read_noise_file(own(tmp_path, names), names, CLEAN) == NOISY).all()


def test_noise_of_a_run_with_odd_names(tmp_path: Path) -> None:
    names = ('a "quoted", name.png', "ü.png", *NAMES[2:])
    assert (read_noise_file(own(tmp_path, names), names, CLEAN) == NOISY).all()


def test_noise_of_a_run_on_other_labels(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match=r"'train_00001_aligned\.jpg' is surprise, but here"):
        read_noise_file(own(tmp_path), NAMES, np.roll(CLEAN, 1))


def test_noise_of_a_run_that_was_changed(tmp_path: Path) -> None:
    path = own(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"anger,anger,0", b"anger,fear,1"))
    with pytest.raises(FerdeskError, match="was changed after"):
        read_noise_file(path, NAMES, CLEAN)
    (tmp_path / "noise.json").write_text("{")
    with pytest.raises(FerdeskError, match="damaged"):
        read_noise_file(path, NAMES, CLEAN)
    (tmp_path / "noise.json").unlink()
    assert read_noise_file(path, NAMES, CLEAN)[5] == expression_index("fear")


@pytest.mark.parametrize("row", ["train_00009.jpg,fear,calm,1", "train_00009.jpg,fear"])
def test_bad_lines_of_our_own_file(tmp_path: Path, row: str) -> None:
    path = own(tmp_path)
    (tmp_path / "noise.json").unlink()
    path.write_bytes(path.read_bytes() + row.encode())
    with pytest.raises(FerdeskError, match="Line 9 "):
        read_noise_file(path, NAMES, CLEAN)


def test_la_net_repeats_a_pass_through_the_list() -> None:
    order = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    pictures = 400
    labels = np.arange(pictures, dtype=np.int64) % 7
    to_theirs = {expression_index(name): i for i, name in enumerate(order)}
    theirs = [to_theirs[int(label)] for label in labels]
    random.seed(0)
    for i in range(pictures):
        if random.random() < 0.3:
            theirs[i] = (theirs[i] + random.randint(1, 6)) % 7
    expected = np.array([expression_index(order[i]) for i in theirs])
    names = [f"train_{i + 1:05d}.jpg" for i in range(pictures)]
    assert (la_net_noise(names, labels, 0.3, 0) == expected).all()
    # A picture keeps its noise in another order and with others left out.
    some = np.array([399, 7, 8, 120])
    assert (la_net_noise([names[i] for i in some], labels[some], 0.3, 0) == expected[some]).all()


def test_la_net_noise_is_for_rafdb() -> None:
    with pytest.raises(FerdeskError, match=r"'fer0000001\.png' is not"):
        la_net_noise(["fer0000001.png"], CLEAN[:1], 0.3)
    with pytest.raises(FerdeskError, match=r"'test_0001\.jpg' is not"):
        la_net_noise(["test_0001.jpg"], CLEAN[:1], 0.3)
