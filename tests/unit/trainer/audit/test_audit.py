"""The audit of labels: confident learning by hand, folds, and the whole command."""

import csv
import json
import re
from html import unescape
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.audit import doubts, hits_of_order
from benchmarks.audit import main as benchmark
from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from tests.unit.model.helpers import tiny_checkpoint
from tests.unit.trainer.hostile import NAME, check_html
from trainer.audit.confident import find
from trainer.audit.folds import Pictures, assign_folds
from trainer.audit.page import write_page
from trainer.audit.results import summary
from trainer.cli import main
from trainer.data.copies import copy_groups, near_pairs
from trainer.data.packed import PackedSet
from trainer.data.synthetic import draw_face


def generated(count: int) -> np.ndarray:
    """(count, 112, 112, 3) different faces."""
    return np.stack([draw_face(i % 7, 3, i) for i in range(count)])


def probabilities(*rows: tuple[float, float, float]) -> np.ndarray:
    q = np.zeros((len(rows), 7))
    q[:, :3] = rows
    return q


# t_0 = (.9 + .7 + .2) / 3 = .6, t_1 = (.8 + .5 + .45) / 3 = .5833, t_2 = .36
Q = probabilities(
    (0.9, 0.1, 0.0), (0.7, 0.2, 0.1), (0.2, 0.7, 0.1),
    (0.1, 0.8, 0.1), (0.2, 0.5, 0.3), (0.1, 0.45, 0.45), (0.3, 0.34, 0.36),
)  # fmt: skip
GIVEN = np.array([0, 0, 0, 1, 1, 1, 2])


def test_confident_learning_by_hand() -> None:
    found = find(Q, GIVEN, np.arange(7))
    assert found.thresholds[:3] == pytest.approx([0.6, 1.75 / 3, 0.36])
    assert np.isinf(found.thresholds[3:]).all()
    # Confident: 0→0, 1→0, 2→1, 3→1, 4→none, 5→2, 6→2; rows scaled to 3, 3 and 1 pictures.
    assert found.joint[:3, :3] == pytest.approx(np.array([[2, 1, 0], [0, 1.5, 1.5], [0, 0, 1]]))
    assert found.joint.sum() == pytest.approx(7)
    assert found.noise_rate == pytest.approx(2.5 / 7)
    # 50 pictures a class are believed to be right in 4.5 of 7 cases, and else 0 in 3 of 7. So
    # P(given 0 | true 0) = (2 + 50 (31.5 + 7.5) / 49) / 52; given 0, 1 of 2.5 true 1s was counted.
    other = 50 * 7.5 / 49
    chances = np.array([(2 + 50 * 39 / 49) / 52, (1 + other) / 52.5, other / 52.5])
    row = np.array([0.2, 0.7, 0.1]) * chances
    assert found.purified[2, :3] == pytest.approx(row / row.sum())
    assert found.doubt == pytest.approx(
        [0.02228, 0.07791, 0.44702, 0.04861, 0.17207, 0.20838, 0.11318], abs=1e-5
    )
    assert found.order().tolist() == [2, 5, 4, 6, 1, 3, 0]
    # The joint says that 2.5 are wrong: the two most doubtful.
    wrong = "suspected wrong"
    assert found.verdicts == ("ok", "ok", wrong, "ok", "ok", wrong, "ok")
    assert found.suggested[[2, 5]].tolist() == [1, 2]
    assert found.suggested[[0, 4]].tolist() == [0, 1]


def test_a_label_that_is_often_wrong_convinces_less() -> None:
    # Half of the pictures called 0 are surely 1, none of those called 1 is anything else.
    often, seldom, torn = judged(400)
    assert often[0] > 0.2 > 0.05 > seldom[0]
    # That label is given to a third of the true 1s: 0.25 of 0 weighs as much as 0.75 of 1.
    assert [verdict for _, verdict in (often, seldom, torn)] == ["ok", "ok", "ambiguous"]
    # Of a handful of pictures nothing is believed yet.
    often, seldom, _ = judged(1)
    assert often[0] - seldom[0] < 0.1


def judged(n: int) -> list[tuple[float, str]]:
    """Doubt and verdict of (½, ½) called 0, the same called 1, and (¼, ¾) called 0."""
    sure = [(0.9, 0.1, 0.0)] * n + [(0.05, 0.95, 0.0)] * n + [(0.05, 0.95, 0.0)] * 2 * n
    unsure = [(0.5, 0.5, 0.0), (0.5, 0.5, 0.0), (0.25, 0.75, 0.0)]
    given = np.repeat([0, 1, 0, 1, 0], [2 * n, 2 * n, 1, 1, 1])
    found = find(probabilities(*sure, *unsure), given, np.arange(len(given)))
    return list(zip(found.doubt[-3:].tolist(), found.verdicts[-3:], strict=True))


def test_copies_with_two_labels_are_duplicates_and_with_one_label_are_not() -> None:
    found = find(Q, GIVEN, np.array([0, 1, 2, 0, 4, 5, 6]))
    assert [i for i, v in enumerate(found.verdicts) if v == "duplicate"] == [0, 3]
    assert "duplicate" not in find(Q, GIVEN, np.array([0, 0, 2, 3, 4, 5, 6])).verdicts


def test_folds_are_balanced_and_copies_stay_together() -> None:
    given = np.arange(70) % 7
    groups = np.arange(70)
    groups[50:60] = groups[:10]
    fold = assign_folds(given, groups, 5, 1)
    assert (fold[50:60] == fold[:10]).all()
    plain = assign_folds(given, np.arange(70), 5, 1)
    counts = np.array([np.bincount(plain[given == c], minlength=5) for c in range(7)])
    assert (counts == 2).all()
    assert (assign_folds(given, np.arange(70), 5, 2) != plain).any()
    for folds in (1, 71):
        with pytest.raises(FerdeskError, match="--folds"):
            assign_folds(given, np.arange(70), folds, 1)


