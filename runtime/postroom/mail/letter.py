"""The words of a mail an agent sends: what he typed, the signature below it, and below that what he answers.

Everything comes in as values and goes out as plain text and HTML; HTML that came by mail was cleaned by who hands it
in. A signature that already stands there, typed or quoted, is not written a second time.
"""

from __future__ import annotations

import html as markup
import re
from collections.abc import Mapping

from msgspec import Struct

from postroom.mail.quotes import segments
from postroom.mail.templates import Place, fill

_SEPARATOR = "-- "
"""RFC 3676 §4.3: by it readers know where a signature begins."""
_MARKS = re.compile(r"[> \t\u00a0]{0,200}")
_QUOTE_BEGINS = "<blockquote"
_QUOTE_ENDS = "</blockquote>"


class Words(Struct, frozen=True, kw_only=True):
    """A piece of a mail as plain text, and as HTML where it has any; a template of it has names in braces."""

    text: str
    html: str | None = None


def filled(template: Words, values: Mapping[str, str]) -> Words:
    """The template with its names replaced, each value escaped for where it lands."""
    rich = fill(template.html, values, Place.HTML) if template.html is not None else None
    return Words(text=fill(template.text, values), html=rich)


def letter(typed: Words, signature: Words | None = None, below: Words | None = None) -> Words:
    """The whole mail; it has HTML where any piece has."""
    held = typed.text if below is None else f"{typed.text}\n{below.text}"
    signed = signature if signature is not None and not has_signature(held, signature.text) else None
    pieces = tuple(piece for piece in (typed, signed, below) if piece is not None)
    text = _joined(_signed_text(typed.text, signed), below.text if below else "")
    if all(piece.html is None for piece in pieces):
        return Words(text=text)
    rich = _signed_html(_html_of(typed), signed)
    return Words(text=text, html=rich + (f"<br>\n{_html_of(below)}" if below else ""))


def has_signature(text: str, signature: str) -> bool:
    """Whether the lines of the signature stand in the text one after the other, quoted or not."""
    wanted = "\n".join(_bare_lines(signature))
    return not wanted or f"\n{wanted}\n" in "\n" + "\n".join(_bare_lines(text)) + "\n"


def as_html(text: str) -> str:
    """Plain text as HTML that shows the same."""
    return "<div>" + markup.escape(text.strip("\n")).replace("\n", "<br>\n") + "</div>"


def _html_of(piece: Words) -> str:
    return piece.html if piece.html is not None else as_html(piece.text)


def _bare_lines(text: str) -> list[str]:
    """Its lines that say something, without the marks of a quote and the line above a signature."""
    bare = (_MARKS.sub("", line, count=1).rstrip() for line in text.split("\n"))
    return [line for line in bare if line and line != _SEPARATOR.rstrip()]


def _joined(*pieces: str) -> str:
    return "\n\n".join(piece for piece in pieces if piece.strip())


def _signed_text(text: str, signature: Words | None) -> str:
    """The signature stands above what the agent quoted himself, else at the end."""
    if signature is None:
        return text
    cut = _quote_begins(text)
    signed = f"{text[:cut].rstrip()}\n\n{_SEPARATOR}\n{signature.text.strip()}".lstrip("\n")
    return _joined(signed, text[cut:].lstrip("\n"))


def _quote_begins(text: str) -> int:
    """Where the quote begins that the text ends with; its end where it ends with words of the agent's own."""
    cut = len(text)
    for piece in reversed(segments(text)):
        if piece.kind == "new" and text[piece.start : piece.end].strip():
            break
        cut = piece.start if piece.kind == "quoted" else cut
    return cut


def _signed_html(rich: str, signature: Words | None) -> str:
    if signature is None:
        return rich
    folded = rich.lower()
    begins, ends = folded.find(_QUOTE_BEGINS), folded.rfind(_QUOTE_ENDS)
    is_below = 0 <= begins < ends and not rich[ends + len(_QUOTE_ENDS) :].strip()
    cut = begins if is_below else len(rich)
    return f"{rich[:cut]}<br>\n<div>{_SEPARATOR}<br>\n{_html_of(signature)}</div>{rich[cut:]}"
