"""What the HTML of a mail says of quotes and signatures, told to its text rendering as plain text tells it.

Quoted blocks get `> ` (RFC 3676 §4.5), a ruled line is underscores, a signature at the end gets its `-- `. A block that
is only indented is no quote: people indent their own words too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from resiliparse.parse.html import ElementNode, HTMLTree

from postroom.mail import reply_marks

_QUOTE, _INDENT, _SIGNATURE = "\ue000", "\ue001", "\ue002"
_END = "\ue003"
_MARKS = (_QUOTE, _INDENT, _SIGNATURE, _END)
_QUOTES = (
    ".yahoo_quoted, #mail-editor-reference-message-container, .ntes-mailmaster-quote, #isReplyContent,"
    " .sh-quoted-content"
)
_SIGNATURES = (
    "#Signature, .gmail_signature, .moz-signature, #AppleMailSignature, #ms-outlook-mobile-signature,"
    " .protonmail_signature_block"
)
_RULE = "_" * 32
_MOST = 50
_DEEPEST = 10
_LONGEST_SIGNATURE = 15


def mark(tree: HTMLTree) -> None:
    """Write lines of marks into the document, where quotes, signatures and rules begin and end."""
    body = cast("ElementNode", tree.body)
    # The time of a change grows with their number and depth; the outermost blocks come first.
    for block in body.query_selector_all("blockquote")[:_MOST]:
        _enclose(tree, block, _QUOTE if _is_quote(block) else _INDENT)
    for block in body.query_selector_all(_QUOTES)[:_MOST]:
        _enclose(tree, block, _QUOTE)
    for block in body.query_selector_all(_SIGNATURES)[:_MOST]:
        _enclose(tree, block, _SIGNATURE)
    for rule in body.query_selector_all("hr")[:_MOST]:
        cast("ElementNode", rule.parent).insert_before(_line(tree, _RULE), rule)


def marked(lines: Iterable[str]) -> list[str]:
    """The lines of the rendered document, with what plain text has in place of the marks."""
    page = _Page()
    for line in lines:
        if line in _MARKS:
            page.turn(line)
        else:
            page.write(line.translate(_UNMARKED))
    return page.signed()


_UNMARKED = dict.fromkeys(map(ord, _MARKS))


def _is_quote(block: ElementNode) -> bool:
    style = "".join((block.getattr("style") or "").casefold().split())
    named = "quote" in (block.getattr("class") or "").casefold() or block.getattr("cite") is not None
    ruled = "border-left:" in style and "border-left:none" not in style and "border-left:0" not in style
    return (block.getattr("type") or "").casefold() == "cite" or named or ruled


def _enclose(tree: HTMLTree, block: ElementNode, begin: str) -> None:
    if block.first_child is not None:
        block.insert_before(_line(tree, begin), block.first_child)
        block.append_child(_line(tree, _END))


def _line(tree: HTMLTree, text: str) -> ElementNode:
    paragraph = cast("ElementNode", tree.create_element("p"))
    paragraph.text = text
    return paragraph


class _Page:
    """Lines in the making; lives for one call of `marked`."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._open: list[tuple[str, int]] = []
        self._depth = 0
        self._signatures: list[tuple[int, int]] = []

    def turn(self, mark: str) -> None:
        """A block begins, or the innermost ends; an end without a beginning is none of ours."""
        if mark != _END:
            mark = _QUOTE if mark == _INDENT and self._answers() else mark
            self._open.append((mark, len(self._lines)))
            self._depth += mark == _QUOTE
        elif self._open:
            begun, start = self._open.pop()
            while len(self._lines) > start and not self._lines[-1].strip("> "):
                self._lines.pop()
            self._depth -= begun == _QUOTE
            if begun == _SIGNATURE and not self._depth:
                self._signatures.append((start, len(self._lines)))

    def write(self, line: str) -> None:
        if not line and self._open and self._open[-1][1] == len(self._lines):
            return
        marks = ">" * min(self._depth, _DEEPEST)
        self._lines.append(f"{marks} {line}".rstrip() if marks else line)

    def _answers(self) -> bool:
        """Whether the line before says who wrote what follows."""
        before = next((line for line in reversed(self._lines[-3:]) if line), "")
        return reply_marks.attribution(before) is not reply_marks.Certainty.NO

    def signed(self) -> list[str]:
        """The lines, with the signature mark before a signature under which nobody wrote."""
        for start, end in self._signatures[-1:]:
            if self._is_signature(start, end):
                self._lines.insert(start, "-- ")
        return self._lines

    def _is_signature(self, start: int, end: int) -> bool:
        above = [line for line in self._lines[:start] if line]
        inside = [line for line in self._lines[start:end] if line]
        if not above or reply_marks.is_signature_mark(above[-1]) or not 0 < len(inside) <= _LONGEST_SIGNATURE:
            return False
        if any(reply_marks.is_quoted(line) or reply_marks.is_signature_mark(line) for line in inside):
            return False
        below = next((line for line in self._lines[end:] if line), "")
        return not below or _begins_quote(below)


def _begins_quote(line: str) -> bool:
    return (
        reply_marks.is_quoted(line)
        or reply_marks.is_rule(line)
        or reply_marks.is_original_line(line)
        or reply_marks.field_of(line) is not None
        or reply_marks.attribution(line) is not reply_marks.Certainty.NO
    )
