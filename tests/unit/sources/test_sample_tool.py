"""The shipped clip is what the tool makes of the shipped portrait."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from ferdesk.pictures import read_picture
from ferdesk.resources import asset
from ferdesk.sources.sample import SampleSource

TOOLS = Path(__file__).parents[3] / "tools"


def test_clip_comes_from_the_portrait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    tool = importlib.import_module("make_sample")
    numbers = (0, 60, 100, 150, 200)  # smile, neutral, surprise, sadness, anger
    rendered = tool.render(read_picture(asset("portrait.png")), numbers)
    source = SampleSource()
    source.open()
    shipped = {}
    while (frame := source.read()) is not None:
        if frame.index in numbers:
            shipped[frame.index] = frame.image
    source.close()
    for number, image in zip(numbers, rendered, strict=True):
        assert np.abs(image.astype(int) - shipped[number]).mean() < 4, f"frame {number}"
    again = tool.render(read_picture(asset("portrait.png")), (100,))[0]
    np.testing.assert_array_equal(again, rendered[2])
    assert asset("sample.mp4").stat().st_size < 1_500_000
