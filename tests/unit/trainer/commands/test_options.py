"""Options of all commands: each explains itself, and wrong ones get one sentence."""

import argparse
import dataclasses
import random
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonargparse import Namespace

from ferdesk.errors import FerdeskError
from trainer import cli
from trainer.cli import COMMANDS
from trainer.commands.options import parsed
from trainer.config import NoiseConfig, TrainConfig
from trainer.files import read_config
from trainer.method_options import EacConfig
from trainer.ranges import Interval

GROUPS = {
    f"train.{spec.name}"
    for spec in dataclasses.fields(TrainConfig)
    if dataclasses.is_dataclass(getattr(TrainConfig(), spec.name))
}


def actions(name: str) -> Iterator[argparse.Action]:
    """What a command takes, but for --help, groups and the positional ones of its parser."""
    for action in cli._command(name)[0]()._actions:
        group = any(
            name.startswith("--train") and "." not in name for name in action.option_strings
        )
        group |= action.dest in {f"train.{f.name}" for f in groups()}
        if not isinstance(action, argparse._HelpAction) and not group:
            yield action


def groups() -> list[dataclasses.Field[Any]]:
    return [
        spec for spec in dataclasses.fields(TrainConfig)
        if dataclasses.is_dataclass(getattr(TrainConfig(), spec.name))
    ]  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described(name: str) -> None:
    bare = [a.dest for a in actions(name) if not (a.help or "").strip() or a.help == a.dest]
    assert bare == []


def test_descriptions_are_the_texts_under_the_fields() -> None:
    texts = {action.dest: action.help for action in actions("train")}
    assert texts["train.epochs"] == "Passes over the training pictures. Range: from 1 to 100000."
    assert texts["train.eac.erase_area"].startswith("Smallest and largest erased share")
    assert len([name for name in texts if name.startswith("train.")]) > 100


BOMB = (
    "a0: &a0 [lol, lol]\n"
    + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    + "train: *a11\n"
)
"""Twelve lines that stand for 9¹¹ values."""


def refused(*arguments: str) -> str:
    with pytest.raises(FerdeskError) as caught:
        parsed(cli._parser(arguments[0]), arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        ("batch_size", "0", "--train.batch_size must be from 1 to 65536, not 0."),
        ("threads", "100000", "--train.threads must be from 1 to 1024, not 100000."),
        ("seed", "-1", "--train.seed must be from 0 to 4294967295, not -1."),
        ("network.dropout", "2", "--train.network.dropout must be from 0 to 0.99, not 2."),
        ("noise.rate", "1", "--train.noise.rate must be at least 0 and less than 1, not 1."),
        ("epochs", "0", "--train.epochs must be from 1 to 100000, not 0."),
        ("detail", "8", "--train.detail must be 0 or from 16 to 112, not 8."),
        ("gamma", "0", "--train.gamma must be more than 0 and at most 1, not 0."),
        ("lambda_cls", ".nan", "--train.lambda_cls must be at least 0, not nan."),
        ("lr_head", ".inf", "--train.lr_head must be at least 0, not inf."),
        ("eac.erase_area", "[0.1, 2]", "--train.eac.erase_area must be more than 0 and at most 1"),
    ],
)
def test_numbers_out_of_range(option: str, value: str, wanted: str) -> None:
    assert refused("train", f"--train.{option}", value).startswith(wanted)


