"""HTML of a mail rendered to plain text to read and search; it never sanitises, and its output is never markup."""

from __future__ import annotations

import re

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLParserException, HTMLTree

from postroom.mail.charsets import clean
from postroom.mail.html_quotes import mark, marked
from postroom.mail.limits import LIMITS

_TAG = re.compile(r"<[^<>]{0,2000}>")
_BLANK_LINES = re.compile(r"\n{3,}")
_META = re.compile(rb"<meta[^<>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_META_WITHIN = 2048
_MOST_TAGS = 20_000


def html_to_text(html: str, limit: int = LIMITS.html_rendered) -> str:
    """The visible text of the first `limit` characters, blocks on lines of their own, quotes marked."""
    html = clean(html[:limit])
    # Unclosed formatting elements are opened again in each block, which costs the square of their number.
    text = _TAG.sub(" ", html) if html.count("<") > _MOST_TAGS else _rendered(html)
    lines = marked(line.rstrip() for line in clean(text).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _rendered(html: str) -> str:
    try:
        tree = HTMLTree.parse(html)
        mark(tree)
        return extract_plain_text(tree, preserve_formatting=True, alt_texts=False)
    except HTMLParserException:
        return _TAG.sub(" ", html)


def meta_charset(html: bytes) -> str:
    """The charset the document names itself, or nothing; it counts only where the part names none."""
    match = _META.search(html, 0, _META_WITHIN)
    return match[1].decode("ascii") if match else ""
