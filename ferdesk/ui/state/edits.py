"""Edits of a session's events and corrections that can be undone; each is safe at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferdesk.session.store import Note, Store


@dataclass(frozen=True, slots=True)
class Change:
    """One event or correction before and after; None: it was, or is, not there."""

    before: Note | None
    after: Note | None


@dataclass(frozen=True, slots=True)
class _Edit:
    text: str
    changes: tuple[Change, ...]


class Edits:
    """Each edit is one transaction of the database: nothing is ever unsaved."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done: list[_Edit] = []
        self._undone: list[_Edit] = []

    @property
    def undo_text(self) -> str:
        """What `undo` would take back; "" when there is nothing."""
        return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        """What `redo` would do again; "" when there is nothing."""
        return self._undone[-1].text if self._undone else ""

    def apply(self, text: str, *changes: Change) -> None:
        """Do it; `text` names it ("add an event"). SessionError when the session refuses."""
        self._done.append(_Edit(text, self._write(changes)))
        self._undone.clear()

    def undo(self) -> None:
        """Take the last edit back. SessionError."""
        if self._done:
            edit = self._done[-1]
            self._write([Change(c.after, c.before) for c in reversed(edit.changes)])
            self._undone.append(self._done.pop())

    def redo(self) -> None:
        """Do again what was taken back last. SessionError."""
        if self._undone:
            self._write(self._undone[-1].changes)
            self._done.append(self._undone.pop())

    def _write(self, changes: list[Change] | tuple[Change, ...]) -> tuple[Change, ...]:
        written = []
        with self._store.editing():
            for change in changes:
                after = change.after
                if after is not None:
                    after = replace(after, id=self._store.put(after))
                elif change.before is not None:
                    self._store.remove(change.before)
                written.append(Change(change.before, after))
        return tuple(written)
