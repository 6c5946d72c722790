"""Pages and documents from Jinja templates, which lie beside the module that fills them.

Autoescape is on for both formats: whatever a template is given is text, escaped for HTML in
``*.html.j2`` and for Markdown in ``*.md.j2``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_MARKS = re.compile(
    r"[\\`|<*~]"  # code, table columns, HTML, emphasis
    r"|\](?=[(\[:])"  # links and pictures
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # inside a word an underscore means nothing
    r"|&(?=#?\w+;)"
    r"|^[#>]|(?<=^ )[#>]"  # headings and quotations
)
_SPACE = re.compile(r"\s+")


def render(template: str, **values: Any) -> str:
    """The text of a template; `template` is its path, such as ``trainer/report/page.html.j2``.

    An `__html__` object (`markupsafe.Markup`) among the values is trusted and stands as it is. A
    value that the template names and `values` lacks raises jinja2.UndefinedError.
    """
    environment = _markdown() if template.endswith(".md.j2") else _environment()
    return environment.get_template(template).render(**values)


def markdown_text(value: Any) -> Markup:
    """One line of plain text that Markdown shows as it is, in a table's cell too."""
    if hasattr(value, "__html__"):
        return Markup(value)
    return Markup(_MARKS.sub(r"\\\g<0>", _one_line(value)))


def markdown_code(value: Any) -> Markup:
    """A code span that no backtick in `value` ends; a pipe in it splits no table row."""
    text = _one_line(value)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return Markup(f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|"))


def _one_line(value: Any) -> str:
    return _SPACE.sub(" ", str(value))


def _environment() -> Environment:
    return Environment(
        # Where the packages lie, in the checkout and where they are installed.
        loader=FileSystemLoader(Path(__file__).parents[1]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _markdown() -> Environment:
    """Escapes for Markdown what Jinja would escape for HTML: `finalize` comes first."""
    environment = _environment()
    environment.finalize = markdown_text
    environment.filters["code"] = markdown_code
    return environment
