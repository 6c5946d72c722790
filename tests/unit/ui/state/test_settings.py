"""Settings: what they may be, and the one readable file they are in."""

from __future__ import annotations

import pytest

from ferdesk.ui.state.settings import Settings, parse, remembered


@pytest.mark.parametrize("value", [0, -1, 1.5, "much", True, float("nan")])
def test_an_impossible_coverage_is_refused(value: object) -> None:
    settings, refused = parse({"coverage": value})
    assert settings == Settings()
    assert refused == ["coverage"]


def test_recents_are_unique_and_bounded() -> None:
    recent: tuple[str, ...] = ()
    for index in [*range(15), 12]:
        recent = remembered(recent, str(index))
    assert recent[0] == "12"
    assert len(recent) == len(set(recent)) == 10


def test_passwords_of_earlier_versions_are_dropped() -> None:
    settings, refused = parse({"recent_sources": ["rtsp://me:secret@cam/1", "/a/b.mp4"]})
    assert settings.recent_sources == ("rtsp://me:***@cam/1", "/a/b.mp4")
    assert not refused
