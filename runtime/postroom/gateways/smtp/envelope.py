"""What may be asked of a server for one mail: the MAIL and RCPT words, and what must be refused without asking.

It knows the announced extensions and the addresses; it never talks to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from postroom.ports.gateways import RecipientResult

# RFC 5321 §4.5.3.1.3: a path is at most 256 octets with its angle brackets.
MAX_PATH = 254
MOST_IN_ONE_GO = 100
"""RFC 5321 §4.5.3.1.8: so many recipients every server takes; the commands fit into any window of the network."""
PLAIN_WORD = re.compile(r"[!-~]+")
FORBIDDEN_IN_PATH = re.compile(r"[\x00-\x20\x7f-\xa0<>\u2028\u2029]")


class Envelope(Struct, frozen=True, kw_only=True):
    """One mail as SMTP sees it: sender (empty for the null sender), recipients, and what its bytes ask for.

    `size` is in octets as sent, without the dots that are added for transparency (RFC 1870 §5).
    """

    sender: str
    recipients: tuple[str, ...]
    size: int
    eight_bit_body: bool = False
    eight_bit_header: bool = False


class Extensions(Struct, frozen=True, kw_only=True):
    """What the server announced; `size` is None where it named no limit."""

    size: int | None = None
    size_known: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    pipelining: bool = False


class Plan(Struct, frozen=True, kw_only=True):
    """The transaction to try: MAIL's words, the recipients worth a RCPT, and those refused here, with the reason."""

    mail: tuple[bytes, ...]
    recipients: tuple[str, ...]
    refused: tuple[RecipientResult, ...]
    in_one_go: bool = False
    """Whether MAIL and every RCPT are sent before the first answer is awaited (RFC 2920)."""


def is_plain_word(text: str) -> bool:
    """Whether the text is one run of visible ASCII, so that it cannot add anything to a command line."""
    return PLAIN_WORD.fullmatch(text) is not None


def read_extensions(announced: Mapping[str, str]) -> Extensions:
    """Read the keywords of an EHLO reply (lower case) that matter to a mail transaction."""
    limit = announced.get("size", "").strip()
    # RFC 1870 §4: zero, or no number, means that no fixed limit is announced.
    known_limit = int(limit) if limit.isascii() and limit.isdigit() and len(limit) <= 20 else 0  # noqa: PLR2004 §4
    return Extensions(
        size=known_limit or None,
        size_known="size" in announced,
        eight_bit="8bitmime" in announced,
        smtputf8="smtputf8" in announced,
        pipelining="pipelining" in announced,
    )


def plan(envelope: Envelope, offered: Extensions) -> Plan:
    """Decide what to ask the server for this mail, and refuse at once what it cannot take."""
    if whole := _refuse_whole(envelope, offered):
        return Plan(mail=(), recipients=(), refused=_same_for_all(envelope.recipients, whole))
    verdicts = {address: _refuse_path(address, offered) for address in envelope.recipients}
    return Plan(
        mail=_mail_words(envelope, offered),
        recipients=tuple(address for address, refusal in verdicts.items() if refusal is None),
        refused=tuple(RecipientResult(address, *refusal) for address, refusal in verdicts.items() if refusal),
        in_one_go=offered.pipelining and len(envelope.recipients) <= MOST_IN_ONE_GO,
    )


def path(address: str) -> bytes:
    """The address between angle brackets, as MAIL and RCPT carry it."""
    return b"<" + address.encode() + b">"


def _same_for_all(recipients: tuple[str, ...], refusal: tuple[int, str]) -> tuple[RecipientResult, ...]:
    return tuple(RecipientResult(address, *refusal) for address in recipients)


def _refuse_whole(envelope: Envelope, offered: Extensions) -> tuple[int, str] | None:
    if offered.size is not None and envelope.size > offered.size:
        words = f"the mail has {envelope.size} octets and the server takes at most {offered.size}: send less"
        return 552, f"5.3.4 {words}"
    # RFC 6152 §3: without 8BITMIME a mail with 8-bit content must not be sent as it is.
    if envelope.eight_bit_body and not offered.eight_bit:
        return 554, "5.6.3 the mail has 8-bit content and the server does not take it (no 8BITMIME)"
    # RFC 6531 §3.1: a mail with UTF-8 in its header goes only to a server that offers SMTPUTF8.
    if envelope.eight_bit_header and not offered.smtputf8:
        return 554, "5.6.9 the mail's header is not ASCII and the server does not take that (no SMTPUTF8)"
    if envelope.sender and (refusal := _refuse_path(envelope.sender, offered)):
        return refusal[0], f"{refusal[1]} (the sender's address)"
    return None


def _refuse_path(address: str, offered: Extensions) -> tuple[int, str] | None:
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or FORBIDDEN_IN_PATH.search(address) or not _is_encodable(address):
        return 553, "5.1.3 this is not an address that can be sent to"
    if len(address.encode()) > MAX_PATH:
        return 553, f"5.1.3 the address is longer than {MAX_PATH} octets"
    # RFC 6531 §3.2: an internationalised address needs SMTPUTF8.
    if not address.isascii() and not offered.smtputf8:
        return 553, "5.6.7 the address is not ASCII and the server does not take that (no SMTPUTF8)"
    return None


def _is_encodable(address: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in address)


def _mail_words(envelope: Envelope, offered: Extensions) -> tuple[bytes, ...]:
    all_ascii = (envelope.sender + "".join(envelope.recipients)).isascii() and not envelope.eight_bit_header
    wanted = (
        (offered.size_known, b"SIZE=%d" % envelope.size),
        (envelope.eight_bit_body or (envelope.eight_bit_header and offered.eight_bit), b"BODY=8BITMIME"),
        (not all_ascii and offered.smtputf8, b"SMTPUTF8"),
    )
    return b"FROM:" + path(envelope.sender), *(word for needed, word in wanted if needed)
