"""What a notification route asks of a mail, and whether it holds.

It is in charge of fields, operators and evidence. Texts compare case-folded, but for names of gateways; patterns are
RE2, so that no pattern and no mail can make a match slow. It never decides what becomes of the mail.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import Any, TypeAlias

import re2
from msgspec import Struct

from postroom.mail.encoded_words import decode_words
from postroom.mail.message import Header, Message

Pattern: TypeAlias = Any
"""A compiled pattern; RE2 comes without types."""
LONGEST_TEXT = 256 * 1024
"""Characters of a text that are looked at; what follows is not."""
LONGEST_PATTERN = 1000


class InvalidPattern(ValueError):
    """The pattern is not RE2; the text says why."""


class Field(Enum):
    """What of a mail a text condition looks at."""

    GATEWAY = "gateway"
    RECIPIENT = "recipient"
    SENDER = "sender"
    SUBJECT = "subject"
    HEADER = "header"
    CLASS = "class"


class Operator(Enum):
    """How a text is compared."""

    IS = "is"
    IN = "in"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    MATCHES = "matches"
    DOMAIN = "domain"


class TextTest(Struct, frozen=True, kw_only=True, tag="text"):
    """A text of the mail compared with any of `values`; with `plus_address`, a+x@d counts as a@d too."""

    field: Field
    operator: Operator
    values: tuple[str, ...]
    header: str = ""
    plus_address: bool = False

    @classmethod
    def equal(cls, field: Field, *values: str) -> TextTest:
        """Make the test that the field is one of the values."""
        return cls(field=field, operator=Operator.IS if len(values) == 1 else Operator.IN, values=values)


class SizeTest(Struct, frozen=True, kw_only=True, tag="size"):
    """The raw mail's octets against exclusive bounds."""

    over: int | None = None
    under: int | None = None


class AttachmentTest(Struct, frozen=True, kw_only=True, tag="attachment"):
    """Whether the mail has an attachment that is not shown inline."""

    wanted: bool


class AllOf(Struct, frozen=True, kw_only=True, tag="all"):
    """Every one of them holds."""

    of: tuple[Condition, ...]


class AnyOf(Struct, frozen=True, kw_only=True, tag="any"):
    """At least one of them holds."""

    of: tuple[Condition, ...]


class NotOf(Struct, frozen=True, kw_only=True, tag="not"):
    """It does not hold."""

    of: Condition


Condition = TextTest | SizeTest | AttachmentTest | AllOf | AnyOf | NotOf


class MailFacts(Struct, frozen=True, kw_only=True):
    """What routes may ask of a mail; addresses are bare, header values as the mail has them."""

    gateway: str
    mail_class: str
    recipients: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    subject: str = ""
    headers: tuple[Header, ...] = ()
    size: int = 0
    has_attachment: bool = False

    @classmethod
    def of(cls, message: Message, gateway: str, mail_class: str) -> MailFacts:
        """Take from the mail what routes may ask; recipients are those of To, Cc, Delivered-To and X-Original-To."""
        named = (*message.to, *message.cc, *message.delivered_to)
        original = tuple(_bare(value) for value in message.all_headers("X-Original-To"))
        return cls(
            gateway=gateway,
            mail_class=mail_class,
            recipients=tuple(dict.fromkeys((*(address.addr for address in named), *original))),
            senders=tuple(address.addr for address in message.from_),
            subject=message.subject,
            headers=message.headers,
            size=message.size,
            has_attachment=any(not attachment.inline for attachment in message.attachments),
        )


class Evidence(Struct, frozen=True):
    """Why a condition holds, in the words of the configuration."""

    words: str
    by_class: bool = False


def evidence(condition: Condition, facts: MailFacts) -> Evidence | None:
    """Say why the condition holds for the mail, or give None where it does not."""
    match condition:
        case TextTest():
            return _text_evidence(condition, facts)
        case SizeTest():
            return _size_evidence(condition, facts.size)
        case AttachmentTest(wanted=wanted):
            return (
                Evidence("has an attachment" if wanted else "has no attachment")
                if facts.has_attachment is wanted
                else None
            )
        case AllOf(of=parts):
            return _all_evidence(parts, facts)
        case AnyOf(of=parts):
            return next((found for part in parts if (found := evidence(part, facts)) is not None), None)
    return Evidence(described(condition)) if evidence(condition.of, facts) is None else None


