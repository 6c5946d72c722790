"""The built-in clip, so that the program works without a camera."""

from __future__ import annotations

from ferdesk.resources import asset
from ferdesk.sources.base import SourceInfo
from ferdesk.sources.video import VideoSource

SAMPLE_NAME = "Built-in sample"


FACE_CENTRE = 0.7
"""Where her face is across the picture, as a share of its width."""


class SampleSource(VideoSource):
    """The clip that ships with ferdesk: a woman acts sadness, worry and joy."""

    def __init__(self, *, loop: bool = False) -> None:
        super().__init__("", loop=loop, name=SAMPLE_NAME)

    def open(self) -> SourceInfo:
        self._target = str(asset("sample.mp4"))
        return super().open()
