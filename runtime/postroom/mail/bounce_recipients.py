"""Who was not reached, by the words of a bounce older than RFC 3464: a guess, and marked as one by who asks.

Mail systems write the address at the start of a line, behind one of a few labels, or in the line that holds the
refusal. Only what stands before the returned mail is looked at: behind it speak the headers of a mail of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from postroom.mail.addr_spec import recipient
from postroom.mail.address_key import address_key
from postroom.mail.message import ReportedRecipient

_LINES = 400
_LINE = 1_000
_MOST = 50
_COPY = re.compile(
    r"[-_ *=>]{0,80}(?:below this line is|this is a copy of|copy of (?:the|your) message|original message"
    r"|enclosed is a copy|(?:original )?message headers? follow|the header of the original"
    r"|the body of the message is|unsent message below|original mail info|returned message"
    r"|a copy of the message|original headers)|(?:received|return-path|message-id|dkim-signature): ",
    re.IGNORECASE,
)
_ADDRESS = r"[^\s<>()\[\]\"',;:@]{1,64}@[^\s<>()\[\]\"',;:@]{1,253}"
_LABELLED = re.compile(
    rf"(?:final-recipient: ?rfc822;|original-recipient: ?rfc822;|rcpt to:|delivered to:|recipient:|address:"
    rf"|addressed to:|your mail(?:ing)? to|error delivering your mail to|message to)[ ]{{0,20}}<?({_ADDRESS})",
    re.IGNORECASE,
)
_AT_START = re.compile(rf"[>*\-+:\"'<(\[]{{0,8}}[ ]{{0,8}}[\"'<(]{{0,3}}({_ADDRESS})")
_BRACKETED = re.compile(rf"<({_ADDRESS})>")
_BARE = re.compile(rf"(?<![^\s<(\"'\[;:])({_ADDRESS})")
_REFUSED = (
    "unknown", "no such", "invalid", "rejected", "mailbox", "not deliver", "undeliver", "could not be", "couldn't",
    "unable to", "does not exist", "quota", "failed", "refused", "denied", "not found", "not a valid", "disabled",
)  # fmt: skip
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_BASIC = re.compile(r"(?<![\d.])([45])\d\d(?=[ \-:>])")
_DELAYED = ("will be retried", "still being retried", "delivery delayed", "has been delayed", "will keep trying",
            "could not send message for past", "not yet been delivered", "no action is required")  # fmt: skip


def guess_recipients(text: str, apart_from: frozenset[str]) -> tuple[ReportedRecipient, ...]:
    """The addresses the text says were not reached, each with the refusal's status; `apart_from` are address keys."""
    lines = _own_words(text)
    for found in (_by_label(lines), _by_place(lines), _by_refusal(lines)):
        addresses = dict.fromkeys(address for address in found if address_key(address) not in apart_from)
        if addresses:
            return _reported(tuple(addresses)[:_MOST], lines)
    return ()


def _own_words(text: str) -> list[str]:
    """The lines before the returned mail, each cut short."""
    lines: list[str] = []
    for line in text[: _LINES * _LINE].split("\n")[:_LINES]:
        if _COPY.match(line.lstrip()) and any(kept.strip() for kept in lines):
            break
        lines.append(line.strip()[:_LINE])
    return lines


def _by_label(lines: list[str]) -> list[str]:
    return _usable(hit for line in lines for hit in _LABELLED.findall(line))


def _by_place(lines: list[str]) -> list[str]:
    """Addresses that begin a line."""
    return _usable(hit[1] for hit in map(_AT_START.match, lines) if hit is not None)


def _by_refusal(lines: list[str]) -> list[str]:
    """Addresses in the lines that speak of a refusal, or hold its code."""
    said = [line for line in lines if _speaks_of_refusal(line.casefold()) or _status(line)]
    return _usable(hit for line in said for hit in (*_BRACKETED.findall(line), *_BARE.findall(line)))


def _speaks_of_refusal(line: str) -> bool:
    return any(word in line for word in _REFUSED)


def _usable(found: Iterable[str]) -> list[str]:
    clean = (recipient(address.strip(".'\""), smtputf8=True) for address in found)
    return [address for address in clean if address is not None]


def _reported(addresses: tuple[str, ...], lines: list[str]) -> tuple[ReportedRecipient, ...]:
    action = "delayed" if any(words in "\n".join(lines).casefold() for words in _DELAYED) else "failed"
    unspoken = "4.0.0" if action == "delayed" else "5.0.0"
    general = next(filter(None, map(_status, lines)), unspoken)
    return tuple(
        ReportedRecipient(address=address, action=action, status=_status_of(address, lines) or general)
        for address in addresses
    )


def _status_of(address: str, lines: list[str]) -> str:
    """The first code from the line that names the address onwards, up to a line that names another."""
    key = address_key(address)
    at = next((place for place, line in enumerate(lines) if key in address_key(line)), len(lines))
    for line in lines[at : at + 8]:
        if _status(line):
            return _status(line)
    return ""


def _status(line: str) -> str:
    """RFC 3463 in the line, or the class of an RFC 5321 code."""
    enhanced = _ENHANCED.search(line)
    if enhanced is not None:
        return enhanced[1]
    basic = _BASIC.search(line)
    return f"{basic[1]}.0.0" if basic is not None else ""
