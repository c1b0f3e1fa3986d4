"""What of a mail's text is new, what is quoted and what is a signature; and the quote our own replies carry.

One pass over the lines, each looked at a bounded number of times. It is careful: what nothing marks as old is new.
"""

from __future__ import annotations

from msgspec import Struct

from postroom.mail import reply_marks

_LONGEST = 256 * 1024
_LONGEST_QUOTE = 64 * 1024
_WRAPPED = 4
"""Over how many lines an attribution may be wrapped."""
_FIELDS_WITHIN = 8
"""Within how many lines of From the other fields of a quoted header must stand."""
_ENOUGH_FIELDS = 2


class NewText(Struct, frozen=True, kw_only=True):
    """A text taken apart; each piece keeps the order of its lines."""

    new: str
    quoted: str = ""
    signature: str = ""


def new_text(text: str) -> NewText:
    """Take a reply apart; text beyond the first 256 ki characters counts as quoted."""
    lines = text[:_LONGEST].split("\n")
    sorter = _Sorter(lines)
    sorter.run()
    return NewText(
        new=_joined(sorter.new),
        quoted=_joined([*sorter.quoted, *([text[_LONGEST:]] if len(text) > _LONGEST else [])]),
        signature=_joined(sorter.signature),
    )


def quote(attribution: str, text: str) -> str:
    """The text with `> ` before each line under the attribution line, cut to 64 ki characters (RFC 3676 §4.5)."""
    lines = [f"> {line}".rstrip() if not line.startswith(">") else f">{line}" for line in text.strip().split("\n")]
    quoted = "\n".join([attribution.strip(), *lines])
    return quoted if len(quoted) <= _LONGEST_QUOTE else quoted[:_LONGEST_QUOTE].rpartition("\n")[0] + "\n> …"


class _Sorter:
    """Lays each line to one of three heaps; lives for one call of `new_text`."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.new: list[str] = []
        self.quoted: list[str] = []
        self.signature: list[str] = []

    def run(self) -> None:
        at = 0
        while at < len(self.lines):
            at = self._step(at)

    def _step(self, at: int) -> int:
        """Sort the line at `at` and those that belong to it; gives the next to look at."""
        line = self.lines[at]
        if reply_marks.is_quoted(line):
            return self._quote(at, at + 1)
        length = self._attribution(at)
        if length:
            return self._quote(at, at + length) if self._is_marked(at + length) else self._rest(at)
        if self._is_boundary(at):
            return self._rest(at)
        if reply_marks.is_signature_mark(line):
            return self._signature(at)
        if reply_marks.is_device_line(line):
            self.signature.append(line)
        else:
            self.new.append(line)
        return at + 1

    def _quote(self, start: int, end: int) -> int:
        self.quoted += self.lines[start:end]
        return end

    def _rest(self, at: int) -> int:
        """Where quoting without marks begins, nothing after it can be told from the quote."""
        return self._quote(at, len(self.lines))

    def _signature(self, at: int) -> int:
        """A signature goes on until a quote begins."""
        self.signature.append(self.lines[at])
        at += 1
        while at < len(self.lines) and not self._begins_quote(at):
            self.signature.append(self.lines[at])
            at += 1
        return at

    def _begins_quote(self, at: int) -> bool:
        return reply_marks.is_quoted(self.lines[at]) or bool(self._attribution(at)) or self._is_boundary(at)

    def _attribution(self, at: int) -> int:
        """How many lines the attribution that begins here has; 0 where none does."""
        if reply_marks.is_attribution(self.lines[at]):
            return 1
        if not reply_marks.begins_attribution(self.lines[at]):
            return 0
        joined = self.lines[at]
        for length in range(2, min(_WRAPPED, len(self.lines) - at) + 1):
            line = self.lines[at + length - 1].strip()
            if not line or line.startswith("> ") or len(joined) > reply_marks.LONGEST_LINE:
                return 0
            joined = f"{joined} {line}"
            if reply_marks.is_attribution(joined):
                return 0 if self._begins_later(at, length) else length
        return 0

    def _begins_later(self, at: int, length: int) -> bool:
        """Whether only the last of these lines are the attribution."""
        return any(
            reply_marks.begins_attribution(self.lines[n])
            and reply_marks.is_attribution(" ".join(self.lines[n : at + length]))
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
            return any(self._is_header(n) for n in range(at + 1, min(at + 4, len(self.lines))))
        return self._is_header(at)

    def _is_header(self, at: int) -> bool:
        """The fields of a quoted mail: From with at least two others shortly after it, or among them."""
        here = reply_marks.field_of(self.lines[at])
        if here is None:
            return False
        following = [reply_marks.field_of(line) for line in self.lines[at + 1 : at + 1 + _FIELDS_WITHIN]]
        if here == "from":
            return following.count("other") >= _ENOUGH_FIELDS
        after = following[:_ENOUGH_FIELDS]
        return None not in after and "from" in after and "@" in self.lines[at + 1 + after.index("from")]


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip()
