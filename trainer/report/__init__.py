"""One page about a run: everything that was measured, and how to read it."""

from trainer.report.page import write_report

__all__ = ["write_report"]
