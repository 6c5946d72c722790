"""Archives of arrays: read whole, or refused with one kind of error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from trainer.audit.folds import stored
from trainer.files import read_arrays


def test_arrays_come_back_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", names=np.array(["x", "y"]), values=np.arange(3))
    found = read_arrays(tmp_path / "a.npz")
    assert found["names"].tolist() == ["x", "y"]
    assert found["values"].tolist() == [0, 1, 2]


def _damaged(path: Path, kind: str) -> None:
    if kind == "one array":
        with path.open("wb") as file:
            np.save(file, np.arange(3))
    elif kind == "objects":
        np.savez(path, names=np.array([{}], object))
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("hello")
    else:
        np.savez_compressed(path, values=np.arange(10_000))
        whole = path.read_bytes()
        half = whole[: len(whole) // 2]
        path.write_bytes(half if kind == "half" else half + bytes(40) + whole[len(half) + 40 :])


DAMAGE = ["one array", "objects", "empty", "text", "half", "overwritten inside"]


@pytest.mark.parametrize("kind", DAMAGE)
def test_every_other_file_is_refused_in_one_way(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "predictions.npz"
    _damaged(path, kind)
    with pytest.raises(ValueError, match=r"\w"):
        read_arrays(path)
    with pytest.raises(FerdeskError, match="is damaged; delete it"):
        stored(tmp_path, ["x"], dict)
