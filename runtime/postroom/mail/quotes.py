"""What of a mail's text is new, what is quoted and what is a signature; and the quote our own replies carry.

Nothing is taken away: a reader is shown every piece and may fold the old ones, decisions look at the new ones alone.
"""

from __future__ import annotations

from itertools import groupby

from msgspec import Struct

from postroom.mail.reply_lines import Kind, sort

_LONGEST = 256 * 1024
_LONGEST_QUOTE = 64 * 1024


class Segment(Struct, frozen=True):
    """A piece of a text, from `start` up to `end`: whole lines with their line ends."""

    kind: Kind
    start: int
    end: int


class NewText(Struct, frozen=True, kw_only=True):
    """A text taken apart; each piece keeps the order of its lines."""

    new: str
    quoted: str = ""
    signature: str = ""


def segments(text: str) -> tuple[Segment, ...]:
    """The text in order as pieces that touch and leave nothing out, neighbours of different kinds.

    What lies beyond the first 256 ki characters counts as quoted.
    """
    lines = text[:_LONGEST].split("\n")
    found: list[Segment] = []
    at = line = 0
    for kind, group in groupby(sort(lines)):
        start, count = at, len(list(group))
        at += sum(map(len, lines[line : line + count])) + count
        line += count
        found.append(Segment(kind, start, at))
    last = found.pop()
    if len(text) <= _LONGEST or last.kind == "quoted":
        found.append(Segment(last.kind, last.start, len(text)))
    else:
        found += [Segment(last.kind, last.start, _LONGEST), Segment("quoted", _LONGEST, len(text))]
    return tuple(piece for piece in found if piece.start < piece.end)


def new_text(text: str) -> NewText:
    """Take a reply apart; text beyond the first 256 ki characters counts as quoted."""
    pieces: dict[Kind, list[str]] = {"new": [], "quoted": [], "signature": []}
    for piece in segments(text):
        pieces[piece.kind].append(text[piece.start : piece.end])
    joined = {kind: "".join(texts).strip() for kind, texts in pieces.items()}
    return NewText(new=joined["new"], quoted=joined["quoted"], signature=joined["signature"])


def quote(attribution: str, text: str) -> str:
    """The text with `> ` before each line under the attribution line, cut to 64 ki characters (RFC 3676 §4.5)."""
    lines = [f"> {line}".rstrip() if not line.startswith(">") else f">{line}" for line in text.strip().split("\n")]
    quoted = "\n".join([attribution.strip(), *lines])
    return quoted if len(quoted) <= _LONGEST_QUOTE else quoted[:_LONGEST_QUOTE].rpartition("\n")[0] + "\n> …"
