"""Which of several faces is shown."""

from __future__ import annotations

from ferdesk.ui.state.selection import FaceSelection
from tests.qt.readings import make_face, make_reading


def test_the_largest_face_is_shown_until_one_is_chosen() -> None:
    selection = FaceSelection()
    one, two, three = (make_face(i) for i in (1, 2, 3))
    assert selection.pick(make_reading((two, one, three), captured_at=0.0)) == 2
    selection.choose(3)
    assert selection.pick(make_reading((two, one, three), captured_at=0.1)) == 3
    # Out of sight for a moment: nobody takes its place. For longer: the largest does.
    assert selection.pick(make_reading((two, one), captured_at=0.9)) == 3
    assert selection.pick(make_reading((two, one), captured_at=1.2)) == 2
    assert selection.step(1) == 1
    assert selection.step(-1) == 2
    selection.choose(99)
    assert selection.current == 2
