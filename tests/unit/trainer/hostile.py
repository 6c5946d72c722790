"""A name that tries everything against a page, and what must have become of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

NAME = (
    "<script>alert(1)</script>|\"><img src='x' onerror=alert(2)>\n"
    "# `a` ``b`` [c](http://d.test) **e**"
)


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)
        self.text += data


def check_html(page: str, scripts: int = 0) -> None:
    """The name is shown as it is, and is neither a tag nor an attribute nor a script."""
    read = _Reader(page)
    assert read.tags.count("script") == scripts
    assert not [key for key, _ in read.attributes if key.startswith("on")]
    assert not [value for key, value in read.attributes if key == "src" and value == "x"]
    assert not [script for script in read.scripts if script.startswith("alert(1)")]
    assert NAME in read.text or scripts, "with a script the name stands in its data"


def check_markdown(text: str) -> None:
    """The name is there without marks that Markdown or HTML would follow; rows keep their cells."""
    assert "script>alert(1)" in text
    rows = text.splitlines()
    assert not [row for row in rows if row.startswith("# `")]
    # Without code spans and escaped characters nothing of it may be left.
    left = re.sub(r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    left = re.sub(r"\\.", "", left)
    for mark in ("<script", "<img", "](http", "`"):
        assert mark not in left, mark
    for head, row in zip(rows, rows[2:], strict=False):
        if head.startswith("|") and "script" in row and row.startswith("|"):
            assert row.replace("\\|", "").count("|") == head.replace("\\|", "").count("|")
