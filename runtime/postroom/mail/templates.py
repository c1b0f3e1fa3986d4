"""Texts with `{names}` in them: what may stand in one, and filling it in. There are no expressions.

A name is replaced once, by a value escaped for where it lands; what comes out is never read again. `{{` and `}}` are
the braces themselves. Whatever else stands in braces is a fault of the settings, and is left as it was written.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from itertools import islice

from msgspec import Struct

AUTOMATIC_NAMES: Mapping[str, str] = {
    "agent_name": "the agent who has the session; empty while nobody has it",
    "channel_name": "the channel",
    "from_address": "the address the reply comes from",
    "from_name": "the name it comes under",
    "next_opening": "when the channel is open next, in its time zone; empty where nobody can say",
    "queue": "the skill queue the session is in",
    "reference": "a short mark of the conversation",
    "tenant": "the tenant",
}
"""What may stand in an automatic reply. All of it is ours: by a name whose value came with a mail, anybody could have
us send his words to whomever he gives as the author. So there is none for the customer, the subject or the text."""

LETTER_NAMES: Mapping[str, str] = {
    "agent_name": "the agent who writes",
    "channel_name": "the channel",
    "from_address": "the address the mail comes from",
    "from_name": "the name it comes under",
    "reference": "a short mark of the conversation",
    "tenant": "the tenant",
}
"""What may stand in a signature."""

ANSWER_NAMES: Mapping[str, str] = {
    **LETTER_NAMES,
    "customer_address": "the customer's address",
    "customer_name": "the name the customer gives himself; his address where he gives none",
    "subject": "the subject of the conversation",
}
"""What may stand in a canned answer: an agent chooses it, so what came with the mail may be in it too."""

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}\n]{0,60})\}|[{}]")
_BRACES = {"{{": "{", "}}": "}"}
_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_LONGEST_VALUE = 300
_MOST_FAULTS = 20


class Place(Enum):
    """Where a template stands, which decides how values are escaped."""

    TEXT = "text"
    HTML = "html"
    HEADER = "header"


class Fault(Struct, frozen=True):
    """What is wrong in a template: the line of it, counted from 1, and the rule in words."""

    line: int
    words: str


def faults(template: str, names: Iterable[str]) -> tuple[Fault, ...]:
    """What stands in braces and is no name of the list, and braces that stand alone; the first of them, if many."""
    known = tuple(names)
    wrong = ((piece, words) for piece in _PIECE.finditer(template) if (words := _fault(piece, known)))
    return tuple(
        Fault(template.count("\n", 0, piece.start()) + 1, words) for piece, words in islice(wrong, _MOST_FAULTS)
    )


def fill(template: str, values: Mapping[str, str], place: Place = Place.TEXT) -> str:
    """The template with every name it knows replaced; total, and linear in the template."""

    def replaced(piece: re.Match[str]) -> str:
        value = values.get(piece[1] or "")
        if value is not None:
            return _escaped(value, place)
        return _BRACES.get(piece[0], piece[0])

    return _PIECE.sub(replaced, template)


def literal(text: str) -> str:
    """The template that comes out as this text."""
    return text.replace("{", "{{").replace("}", "}}")


def _fault(piece: re.Match[str], known: tuple[str, ...]) -> str:
    if piece[0] in _BRACES or piece[1] in known:
        return ""
    if piece[1] is None:
        return f"a `{piece[0]}` stands alone: a brace itself is written `{piece[0] * 2}`"
    close = get_close_matches(piece[1], known, n=1)
    hint = f"did you mean `{{{close[0]}}}`?" if close else "the names are " + ", ".join(sorted(known))
    return f"there is no name `{{{piece[1]}}}`: {hint}"


def _escaped(value: str, place: Place) -> str:
    """One line of plain text, whatever the value is: it must not begin a line, a tag or a header field."""
    line = _BLANK.sub(" ", value).strip()[:_LONGEST_VALUE]
    return html.escape(line) if place is Place.HTML else line
