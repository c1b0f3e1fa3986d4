"""Sorts the lines of a reply into new, quoted and signature; it only looks at marks and changes no line.

One pass, each line looked at a bounded number of times, and most of them only once: where nothing could be a mark, the
line is new. It is careful: what nothing marks as old is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from postroom.mail import reply_marks
from postroom.mail.reply_marks import Certainty

Kind = Literal["new", "quoted", "signature"]

_WRAPPED = 4
"""Over how many lines an attribution may be wrapped."""
_FIELDS_WITHIN = 8
"""Within how many lines of From the other fields of a quoted header must stand."""
_HEADER_LINES = 14
"""How many lines a quoted header may have, the blank ones after it included."""
_ENOUGH_FIELDS = 2
_LONGEST_SIGNATURE = 12
"""Lines that are not blank under two hyphens without their space, which people also draw between their own words."""


def sort(lines: Sequence[str]) -> list[Kind]:
    """What each line is."""
    beginnings = _beginnings(lines)
    if not beginnings:
        return ["new"] * len(lines)
    sorter = _Sorter(lines, frozenset(beginnings))
    for at in beginnings:
        if at >= len(sorter.kinds):
            sorter.pass_by(at)
            sorter.step(at)
    sorter.pass_by(len(lines))
    return sorter.kinds


def _beginnings(lines: Sequence[str]) -> list[int]:
    """Where a quote or signature could begin: lines that could be a mark, and those an attribution may run on from."""
    found: list[int] = []
    after = 0
    for at, line in enumerate(lines):
        if line and reply_marks.could_mark(line):
            found += range(max(after, at + 1 - _WRAPPED if reply_marks.could_end(line) else at), at + 1)
            after = at + 1
    return found


class _Sorter:
    """The kinds of the lines so far; lives for one call of `sort`."""

    def __init__(self, lines: Sequence[str], beginnings: frozenset[int]) -> None:
        self.lines = lines
        self.beginnings = beginnings
        self.kinds: list[Kind] = []
        self._quotes: dict[int, int] = {}
        """What `_quote` gave: a signature looks ahead to where a quote begins, and no line is judged twice."""

    def pass_by(self, until: int) -> None:
        """The lines up to that one are new."""
        self._add("new", until - len(self.kinds))

    def step(self, at: int) -> None:
        """Sort the line at `at` and those that belong to it."""
        line = self.lines[at]
        if not line or line.isspace():
            self._add("new", 1)
        elif length := self._quote(at):
            self._add("quoted", length)
        elif length := self._signature(at):
            self._add("signature", length)
        else:
            is_device = self._stands_last(at) and reply_marks.is_device_line(line)
            self._add("signature" if is_device else "new", 1)

    def _add(self, kind: Kind, count: int) -> None:
        self.kinds += [kind] * count

    def _quote(self, at: int) -> int:
        """How many lines the quote that begins here has, a line with a mark by itself; 0 where none begins."""
        if at not in self.beginnings:
            return 0
        if at not in self._quotes:
            self._quotes[at] = self._measure(at)
        return self._quotes[at]

    def _measure(self, at: int) -> int:
        line, rest = self.lines[at], len(self.lines) - at
        if not line:
            return 0
        if reply_marks.is_quoted(line):
            return 1
        if length := self._attribution(at):
            return length if self._is_marked(at + length) else rest
        return (self._header(at) or rest) if self._is_boundary(at) else 0

    def _signature(self, at: int) -> int:
        """How many lines the signature that begins here has: it goes on until a quote begins."""
        if not (reply_marks.is_signature_mark(self.lines[at]) or self._is_list_footer(at)):
            return 0
        most = _LONGEST_SIGNATURE if self.lines[at] == "--" else len(self.lines)
        end, written = at + 1, 0
        while end < len(self.lines) and not self._quote(end):
            written += bool(self.lines[end].strip())
            if written > most:
                return 0
            end += 1
        return end - at

    def _is_list_footer(self, at: int) -> bool:
        following = self.lines[at + 1] if at + 1 < len(self.lines) else ""
        return reply_marks.is_list_footer(self.lines[at], following)

    def _stands_last(self, at: int) -> bool:
        """Whether nothing follows directly, so that it is no line of a paragraph."""
        return at + 1 == len(self.lines) or not self.lines[at + 1].strip() or self._quote(at + 1) > 0

    def _attribution(self, at: int) -> int:
        """How many lines the attribution that begins here has; 0 where none does."""
        if self._is_attribution(self.lines[at], at + 1):
            return 1
        if not reply_marks.begins_attribution(self.lines[at]):
            return 0
        joined = self.lines[at]
        for length in range(2, min(_WRAPPED, len(self.lines) - at) + 1):
            line = self.lines[at + length - 1].strip()
            if not line or line.startswith("> ") or len(joined) > reply_marks.LONGEST_LINE:
                return 0
            joined = f"{joined} {line}"
            if self._is_attribution(joined, at + length):
                return 0 if self._begins_later(at, length) else length
        return 0

    def _is_attribution(self, text: str, end: int) -> bool:
        certainty = reply_marks.attribution(text)
        return certainty is Certainty.YES or (certainty is Certainty.IF_MARKED and self._is_marked(end))

    def _begins_later(self, at: int, length: int) -> bool:
        """Whether only the last of these lines are the attribution."""
        return any(
            reply_marks.begins_attribution(self.lines[n])
            and self._is_attribution(" ".join(self.lines[n : at + length]), at + length)
            for n in range(at + 1, at + length)
        )

    def _is_marked(self, at: int) -> bool:
        """Whether what follows is quoted with marks, so that lines without one are new."""
        for line in self.lines[at : at + _WRAPPED]:
            if line.strip():
                return reply_marks.is_quoted(line)
        return False

    def _is_boundary(self, at: int) -> bool:
        """A separator line, or the header of the quoted mail, after which everything is quoted."""
        line = self.lines[at]
        if reply_marks.is_original_line(line):
            return True
        if reply_marks.is_rule(line):
            after = range(at + 1, min(at + 4, len(self.lines)))
            return any(self._is_header(n) for n in after) or (
                reply_marks.is_long_rule(line) and self._is_foreign(at + 1)
            )
        return self._is_header(at)

    def _is_header(self, at: int) -> bool:
        """The fields of a quoted mail: From and at least two others shortly after it, or among the first three."""
        here = reply_marks.field_of(self.lines[at])
        if here is None:
            return False
        fields = [here, *map(reply_marks.field_of, self.lines[at + 1 : at + 1 + _FIELDS_WITHIN])]
        if here != "from":
            after = fields[1 : 1 + _ENOUGH_FIELDS]
            return None not in after and "from" in after and "@" in self.lines[at + 1 + after.index("from")]
        others = [field for field in fields[1:] if field not in {None, "from"}]
        if len(others) < _ENOUGH_FIELDS:
            return False
        # "From: Berlin, To: Paris, Date: 2 March" is a journey, not a mail.
        return not {"subject", "sent"}.isdisjoint(others) or any(
            field in {"from", "to"} and reply_marks.has_address(self.lines[at + n]) for n, field in enumerate(fields)
        )

    def _is_foreign(self, at: int) -> bool:
        """The fields of a quoted mail in a language not known here: who wrote it, then when, then two others."""
        fields = self.lines[at : at + 5]
        fields = fields[1:] if fields and not fields[0] else fields[:4]
        return (
            len(fields) == 4  # noqa: PLR2004 From, Sent, To, Subject
            and all(map(reply_marks.is_field_shaped, fields))
            and reply_marks.has_address(fields[0])
            and reply_marks.has_time(fields[1])
        )

    def _header(self, at: int) -> int:
        """How many lines stand between the boundary and quoted lines with marks; 0 where the quote has no marks."""
        for n, line in enumerate(self.lines[at : at + _HEADER_LINES]):
            if reply_marks.is_quoted(line):
                return n
            if n and line.strip() and not reply_marks.is_of_header(line):
                return 0
        return 0
