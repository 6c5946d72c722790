"""A run's report: ``report/index.html`` and ``report/report.md``."""

from __future__ import annotations

from pathlib import Path

from ferdesk.files import make_folder
from trainer.report.answers import answers, embeddings
from trainer.report.document import write_document
from trainer.report.overview import facts, result
from trainer.report.pictures import pictures
from trainer.report.progress import training
from trainer.report.purifying import purifying
from trainer.report.record import read_record


def write_report(run: Path, cache: Path | None = None) -> Path:
    """Write the report of a run, finished or not, and return the path of its page.

    With `cache`, the hardest and the most suspicious pictures are shown where that folder has the
    run's data set; the page then holds pictures of the data set and stays in the run's folder.
    Raises FerdeskError for a folder that is no run, damaged files, and a folder that may not be
    written.
    """
    record = read_record(run)
    sections = [
        result(record),
        training(record),
        *purifying(record),
        *answers(record),
        *embeddings(record),
        *pictures(record, cache),
        facts(record),
    ]
    title = f"{record.summary.name}: report of the run"
    folder = run / "report"
    make_folder(folder)
    return write_document(folder, "report", title, sections)