def test_ranges_hold_wherever_a_configuration_is_made() -> None:
    with pytest.raises(FerdeskError, match=r"--train\.noise\.rate must be"):
        TrainConfig(noise=NoiseConfig(rate=1.5))
    with pytest.raises(FerdeskError, match=r"--train\.eac\.erase must be"):
        dataclasses.replace(TrainConfig(), eac=EacConfig(erase=-0.1))


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("live", "--threads", "0"), "--threads must be from 1 to 1024, not 0."),
        (("calibrate", "x", "--holdout", "1"), "--holdout must be more than 0 and less than 1"),
        (("speed", "--seconds", "0"), "--seconds must be more than 0 and at most 3600, not 0."),
        (("audit", "--out", "x", "--shown", "-1"), "--shown must be at least 0, not -1."),
    ],
)
def test_numbers_of_other_commands(
    arguments: tuple[str, ...], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    needed = {"live": ["--landmark-weights", "l", "--image-weights", "i"]}.get(arguments[0], [])
    assert cli.main([*arguments, "--data", "ferplus:none", *needed]) == 2
    assert capsys.readouterr().err.startswith(wanted)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ((), "Give a command: prepare, pretrain, train"),
        (("trian",), "There is no command 'trian'; did you mean 'train'?"),
        (("bench", "--json"), "The command 'bench' is called 'speed' now."),
        (("train", "--train.epoch", "3"), "There is no option --train.epoch 3; --help"),
        (("train", "--preset", "nope"), "There is no preset 'nope'; choose one of compare"),
        (("evaluate", "x"), "data must be given; --help"),
    ],
)
def test_commands_that_cannot_be(
    arguments: tuple[str, ...], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(wanted)
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("train: [1", "not valid YAML: .* line 1"),
        ("train:\n  epochs: many\n", "--train.epochs: whole number is expected, not 'many'"),
        ("train:\n  align: 3\n", "--train.align: true or false, null is expected, not '3'"),
        ("train:\n  batchsize: 3\n", "There is no option --train.batchsize"),
        ("train:\n  noise: 3\n", "'train.noise' is a group of options; '3' is no group"),
        ("train: 3\n", "'train' is a group of options; '3' is no group|--train"),
        ("- 1\n", "Unexpected config"),
        ("\xff", "no YAML in UTF-8"),
        ("train: " + "[" * 5000 + "]" * 5000, "nested more than 20 levels deep"),
        ("train: " + "[" * 19 + "]" * 19, "'train' is a group of options"),
        (BOMB, r"uses the YAML alias '\*a0'; write its value out"),
        ("train:\n  epochs: 0\n", "--train.epochs must be from 1"),
    ],
)
def test_faults_in_a_file(text: str, wanted: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(FerdeskError, match=wanted) as caught:
        parsed(cli._parser("train"), ["train", "--config", str(path)])
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


@pytest.mark.timeout(20)
def test_an_alias_bomb_is_refused_wherever_a_configuration_is_read(tmp_path: Path) -> None:
    assert "YAML alias" in refused("train", f"--config={BOMB}")
    assert "YAML alias" in refused("benchmark", "--config", BOMB)
    (tmp_path / "config.yaml").write_text(BOMB)
    with pytest.raises(FerdeskError, match="YAML alias"):
        read_config(tmp_path)


def test_intervals_in_words() -> None:
    assert str(Interval.parse("[0, 1]")) == "from 0 to 1"
    assert str(Interval.parse("(0, inf)")) == "more than 0"
    assert str(Interval.parse("0 or [16, 112]")) == "0 or from 16 to 112"
    assert 0.0 in Interval.parse("0 or [16, 112]")
    assert 15.9 not in Interval.parse("0 or [16, 112]")
    assert 1.0 not in Interval.parse("[0, 1)")
    with pytest.raises(ValueError, match="no interval"):
        Interval.parse("0 to 1")


# --- random input, the same every time ------------------------------------------------------------

_VALUES = (
    "0", "1", "-1", "2", "0.5", "1e400", "-1e-300", ".nan", ".inf", "100000", "9" * 400, "null",
    "true", "yes", "", " ", "[1, 2]", "[]", "{}", "{a: 1}", "[1, [2, [3]]]", "!!python/name:os.x",
    "*a", "&a 1", "'", '"', "\\", "\x00", "\u202e", "ü", "../..", "-", "--", "=", ":", "none",
)  # fmt: skip


def _option(draw: random.Random, names: list[str]) -> list[str]:
    name = draw.choice(names)
    if draw.random() < 0.1:
        name += draw.choice(string.ascii_letters)
    value = draw.choice(_VALUES)
    return [f"--{name}={value}"] if draw.random() < 0.7 else [f"--{name}", value]


def _document(draw: random.Random, names: list[str]) -> bytes:
    tree: dict[str, Any] = {}
    for name in draw.sample(names, 3):
        place = tree
        *above, last = name.split(".")
        for key in above:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                break
        else:
            place[last] = draw.choice([*_VALUES, 0, -1, 2.5, None, True, [1], {"a": 1}, 10**30])
    content = bytearray(yaml.safe_dump(tree).encode())
    for _ in range(draw.choice((0, 0, 1, 3))):
        content[draw.randrange(len(content))] = draw.randrange(256)
    return bytes(content)


def _names() -> list[str]:
    return [action.dest for action in actions("train") if action.dest.startswith("train.")]


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(5))
def test_random_options_end_in_a_sentence_or_a_configuration(
    seed: int, tmp_path: Path, fuzz_rounds: range
) -> None:
    draw, names = random.Random(seed), _names()
    parser, file, refusals = cli._parser("train"), tmp_path / "a.yaml", 0
    for _ in range(30 * len(fuzz_rounds)):
        arguments = ["train"]
        if draw.random() < 0.5:
            file.write_bytes(_document(draw, names))
            arguments += ["--config", str(file)]
        for _ in range(draw.randrange(3)):
            arguments += _option(draw, names)
        outcome: Namespace | FerdeskError
        try:
            outcome = parsed(parser, arguments)
        except FerdeskError as error:
            outcome = error
        if isinstance(outcome, FerdeskError):
            refusals += 1
            assert 0 < len(str(outcome).strip()) < 600, arguments
            assert str(outcome).count("\n") < 3, arguments
        else:
            assert isinstance(outcome.train.train, TrainConfig), arguments
    assert 5 < refusals < 30 * len(fuzz_rounds)
