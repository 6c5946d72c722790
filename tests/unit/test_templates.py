"""What a template is given is text, whatever it looks like."""

import pytest
from jinja2 import UndefinedError

from ferdesk.templates import markdown_code, markdown_text, render


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("t_g of image_01 is 3 < 4", "t_g of image_01 is 3 \\< 4"),
        ("_all_ & &lt; 5*", "\\_all\\_ & \\&lt; 5\\*"),
        ("q[label]", "q[label]"),
        ("[a](b) ![c][d]", "[a\\](b) ![c\\][d]"),
        ("a\r\n\tb", "a b"),
        ("# a # > b", "\\# a # > b"),
        ("\n> +1", " \\> +1"),
    ],
)
def test_markdown_escapes_only_what_would_be_followed(text: str, shown: str) -> None:
    assert markdown_text(text) == shown


def test_code_spans_hold_any_name() -> None:
    assert markdown_code("a.png") == "`a.png`"
    assert markdown_code("a`b") == "``a`b``"
    assert markdown_code("`a|b`") == "`` `a\\|b` ``"


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="sections"):
        render("trainer/report/page.md.j2", title="A page")
