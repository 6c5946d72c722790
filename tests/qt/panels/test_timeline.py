"""The timeline marks what was unsure."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ferdesk.ui.panels.bands import runs
from ferdesk.ui.panels.timeline import TimelinePanel
from ferdesk.ui.state.history import History
from tests.qt.conftest import Bench
from tests.qt.readings import make_face, make_reading


def test_the_timeline_marks_what_was_unsure(judged: Bench) -> None:
    now = time.perf_counter()
    faces: list[tuple[float | None, float]] = [(0.9, 0.5), (0.3, 0.4), (0.2, 0.3), (0.7, 0.2)]
    for index, (reliability, ago) in enumerate(faces):
        face = make_face(reliability=reliability)
        judged.show(make_reading((face,), index=index, captured_at=now - ago))
    plot = judged.window.panels.timeline.plot
    assert len(plot.bands.runs) == 1
    begin, end = plot.bands.runs[0]
    assert end - begin == pytest.approx(0.2, abs=1e-3)
    # Another limit is applied to what was seen before, too.
    judged.window.panels.distribution.coverage.slider.setValue(0)
    judged.window.live.refresh_plots()
    assert plot.bands.runs == []
    plot._describe(float(plot._x[1]))
    assert "unsure" not in plot._readout.text()
    judged.window.panels.distribution.coverage.slider.setValue(1)
    judged.window.live.refresh_plots()
    plot._describe(float(plot._x[1]))
    assert "unsure" in plot._readout.text()


def test_runs_last_until_the_next_reading() -> None:
    x = np.arange(6.0)
    assert runs(x, np.array([0, 1, 1, 0, 0, 1], bool)) == [(1.0, 3.0), (5.0, 5.0)]
    assert runs(x, np.zeros(6, bool)) == []
    assert runs(x[:0], np.zeros(0, bool)) == []
    assert runs(x, np.ones(6, bool)) == [(0.0, 5.0)]


def test_times_of_a_file_are_named_as_such(bench: Bench) -> None:
    panel = bench.window.panels.timeline
    axis = panel.plot.item.getAxis("bottom")
    panel.set_seconds(20)
    history = History()
    history.add(72.0, make_face())
    panel.refresh(history, 72.5, of_file=True)
    names = {text: at for at, text in axis._tickLevels[0]}
    assert list(names) == ["0:55", "1:00", "1:05", "1:10"]
    assert names["1:10"] == pytest.approx(-2.5)
    panel.plot._describe(-0.5)
    assert "1:12.0" in panel.plot._readout.text()
    # The beginning of a file has no times before it.
    panel.refresh(history, 3.0, of_file=True)
    assert [text for _, text in axis._tickLevels[0]] == ["0:00"]
    panel.refresh(history, 72.5)
    assert axis._tickLevels[0][-1] == (0.0, "now")


def test_the_window_names_times_of_files_only(judged: Bench) -> None:
    judged.window.live.in_real_time = False
    judged.show(make_reading((make_face(),)))
    judged.window.live.refresh_plots()
    assert judged.window.panels.timeline.plot._of_file
    judged.window.live.in_real_time = True
    judged.window.live.refresh_plots()
    assert not judged.window.panels.timeline.plot._of_file


def test_the_legend_can_be_read_however_narrow_the_timeline_is(qtbot: QtBot) -> None:
    timeline = TimelinePanel({20: "20 s"})
    qtbot.addWidget(timeline)
    for width, titled in ((450, False), (520, True), (900, True)):
        timeline.resize(width, 170)
        timeline.show()
        qtbot.waitUntil(lambda titled=titled: timeline.title.isVisible() is titled)  # type: ignore[misc]
        assert timeline.width() == width, "it asks for no more room"
        for chip in timeline.chips:
            text = chip.text()[:3] if chip.short else chip.text()
            assert chip.width() >= chip.fontMetrics().horizontalAdvance(text) + 19
