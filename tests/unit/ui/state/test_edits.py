"""Edits of a session: written at once, taken back and done again as they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferdesk.session.records import CorrectionRecord, EventRecord, SessionState
from ferdesk.session.schema import SessionError
from ferdesk.session.store import Store
from ferdesk.ui.state.edits import Change, Edits
from ferdesk.ui.state.recording_plan import size
from ferdesk.ui.state.stretch import Stretch, same_label


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.create(tmp_path / "session.db")
    made.set_fact("state", SessionState.COMPLETE)
    made.commit()
    return made


def test_undo_and_redo_restore_what_was_there(store: Store) -> None:
    edits = Edits(store)
    edits.apply("add an event", Change(None, EventRecord(1.0, "start")))
    event = store.events()[0]
    edits.apply("change", Change(event, replace(event, label="begin", duration=2.0)))
    edits.apply("correct", Change(None, CorrectionRecord(0.5, 1.0, "fear", 1)))
    edits.apply("delete", Change(store.events()[0], None))
    assert store.events() == []
    edits.undo()
    assert store.events() == [replace(event, label="begin", duration=2.0)]
    edits.undo()
    edits.undo()
    assert store.events() == [event]
    assert store.corrections() == []
    assert (edits.undo_text, edits.redo_text) == ("add an event", "change")
    for _ in range(3):
        edits.redo()
    assert store.events() == []
    assert [c.label for c in store.corrections()] == ["fear"]
    edits.undo()
    edits.apply("add another", Change(None, EventRecord(3.0, "other")))
    assert edits.redo_text == "", "what was taken back is gone with the next edit"


def test_an_event_added_again_is_deleted_by_the_next_undo(store: Store) -> None:
    edits = Edits(store)
    edits.apply("add", Change(None, EventRecord(1.0, "start")))
    for _ in range(3):
        edits.undo()
        assert store.events() == []
        edits.redo()
        assert [e.label for e in store.events()] == ["start"]


def test_another_connection_sees_an_edit_at_once(store: Store) -> None:
    Edits(store).apply("add", Change(None, EventRecord(1.0, "start")))
    other = Store.open(store.path)
    assert [e.label for e in other.events()] == ["start"]
    other.close()


def test_a_refused_edit_is_no_edit(store: Store) -> None:
    store.commit()
    store.settle()
    store.close()
    edits = Edits(Store.open(store.path, read_only=True))
    with pytest.raises(SessionError, match="cannot be changed"):
        edits.apply("add", Change(None, EventRecord(1.0, "start")))
    assert edits.undo_text == ""


def test_the_stretch_of_one_label_ends_at_another_label_and_at_gaps() -> None:
    times = np.array([0.0, 0.1, 0.2, 0.3, 2.0, 2.1])
    answers = np.array([1, 1, 3, 3, 3, 3])
    assert same_label(times, answers, 0.05, 0.5) == (0.0, 0.1)
    assert same_label(times, answers, 0.25, 0.5) == (0.2, 0.3)
    assert same_label(times, answers, 2.1, 0.5) == (2.0, 2.1)
    assert same_label(times, answers, 1.5, 0.5) is None
    assert Stretch.between(3.0, 1.0).duration == 2.0


def test_words_for_sizes() -> None:
    assert [size(n) for n in (4_200_000, 77e9, 1500)] == ["4.2 MB", "77 GB", "2 kB"]
