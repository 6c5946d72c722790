"""The page says what the session holds, and nothing that was typed into it becomes HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from pypdfium2 import PdfDocument

from ferdesk import cli
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.session import report_words as words
from ferdesk.session.records import CANNOT_TELL, EXCLUDED, CorrectionRecord, EventRecord
from ferdesk.session.report import report
from ferdesk.session.report_page import page as page_of
from ferdesk.session.session import Session
from ferdesk.session.summary import WITHHELD, _student, around_events, courses


class Balanced(HTMLParser):
    """Raises for a tag that is closed and was not open."""

    VOID = frozenset({"meta", "br", "line", "rect", "path", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [v or "" for k, v in attrs if k in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [v or "" for k, v in attrs if k in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_shares_follow_labels_corrections_and_exclusions(session: Session) -> None:
    (course,) = courses(session)
    assert course.seconds == pytest.approx(4.8, abs=0.1)
    labels = session.readings()["label"]
    for i, name in enumerate(EXPRESSIONS):
        assert course.shares[i] == pytest.approx(np.mean(labels == name), abs=0.03)
    assert course.withheld == 0
    session.store.put(CorrectionRecord(0.0, 1.2, "disgust", face=1))
    session.store.put(CorrectionRecord(1.2, 1.2, CANNOT_TELL))
    session.store.put(CorrectionRecord(2.4, 2.4, EXCLUDED))
    (course,) = courses(session)
    assert course.seconds == pytest.approx(2.4, abs=0.1)
    assert course.withheld == pytest.approx(0.5, abs=0.03)
    assert course.shares[EXPRESSIONS.index("disgust")] == pytest.approx(1.0)
    assert set(course.labels[course.weights > 0]) == {EXPRESSIONS.index("disgust"), WITHHELD}
    session.close()


def test_the_mean_around_events(session: Session) -> None:
    for onset in (0.2, 1.8, 3.4):
        session.store.put(EventRecord(onset, "again"))
    session.store.put(EventRecord(1.0, "once"))
    again, once = around_events(session, face=1)
    assert (again.label, again.count, once.label) == ("again", 3, "once")
    assert again.mean.shape == (24, 7)
    known = ~np.isnan(again.mean[:, 0])
    assert np.allclose(again.mean[known].sum(axis=1), 1, atol=1e-4)
    assert np.isfinite(again.half_width).any()
    assert np.isnan(once.half_width).all()
    table = session.readings()
    inside = (table["time"] >= 1.0) & (table["time"] < 1.25)
    expected = table["probability_surprise"][inside].mean()
    bin_ = int(np.argmin(np.abs(once.times - 0.125)))
    assert once.mean[bin_, EXPRESSIONS.index("surprise")] == pytest.approx(expected, abs=1e-6)
    session.close()


def test_student_is_that_of_the_tables() -> None:
    degrees = {1: 12.706, 2: 4.303, 4: 2.776, 5: 2.571, 7: 2.365, 10: 2.228, 30: 2.042, 1000: 1.962}
    for freedom, value in degrees.items():
        assert _student(np.array([freedom + 1]))[0] == pytest.approx(value, abs=0.01)


def test_the_page_is_whole_and_escapes_what_people_typed(session: Session) -> None:
    session.store.put(EventRecord(0.5, "<script>alert(1)</script>", note='"><img src=x>'))
    page = page_of(report([session]))
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert parser.links == [], "nothing is loaded from anywhere"
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "It does not say what a person feels" in page
    shares = [float(x) for x in re.findall(r'class="number">([\d.]+) %</span>', page)]
    assert sum(shares) == pytest.approx(100, abs=0.4)
    session.close()


def test_several_sessions_side_by_side(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)
    out = tmp_path / "r.html"
    assert cli.run(["report", str(folder), str(folder)]) == 2
    assert "--out FILE" in capsys.readouterr().err
    assert cli.run(["report", str(folder), str(folder), "--out", str(out)]) == 0
    assert "Side by side" in out.read_text(encoding="utf-8")
    assert cli.run(["report", str(folder), "--out", str(out)]) == 2
    assert cli.run(["report", str(folder)]) == 0
    assert (folder / "report.html").is_file()
    assert cli.run(["report", str(folder), "--out", str(tmp_path / "r.docx")]) == 2
    assert "ends in .html or .pdf" in capsys.readouterr().err


def test_the_pdf_says_what_the_page_says(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)
    with Session.open(folder) as session:
        for i in range(60):
            session.store.put(EventRecord(i * 0.05, f"clip {i}", note="a long word " * 12))
        session.store.put(CorrectionRecord(1.0, 1.0, CANNOT_TELL))
        found = report([session, session])
    out = tmp_path / "r.pdf"
    assert cli.run(["report", str(folder), str(folder), "--out", str(out)]) == 0
    document = PdfDocument(out)
    pages = [sheet.get_textpage() for sheet in document]
    text = " ".join(" ".join(page.get_text_bounded() for page in pages).split())
    face = found.parts[0].faces[0]
    for expected in (
        words.INTRODUCTION,
        *words.LIMITS,
        words.face(face.seconds, face.withheld, face.reliability),
        *(f"{share:.1f} %" for _, _, share in face.shares),
        "clip 59",
        found.parts[0].facts[0][1],
    ):
        assert " ".join(expected.split()) in text
    assert face.withheld not in ("0.0 %", "–")
    for sheet, page in zip(document, pages, strict=True):
        boxes = [page.get_rect(i) for i in range(page.count_rects())]
        assert all(0 < x1 < x2 < sheet.get_width() for x1, _, x2, _ in boxes)
        assert all(0 < y1 < y2 < sheet.get_height() for _, y1, _, y2 in boxes)
