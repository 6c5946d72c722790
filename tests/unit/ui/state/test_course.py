"""What was shown since the source began: bounded, with every peak; and the part in view."""

from __future__ import annotations

import numpy as np
import pytest

from ferdesk.ui.state.course import Course
from ferdesk.ui.state.shown import Shown
from ferdesk.ui.state.time_view import TimeView
from tests.qt.readings import make_face, make_reading, peaked

CALM, SPIKE = make_face(probabilities=peaked(0, 0.5)), make_face(probabilities=peaked(4, 0.95))


def test_an_hour_fits_and_no_peak_is_lost() -> None:
    course = Course(capacity=1200, fresh=400)
    spikes = (7, 20_011, 39_990)
    for i in range(40_000):
        if not 10_000 <= i < 12_000:
            course.add(i * 0.1, SPIKE if i in spikes else CALM)
        elif i == 10_000:
            course.add(i * 0.1, None)
    assert len(course) <= 1200
    assert course.first_time == 0.0
    times, shares, reliability = course.window(-1.0, 1e9)
    assert shares.shape == (7, len(times)) == (7, len(reliability))
    assert (np.diff(times) >= 0).all()
    assert times[-1] == pytest.approx(3999.9)
    high = times[shares[4] > 0.9]
    for spike in spikes:
        assert np.abs(high - spike * 0.1).min() < 60, "within the detail of old readings"
    assert high.size == len(spikes)
    assert np.nanmin(shares[0]) >= min(CALM.probabilities[0], SPIKE.probabilities[0])
    gap = times[np.isnan(shares[0])]
    assert gap.size == 1, "where nobody was seen the curves stay apart"
    assert 1000 <= gap[0] < 1100
    # The last minute is as it was; before, the detail is spread evenly.
    recent = times[times > times[-1] - 39]
    assert np.allclose(np.diff(recent), 0.1)
    steps = [np.sum((times >= a) & (times < a + 400)) for a in (0, 1600, 2800)]
    assert max(steps) <= 4 * min(steps)


def test_a_window_and_what_is_near() -> None:
    course = Course()
    assert course.nearest(3.0) is None
    for i in range(10):
        course.add(float(i), CALM if i != 5 else None)
    assert course.window(2.5, 4.5)[0].tolist() == [2.0, 3.0, 4.0, 5.0]
    assert course.nearest(4.9) == 4.0, "nobody was seen at 5"
    assert course.nearest(99.0) == 9.0


def test_another_face_interrupts_and_another_file_begins_anew() -> None:
    course, before = Course(), Shown()
    for i, face in enumerate((1, 1, 2)):
        shown = Shown(make_reading((make_face(face_id=face),), index=i), selected=face)
        course.note(shown, float(i), before)
        before = shown
    assert np.isnan(course.window(-1, 9)[1][0]).tolist() == [False, False, True, False]
    course.note(before, 0.5, before)
    assert course.first_time == 0.5, "the time of a file that was started again"


def test_the_view_zooms_scrolls_and_comes_back() -> None:
    view = TimeView()
    assert view.follows
    assert view.edges(100.0) == (80.0, 100.0)
    view.zoom(-2, 50.0, 0.0, 100.0)
    assert view.end is None, "zooming out keeps now in view"
    assert view.span > 30
    view.zoom(-50, None, 0.0, 100.0)
    assert view.edges(100.0) == (0.0, 100.0), "no farther back than there is anything"
    view.zoom(3, 40.0, 0.0, 100.0)
    first, last = view.edges(120.0)
    assert first < 40 < last < 100
    view.shift(-1000, 0.0, 120.0)
    assert view.edges(120.0)[0] == pytest.approx(0.0)
    view.shift(1000, 0.0, 120.0)
    assert view.end is None
    view.show(10.0, 0.0, 130.0)
    assert view.edges(200.0)[0] <= 10.0 <= view.edges(200.0)[1], "it stands still"
    view.follow()
    assert view.follows
