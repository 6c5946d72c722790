"""`ferdesk doctor`: what is installed, what works, and what to do about what does not."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Callable

from ferdesk.commands.doctor import checks, probes
from ferdesk.commands.doctor.report import Check, Report, Section, Status, format_report

__all__ = ["Check", "Report", "Section", "Status", "collect", "format_report", "main"]


def main(json: bool = False) -> int:
    """Print the report, as text or as JSON; returns 1 when a check failed, else 0."""
    report = collect()
    text = jsonlib.dumps(report.to_dict(), indent=2) if json else format_report(report)
    sys.stdout.write(text + "\n")
    return 1 if report.failed else 0


def collect() -> Report:
    """Run every check. Takes some seconds and never raises: what breaks is in the report."""
    return Report(
        (
            Section(
                "System", (*_guard("system", checks.system), *_guard("threads", checks.threads))
            ),
            Section("Packages", (*_guard("packages", checks.packages), *probes.run("cv2"))),
            Section("Window", _guard("window", _window)),
            Section(
                "Faces",
                (*_guard("landmark model", checks.task_file), *probes.run("landmarker")),
            ),
            Section("Model", probes.run("model")),
            Section("Cameras", probes.run("cameras")),
            Section("Files", probes.run("files")),
            Section("Streams", probes.run("streams")),
        )
    )


def _window() -> tuple[Check, ...]:
    screen = checks.display()
    # Without a display Qt's own choice of plugin would abort, which says nothing new.
    native = (probes.qt(),) if screen.status is Status.OK else ()
    return (screen, probes.qt("offscreen"), *native)


def _guard(name: str, check: Callable[[], tuple[Check, ...]]) -> tuple[Check, ...]:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  # a doctor has to survive the patient
        return (Check(name, Status.FAIL, checks.sentence(error)),)
