"""The generated set: the same every time, learnable, and not trivially so."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from trainer.data.examples import Example
from trainer.data.synthetic import read_synthetic


def pixels(example: Example) -> np.ndarray:
    assert example.pixels is not None
    image = example.pixels()
    assert image is not None
    return image


def test_the_same_every_time_and_another_with_another_seed() -> None:
    one, two = read_synthetic("35"), read_synthetic("35")
    assert [(e.name, e.split, e.target) for e in one] == [(e.name, e.split, e.target) for e in two]
    for a, b in zip(one[:7], two[:7], strict=True):
        np.testing.assert_array_equal(pixels(a), pixels(b))
    other = read_synthetic("35,1")
    assert not np.array_equal(pixels(one[0]), pixels(other[0]))
    assert not {e.name for e in one} & {e.name for e in other}
    more = read_synthetic("70")
    np.testing.assert_array_equal(pixels(one[34]), pixels(more[34]))


def test_parts_classes_and_shape() -> None:
    examples = read_synthetic("140")
    counts = Counter((e.split, e.label) for e in examples)
    assert {counts["train", k] for k in range(7)} == {16}
    assert {counts["valid", k] for k in range(7)} == {2}
    assert {counts["test", k] for k in range(7)} == {2}
    image = pixels(examples[0])
    assert image.shape == (112, 112, 3)
    assert image.dtype == np.uint8
    pictures = {pixels(e).tobytes() for e in examples}
    assert len(pictures) == 140, "no picture twice, so none in two parts"


def test_learnable_but_not_trivial() -> None:
    """Nearest class mean on 16×16 pixels: chance is 14 %."""
    examples = read_synthetic("1050,3")
    small = np.stack(
        [
            cv2.resize(pixels(e), (16, 16), interpolation=cv2.INTER_AREA).mean(axis=2).ravel()
            for e in examples
        ]
    )
    small = (small - small.mean(axis=1, keepdims=True)) / small.std(axis=1, keepdims=True)
    labels = np.array([e.label for e in examples])
    train = np.array([e.split == "train" for e in examples])
    means = np.stack([small[train & (labels == k)].mean(axis=0) for k in range(7)])
    distances = ((small[~train][:, None] - means) ** 2).sum(axis=2)
    accuracy = float((distances.argmin(axis=1) == labels[~train]).mean())
    assert 0.3 < accuracy < 0.9


@pytest.mark.parametrize("text", ["", "x", "20", "-70", "70,", "70,-1", "70,1,2", "7.5"])
def test_bad_descriptions(text: str) -> None:
    with pytest.raises(FerdeskError, match="synthetic:N"):
        read_synthetic(text)
