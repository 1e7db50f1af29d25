"""Editors' Markdown as HTML that can do no harm: no raw HTML, no pictures from elsewhere."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

PAGE_HEADINGS = 2
"""A page has its own h1, and h2 above the text: a text's first heading is an h3."""


def to_html(text: str) -> Markup:
    tokens = _parser().parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + PAGE_HEADINGS, 6)}"
    # markdown-it escapes all text and refuses javascript: and data: addresses
    return Markup(_parser().renderer.render(tokens, _parser().options, {}))  # noqa: S704


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
