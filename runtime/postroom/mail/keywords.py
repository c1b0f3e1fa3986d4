"""The words that lead a customer to an agent: literals looked for in one pass over what he wrote anew.

All literals are one automaton (Aho and Corasick, 1975) over folded symbols: the time is linear in the text and does not
depend on how many literals there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from postroom.mail.folding import folded
from postroom.mail.message import Message
from postroom.mail.quotes import new_text
from postroom.mail.topics import topic

_LONGEST = 256 * 1024
_SHOWN = 60


class KeywordHit(Struct, frozen=True, kw_only=True):
    """The first keyword of a mail: as it is configured, where it was read, and as the customer wrote it.

    `at` counts characters in the new text, or in the subject.
    """

    keyword: str
    where: Literal["subject", "text"]
    at: int
    written: str

    @property
    def evidence(self) -> str:
        """One line for the trace; it carries the configured word and no other text of the mail."""
        return f"keyword {self.keyword!r} in the {self.where}, character {self.at + 1}"


class Found(Struct, frozen=True):
    """A keyword in a text, which has it from `start` up to `end`."""

    keyword: str
    start: int
    end: int


@dataclass(frozen=True)
class Keywords:
    """Literals made ready for looking; what folds to nothing is left out, and of equal ones the first counts."""

    moves: Mapping[tuple[int, str], int] = field(repr=False, default_factory=dict)
    """The next state by state and symbol, where a literal goes on so."""
    falls: tuple[int, ...] = field(repr=False, default=(0,))
    """By state, the state of the longest end of it with which a literal begins."""
    ends: Mapping[int, tuple[str, int]] = field(repr=False, default_factory=dict)
    """By state, the longest literal that is complete there, and its symbols."""

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.ends)

    def first(self, text: str) -> Found | None:
        """The keyword that is complete first, and of several the longest."""
        if not self:
            return None
        symbols, starts = folded(text)
        state = 0
        for place, symbol in enumerate(symbols):
            state = self._next(state, symbol)
            found = self.ends.get(state)
            if found is not None:
                keyword, length = found
                after = place + 1
                return Found(keyword, starts[after - length], starts[after] if after < len(starts) else len(text))
        return None

    def _next(self, state: int, symbol: str) -> int:
        """Each fall shortens what every earlier move has lengthened by one, so all moves together are linear."""
        moved = self.moves.get((state, symbol))
        while moved is None and state:
            state = self.falls[state]
            moved = self.moves.get((state, symbol))
        return moved or 0


def compiled(literals: Iterable[str]) -> Keywords:
    """Make literals ready; the work is linear in their length."""
    moves: dict[tuple[int, str], int] = {}
    ends: dict[int, tuple[str, int]] = {}
    before: list[tuple[int, str]] = [(0, "")]
    """By state, the state it is reached from and by which symbol."""
    depth = [0]
    for literal in literals:
        symbols, _ = folded(literal)
        state = 0
        for symbol in symbols:
            reached = moves.setdefault((state, symbol), len(before))
            if reached == len(before):
                before.append((state, symbol))
                depth.append(depth[state] + 1)
            state = reached
        if symbols:
            ends.setdefault(state, (literal, len(symbols)))
    return Keywords(moves, _falls(moves, ends, before, depth), ends)


def _falls(
    moves: Mapping[tuple[int, str], int],
    ends: dict[int, tuple[str, int]],
    before: list[tuple[int, str]],
    depth: list[int],
) -> tuple[int, ...]:
    """Find where each state falls to, nearest to the root first, and let it end what ends there."""
    falls = [0] * len(before)
    for state in sorted(range(1, len(before)), key=depth.__getitem__):
        parent, symbol = before[state]
        at = falls[parent]
        while at and (at, symbol) not in moves:
            at = falls[at]
        reached = moves.get((at, symbol), 0)
        falls[state] = reached if reached != state else 0
        if falls[state] in ends:
            ends.setdefault(state, ends[falls[state]])
    return tuple(falls)


def keyword_in(message: Message, keywords: Keywords, previous_subject: str | None) -> KeywordHit | None:
    """The first keyword of the mail: in its subject where that is new, else in its new text, or None.

    `previous_subject` is that of the conversation's mail before it, None where this is the first. Quotes, signatures
    and what lies beyond the first 256 ki characters are never looked at.
    """
    if not keywords:
        return None
    subject = message.subject if is_new_subject(message.subject, previous_subject) else ""
    return _hit(keywords, topic(subject), "subject") or _hit(keywords, new_text(message.text).new, "text")


def is_new_subject(subject: str, previous: str | None) -> bool:
    """Whether it speaks of something else than the one before, beside `Re:` and the like; the first one does."""
    return previous is None or folded(topic(subject))[0] != folded(topic(previous))[0]


def _hit(keywords: Keywords, text: str, where: Literal["subject", "text"]) -> KeywordHit | None:
    found = keywords.first(text[:_LONGEST])
    if found is None:
        return None
    written = " ".join(text[found.start : found.end].split())[:_SHOWN]
    return KeywordHit(keyword=found.keyword, where=where, at=found.start, written=written)