def asks_for_class(condition: Condition) -> bool:
    """Whether a class is asked for, outside of `not`."""
    match condition:
        case TextTest(field=field):
            return field is Field.CLASS
        case AllOf(of=parts) | AnyOf(of=parts):
            return any(asks_for_class(part) for part in parts)
        case _:
            return False


def described(condition: Condition) -> str:
    """Say the condition in words, whole."""
    match condition:
        case TextTest(values=values):
            return _one_of([_test_words(condition, value) for value in values])
        case SizeTest(over=over, under=under):
            bounds = (
                f"over {over} octets" if over is not None else "",
                f"under {under} octets" if under is not None else "",
            )
            return "size is " + " and ".join(filter(None, bounds))
        case AttachmentTest(wanted=wanted):
            return "has an attachment" if wanted else "has no attachment"
        case AllOf(of=parts):
            return " and ".join(described(part) for part in parts)
        case AnyOf(of=parts):
            return _one_of([described(part) for part in parts])
    return f"not ({described(condition.of)})"


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Pattern:
    """Compile a user's pattern, case not counting. Raises InvalidPattern."""
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidPattern(f"the pattern is longer than {LONGEST_PATTERN} characters")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise InvalidPattern(_reason(error)) from error


def _reason(error: Exception) -> str:
    words = error.args[0] if error.args else "not a regular expression"
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)


def _all_evidence(parts: tuple[Condition, ...], facts: MailFacts) -> Evidence | None:
    found = []
    for part in parts:
        one = evidence(part, facts)
        if one is None:
            return None
        found.append(one)
    return Evidence(" and ".join(one.words for one in found), any(one.by_class for one in found))


def _size_evidence(test: SizeTest, size: int) -> Evidence | None:
    if test.over is not None and size <= test.over:
        return None
    if test.under is not None and size >= test.under:
        return None
    return Evidence(described(test))


def _text_evidence(test: TextTest, facts: MailFacts) -> Evidence | None:
    texts = _texts(test, facts)
    hit = next((value for value in test.values if any(_holds(test, text, value) for text in texts)), None)
    return None if hit is None else Evidence(_test_words(test, hit), test.field is Field.CLASS)


def _texts(test: TextTest, facts: MailFacts) -> tuple[str, ...]:
    match test.field:
        case Field.GATEWAY:
            return (facts.gateway,)
        case Field.RECIPIENT:
            return facts.recipients
        case Field.SENDER:
            return facts.senders
        case Field.SUBJECT:
            return (facts.subject,)
        case Field.CLASS:
            return (facts.mail_class,)
    wanted = test.header.casefold()
    return tuple(decode_words(header.value) for header in facts.headers if header.name.casefold() == wanted)


def _holds(test: TextTest, text: str, value: str) -> bool:
    text = text[:LONGEST_TEXT]
    if test.operator is Operator.MATCHES:
        return compiled(value).search(text.encode("utf-8", "replace").decode()) is not None
    if test.field is not Field.GATEWAY:
        text, value = text.casefold(), value.casefold()
    compare = _COMPARE[test.operator]
    return compare(text, value) or (test.plus_address and compare(_without_plus(text), value))


_COMPARE: dict[Operator, Callable[[str, str], bool]] = {
    Operator.IS: str.__eq__,
    Operator.IN: str.__eq__,
    Operator.CONTAINS: str.__contains__,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
    Operator.DOMAIN: lambda text, value: "@" in text and text.rpartition("@")[2] == value,
}


def _without_plus(address: str) -> str:
    # RFC 5233 §1: the detail follows the separator and is not part of the mailbox's name
    local, at, domain = address.rpartition("@")
    return local.partition("+")[0] + at + domain


def _one_of(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"({' or '.join(words)})"


def _test_words(test: TextTest, value: str) -> str:
    field = f"header {test.header}" if test.field is Field.HEADER else test.field.value
    if test.operator is Operator.DOMAIN:
        return f"{field} is in domain {value}"
    operator = "is" if test.operator is Operator.IN else test.operator.value.replace("_", " ")
    return f"{field} {operator} {value}"


def _bare(value: str) -> str:
    inside = value.rpartition("<")[2].partition(">")[0]
    return inside.strip()
