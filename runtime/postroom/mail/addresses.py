"""Address fields (RFC 5322 §3.4) read for showing, leniently and in linear time; decisions use the strict grammar.

Encoded words are decoded only after the field was split, and never in an addr-spec: a decoded comma or bracket would
make another address of it.
"""

from __future__ import annotations

import re

from postroom.mail.charsets import one_line
from postroom.mail.encoded_words import decode_words
from postroom.mail.limits import LIMITS
from postroom.mail.message import Address

_SPECIAL = re.compile(r'[",;:<>()\\]')
_PLAIN = re.compile(r"([^\x00-\x1f\",;:<>()\\@]*)<([^\s\",;:<>()\\@]+@[^\s\",;:<>()\\@]+)>")
_QUOTING = re.compile(r'\\(.)|"')
_BLANK = re.compile(r"[\x00-\x20\x7f\u0080-\u00a0\u2028\u2029]+")
_LONGEST = 998


def parse_addresses(value: str, limit: int = LIMITS.addresses) -> tuple[Address, ...]:
    """The mailboxes of the field, groups opened (RFC 5322 §3.4); what cannot be read keeps its text as `addr`."""
    if match := _PLAIN.fullmatch(value.strip()):
        return (Address(match[2], _name(match[1])),)
    found: list[Address] = []
    for mailbox in _Splitter(value, limit).mailboxes():
        address = mailbox.address()
        if address.addr:
            found.append(address)
    return tuple(found)


class _Mailbox:
    """The pieces of one mailbox as they are met: words, comments, and what stood in angle brackets."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.comments: list[str] = []
        self.angle: list[str] = []
        self.has_angle = False
        self.route = False
        self.complete = False
        """Whether the brackets hold an address already, so that a comma after it means they were not closed."""

    def take_angle(self, text: str) -> None:
        self.route = self.route or (not self.angle and text.lstrip().startswith("@"))
        self.complete = not self.route and (self.complete or "@" in text)
        self.angle.append(text)

    def address(self) -> Address:
        words = "".join(self.words)
        if self.has_angle:
            return Address(_addr_spec("".join(self.angle)), _name(words) or _name("".join(self.comments)))
        return _bare(words, _name("".join(self.comments)))


class _Splitter:
    """Cuts a field at the commas that separate mailboxes; one step for each special character."""

    def __init__(self, value: str, limit: int) -> None:
        self.value = value
        self.limit = limit
        self.found: list[_Mailbox] = []
        self.now = _Mailbox()
        self.quoted = False
        self.in_angle = False
        self.depth = 0

    def mailboxes(self) -> list[_Mailbox]:
        at, skip = 0, -1
        for mark in _SPECIAL.finditer(self.value):
            if mark.start() <= skip:
                continue
            self._text(self.value[at : mark.start()])
            at = mark.end()
            if mark[0] == "\\":
                skip = at
                self._text(self.value[mark.start() : at + 1])
                at += 1
            else:
                self._special(mark[0])
            if len(self.found) >= self.limit:
                return self.found
        self._text(self.value[at:])
        return [*self.found, self.now]

    def _text(self, text: str) -> None:
        if self.depth:
            self.now.comments.append(text)
        elif self.in_angle:
            self.now.take_angle(text)
        else:
            self.now.words.append(text)

    def _special(self, char: str) -> None:
        if self.quoted or char == '"':
            self._quote(char)
        elif char in "()":
            self._comment(char)
        elif self.depth:
            self._text(char)
        elif char in "<>":
            self._bracket(char)
        else:
            self._separator(char)

    def _quote(self, char: str) -> None:
        if char == '"' and not self.depth:
            self.quoted = not self.quoted
        self._text(char)

    def _comment(self, char: str) -> None:
        if char == ")":
            (self.now.comments if self.depth else self.now.words).append(" ")
        self.depth = max(0, self.depth + (1 if char == "(" else -1))

    def _bracket(self, char: str) -> None:
        if char == "<" and not self.in_angle:
            if self.now.has_angle:
                # `<a> <b>` without a comma is two mailboxes written carelessly; the second shows as its own.
                self._next()
            self.now.has_angle = True
            self.in_angle = True
        elif char == ">":
            self.in_angle = False

    def _separator(self, char: str) -> None:
        if char == ":" and not self.in_angle:
            # RFC 5322 §3.4: what stands before the colon of a group is its name.
            self.now = _Mailbox()
        elif self.in_angle and not self.now.complete:
            self._text(char)
            # RFC 5322 §4.4: the commas of an obsolete source route are inside the brackets; a colon ends it.
            self.now.route = self.now.route and char != ":"
        else:
            self.in_angle = False
            self._next()

    def _next(self) -> None:
        self.found.append(self.now)
        self.now = _Mailbox()


def _addr_spec(text: str) -> str:
    spec = _BLANK.sub("", text)
    # RFC 5322 §4.4: an obsolete source route ends with a colon and is ignored.
    if spec.startswith("@") and ":" in spec:
        spec = spec.partition(":")[2]
    return spec[:_LONGEST]


def _bare(words: str, comment: str) -> Address:
    """A mailbox without angle brackets: its one word with an at-sign, or all of it where none or several have one."""
    tokens = words.split()
    if len(tokens) > 1 and '"' not in words:
        with_at = [token for token in tokens if "@" in token.strip("@")]
        if len(with_at) == 1:
            rest = " ".join(token for token in tokens if token != with_at[0])
            return Address(with_at[0][:_LONGEST], _name(rest) or comment)
    return Address(" ".join(tokens)[:_LONGEST], comment)


def _name(text: str) -> str:
    """A display name for eyes: quotes taken off, escapes and encoded words read, on one line."""
    text = text.strip()
    if '"' in text:
        text = _QUOTING.sub(r"\1", text)
    return one_line(decode_words(text))[:_LONGEST]
