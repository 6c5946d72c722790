"""What the doctor found, as values and as text."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final


class Status(StrEnum):
    """How one check came out."""

    OK = "ok"
    WARN = "warn"
    """ferdesk runs, with less than it could have."""
    FAIL = "fail"
    """Something that ferdesk needs does not work."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried; `message` is one sentence or one value."""

    name: str
    status: Status
    message: str


@dataclass(frozen=True, slots=True)
class Section:
    """Checks that belong together."""

    title: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the doctor found."""

    sections: tuple[Section, ...]

    @property
    def failed(self) -> bool:
        """True when any check failed; warnings do not count."""
        return self.count(Status.FAIL) > 0

    def count(self, status: Status) -> int:
        """How many checks came out as `status`."""
        return sum(check.status is status for s in self.sections for check in s.checks)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"failed": self.failed, "sections": [asdict(section) for section in self.sections]}


_MARKS: Final = {Status.OK: " ok ", Status.WARN: "warn", Status.FAIL: "FAIL"}


def format_report(report: Report) -> str:
    """The report as text for a terminal: a title a section, a line a check."""
    width = max((len(c.name) for s in report.sections for c in s.checks), default=0)
    lines: list[str] = []
    for section in report.sections:
        lines.append(section.title)
        lines += [f"  {_MARKS[c.status]}  {c.name:<{width}}  {c.message}" for c in section.checks]
        lines.append("")
    ok, warnings, failures = (report.count(status) for status in Status)
    lines.append(f"ok: {ok}, warnings: {warnings}, failures: {failures}")
    return "\n".join(lines)