def test_copies_are_found_though_saved_anew_and_other_faces_are_not(tmp_path: Path) -> None:
    data = generated(8)
    crops = np.concatenate([data, data[2:4]])
    assert cv2.imwrite(str(tmp_path / "again.jpg"), data[5], (cv2.IMWRITE_JPEG_QUALITY, 85))
    again = cv2.imread(str(tmp_path / "again.jpg"))
    assert again is not None
    assert (again != data[5]).any()
    crops = np.concatenate([crops, again[None]])
    groups = copy_groups(crops, np.arange(11))
    assert groups[8:].tolist() == [groups[2], groups[3], groups[5]]
    assert len(set(groups.tolist())) == 8
    # Numbers follow the rows asked for, not the crops.
    assert copy_groups(crops, np.array([5, 0, 10])).tolist() == [0, 1, 0]


def test_hashes_three_bits_apart_are_near_and_four_are_not() -> None:
    hashes = np.array([0, 0b111, 0b1111, 1 << 63 | 1 << 40 | 1 << 20], np.uint64)
    assert set(near_pairs(hashes)) == {(0, 1), (0, 3), (1, 2)}


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    return [
        "audit", "--preset", "smoke", "--data", "synthetic:140", "--folds", "2", "--noise", "0.2",
        "--train.epochs", "1", "--out", str(tmp_path / "audit"), "--cache", str(tmp_path / "cache"),
        "--progress", "none",
    ]  # fmt: skip


def test_an_audit_from_pictures_to_page_goes_on_and_is_measured(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "audit"
    assert main(command) == 0, capsys.readouterr().err
    rows = list(csv.DictReader((out / "audit.csv").open(encoding="utf-8")))
    found = json.loads((out / "audit.json").read_text())
    assert len(rows) == found["pictures"] == sum(found["verdicts"].values())
    assert [float(r["doubt"]) for r in rows] == sorted(
        (float(r["doubt"]) for r in rows), reverse=True
    )
    for row in rows:
        assert float(row["doubt"]) == pytest.approx(1 - float(row[row["given"]]), abs=2e-6)
    assert found["truth"]["wrong"] == sum(row["given"] != row["clean"] for row in rows) > 0
    page = (out / "index.html").read_text()
    # One epoch teaches nothing, and the page says so.
    assert found["agreement"] < 0.5
    assert f"confirm only {100 * found['agreement']:.1f} %" in page
    data = re.search(r'id="pictures">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    shown = json.loads(data[1])["pictures"]
    assert len(shown) == found["pictures"] - found["verdicts"]["ok"]
    assert not re.search(r'(src|href)="(?!#|data:)', page)

    # A lost fold is trained again to the same answers; the other one is not touched.
    kept = out / "fold-1" / "predictions.npz"
    stamp, table = kept.stat().st_mtime_ns, (out / "audit.csv").read_bytes()
    (out / "fold-2" / "predictions.npz").unlink()
    assert main(command) == 0
    assert kept.stat().st_mtime_ns == stamp
    assert (out / "audit.csv").read_bytes() == table

    capsys.readouterr()
    assert main([*command, "--train.epochs", "2"]) == 2
    assert "epochs" in capsys.readouterr().err
    assert benchmark(["--audit", str(out)]) == 0
    assert f"{found['truth']['wrong']} with a wrong label" in capsys.readouterr().out


def test_foreign_names_stay_text_and_their_decisions_come_back(tmp_path: Path) -> None:
    names = tuple(f"{NAME}{i}" for i in range(7))
    source = PackedSet(
        names=names, crops=generated(7), targets=np.eye(7, dtype=np.float32)[GIVEN],
        aligned=np.ones(7, bool),
    )  # fmt: skip
    pictures = Pictures(
        source, np.arange(7), source.targets, np.full(7, -1), np.array([0, 1, 2, 0, 4, 5, 6])
    )
    findings = find(Q, GIVEN, pictures.groups)
    found = summary(pictures, findings, Q, {"answers": NAME})
    write_page(tmp_path / "index.html", pictures, findings, found, 100)
    page = (tmp_path / "index.html").read_text()
    check_html(page, scripts=2)
    assert NAME in unescape(page), "how it was made"
    data = re.search(r'id="pictures">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert {p["name"] for p in json.loads(data[1])["pictures"]} <= set(names)


def test_an_audit_by_a_checkpoint_says_what_that_means(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tiny_checkpoint(tmp_path / "tiny.safetensors")
    assert main([*command, "--noise", "0", "--checkpoint", str(path)]) == 0
    found = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert "only if it never saw the pictures" in found["made"]["answers"]
    assert "truth" not in found
    capsys.readouterr()
    assert benchmark(["--audit", str(tmp_path / "audit")]) == 2
    assert "known to be wrong" in capsys.readouterr().err


def test_precision_and_recall_at_k_by_hand() -> None:
    q = np.zeros((5, len(EXPRESSIONS)), np.float32)
    q[:, 0] = (0.9, 0.1, 0.5, 0.2, 0.8)
    order = doubts(q, np.zeros(5, np.int64))
    assert order.tolist() == [1, 3, 2, 4, 0]
    hits = hits_of_order(order, np.array([True, True, False, True, False]), 2)
    assert (hits.precision, hits.recall) == (1.0, pytest.approx(2 / 3))
