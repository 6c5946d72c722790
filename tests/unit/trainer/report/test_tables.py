"""Tables as Markdown and HTML, figures in them, and what is cited."""

from __future__ import annotations

import pytest

from tests.unit.trainer.hostile import NAME, check_html, check_markdown
from trainer.report.blocks import Gallery, Picture, Plot, Section, Text, Tile, Tiles
from trainer.report.cited import cited
from trainer.report.document import html, markdown
from trainer.report.published import TABLE_1
from trainer.report.tables import Table, interval, percent, plain, points, spread


def test_figures_are_rounded_and_absent_ones_are_a_dash() -> None:
    assert percent(0.87224) == "87.22"
    assert percent(None) == "–"
    assert spread(0.8722, 0.00314) == "87.22 ± 0.31"
    assert spread(0.8722, None) == "87.22"
    assert plain(None) == "–"
    assert interval((0.8604, 0.8838)) == "86.0 to 88.4"
    assert points(0.012, 0.004) == "+1.20 ± 0.40"
    assert points(-0.0865) == "−8.65"
    assert plain(0.91349) == "0.913"


def test_markdown_keeps_its_columns_whatever_is_in_a_cell() -> None:
    table = Table(("name", "n"), (("a|b", "1"), ("two\nlines", "2")), "How to read it.")
    page = markdown("Page", [Section("Part", (table,))])
    assert page.splitlines() == [
        "# Page", "", "## Part", "", "How to read it.", "", "| name | n |", "|---|---:|",
        "| a\\|b | 1 |", "| two lines | 2 |",
    ]  # fmt: skip


def test_html_shows_text_as_text() -> None:
    page = html("Page", [Section("Part", (Table(("<b>", "n"), (("<script>", "a & b"),)),))])
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "a &amp; b" in page


def test_no_block_lets_a_name_become_markup() -> None:
    blocks = (
        Text(NAME), Text(NAME, warning=True), Tiles((Tile(NAME, NAME, NAME),)),
        Table((NAME, "b"), ((NAME, NAME),), NAME), Gallery((Picture(NAME, (NAME,), "AAAA"),)),
        Plot(NAME, "<svg></svg>", NAME, Table(("", ""), ((NAME, NAME),))),
    )  # fmt: skip
    sections = [Section(NAME, (block,)) for block in blocks]
    page = html(NAME, sections)
    check_html(page)
    assert "<svg></svg>" in page, "drawings are trusted"
    check_markdown(markdown(NAME, sections))


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="3 cells in a table of 2"):
        Table(("a", "b"), (("1", "2", "3"),))


def test_the_papers_figures_are_the_printed_ones() -> None:
    assert {key: row.accuracy for key, row in TABLE_1.items()} == {
        "ours_baseline": 0.7143, "ours_dwmca": 0.7857,
    }  # fmt: skip
    _, table = cited("rafdb").blocks
    assert isinstance(table, Table)
    rows = {row[0]: row[1:4] for row in table.rows}
    assert rows["DWMCA+APCL"] == ("89.97", "89.13", "87.22")
    assert max(table.rows, key=lambda row: row[3])[0] == "OTP-NS"
    # NLA prints nothing at 20 %.
    assert rows["NLA"] == ("88.83", "–", "86.71")
