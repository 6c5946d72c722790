"""What is written is whole, in place of the old, whoever else writes."""

import json
import math
import os
from pathlib import Path

import pytest
import torch

from ferdesk.errors import FerdeskError
from ferdesk.files import append_line, json_text, make_folder, replacing, write_json, write_text
from trainer.files import save_torch


def test_texts_are_whole_and_leave_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "first, longer\r\n")
    write_text(path, "süß\n")
    assert path.read_bytes() == "süß\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_json_is_strict_and_ends_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": [1.5, math.nan, (math.inf, 2)], "b": {"c": -math.inf}, "d": True})
    text = path.read_text()
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name)) == {
        "a": [1.5, None, [None, 2]],
        "b": {"c": None},
        "d": True,
    }
    assert text.endswith("}\n")
    assert "\n" not in json_text({"a": "x\ny"})


def test_names_that_are_no_unicode_can_be_written(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    write_json(tmp_path / "a.json", [name])
    assert json.loads((tmp_path / "a.json").read_text()) == [name]
    write_text(tmp_path / "a.txt", f"{name}\n")
    append_line(tmp_path / "a.txt", name)
    first, second = (tmp_path / "a.txt").read_text(encoding="utf-8").splitlines()
    assert first == second
    assert first.endswith(".png")


def test_what_cannot_be_json_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, 1)
    with pytest.raises(TypeError):
        write_json(path, object())
    assert path.read_text() == "1\n"


def test_torch_state_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    save_torch(path, {"step": 3, "w": torch.arange(5)})
    save_torch(path, {"step": 4, "w": torch.arange(6)})
    state = torch.load(path, weights_only=True)
    assert state["step"] == 4
    assert torch.equal(state["w"], torch.arange(6))
    assert list(tmp_path.iterdir()) == [path]


def test_a_fault_in_the_state_is_not_blamed_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    path.write_bytes(b"old")
    with pytest.raises((AttributeError, TypeError, ValueError)) as caught:
        save_torch(path, {"f": lambda: 0})
    assert not isinstance(caught.value, FerdeskError)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_lines_are_added(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append_line(path, '{"epoch": 1}')
    append_line(path, '{"epoch": 2}')
    assert path.read_bytes() == b'{"epoch": 1}\n{"epoch": 2}\n'


def test_half_a_line_from_a_power_cut_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"epoch": 1}\n{"ep')
    append_line(path, '{"epoch": 2}')
    assert path.read_bytes() == b'{"epoch": 1}\n{"ep\n{"epoch": 2}\n'


def test_interrupted_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


# --- several processes, and what lies in the way --------------------------------------------------


def test_two_writers_at_once_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as first:
        first.write(b"first")
        with replacing(path) as second:
            second.write(b"second, longer")
        assert path.read_bytes() == b"second, longer"
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_goes_after_a_day(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    old, fresh = tmp_path / "a.csv.0123abcd.part", tmp_path / "a.csv.89abcdef.part"
    own = [tmp_path / "a.csv.old.part", tmp_path / "b.csv.0123abcd.part"]
    for file in (old, fresh, *own):
        file.touch()
    for file in (old, *own):
        os.utime(file, (1e9, 1e9))
    write_text(path, "new")
    assert sorted(tmp_path.iterdir()) == sorted([path, fresh, *own])


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 120)
    write_text(path, "new")
    assert path.read_text() == "new"


def test_access_rights_and_links_stay(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    try:
        link.symlink_to(file)
    except OSError:
        pytest.skip("links are not allowed here")
    write_text(link, "new")
    assert link.is_symlink()
    assert file.read_text() == "new"
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_written_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, "new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FerdeskError, match=r"cannot be made: there is a file of this name; choose"):
        make_folder(tmp_path / "file")
    with pytest.raises(FerdeskError, match="cannot be made: Not a directory"):
        make_folder(tmp_path / "file" / "below")
