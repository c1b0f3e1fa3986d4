"""Whom a reply goes to: the caps on To, Cc and Bcc, and the proposals an agent starts from; it sends nothing.

A Bcc is an envelope recipient and nothing else: no proposal names one, and no header ever shows one.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from postroom.mail.addr_spec import ascii_domain, recipient
from postroom.mail.address_key import address_key
from postroom.mail.identity import untagged
from postroom.mail.message import Address, Message

_SHOWN = 100
_LIST_FIELDS = ("List-Post", "List-Id", "Mailing-List")


class Recipients(Struct, frozen=True, kw_only=True):
    """Bare addresses by field."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()

    @property
    def everybody(self) -> tuple[str, ...]:
        """Every address, To first; the envelope of the mail once `deduplicated` was applied."""
        return self.to + self.cc + self.bcc


class Caps(Struct, frozen=True, kw_only=True):
    """The most addresses each field may hold; the channel's keys, `max_recipients` being that of To."""

    to: int
    cc: int
    bcc: int


class Proposal(Struct, frozen=True, kw_only=True):
    """Whom a reply would go to, with what an agent should know before he sends it."""

    recipients: Recipients
    warnings: tuple[str, ...] = ()


def deduplicated(recipients: Recipients) -> Recipients:
    """Each address once, in the first field that has it (To, then Cc, then Bcc), compared without letter case."""
    seen: set[str] = set()
    return Recipients(to=_fresh(recipients.to, seen), cc=_fresh(recipients.cc, seen), bcc=_fresh(recipients.bcc, seen))


def check(recipients: Recipients, caps: Caps, *, smtputf8: bool = True) -> tuple[str, ...]:
    """Every reason why these recipients are refused, the cap named; empty when they may be used."""
    problems = [
        f"{field}: {address[:_SHOWN]!r} is not a bare address that mail can be sent to"
        for field, addresses in (("To", recipients.to), ("Cc", recipients.cc), ("Bcc", recipients.bcc))
        for address in addresses
        if recipient(address, smtputf8=smtputf8) is None
    ]
    final = deduplicated(recipients)
    if not final.to:
        problems.append("To: a mail needs at least one recipient")
    for field, key, addresses, cap in (
        ("To", "max_recipients", final.to, caps.to),
        ("Cc", "max_cc", final.cc, caps.cc),
        ("Bcc", "max_bcc", final.bcc, caps.bcc),
    ):
        if len(addresses) > cap:
            problems.append(f"{field}: {len(addresses)} addresses are more than {key} allows ({cap})")
    return tuple(problems)


def propose_reply(message: Message, own_addresses: Iterable[str]) -> Proposal:
    """Answer the one who wrote: Reply-To where the mail has one (RFC 5322 §3.6.2), else From; never ourselves."""
    own = _Own(frozenset(own_addresses))
    to = own.without(message.reply_to) or own.without(message.from_)
    if not to and message.from_:
        # A mail of ours: a further word goes to whom that one went.
        to = own.without(message.to)
    return Proposal(recipients=deduplicated(Recipients(to=to)), warnings=_warnings(message, to))


def propose_reply_all(message: Message, own_addresses: Iterable[str]) -> Proposal:
    """Answer the one who wrote, and those in To and Cc as Cc; who got it as Bcc is not ours to know or tell."""
    own = _Own(frozenset(own_addresses))
    reply = propose_reply(message, own.addresses)
    cc = own.without((*message.to, *message.cc))
    return Proposal(recipients=deduplicated(Recipients(to=reply.recipients.to, cc=cc)), warnings=reply.warnings)


class _Own(Struct, frozen=True):
    """Our addresses, which a proposal leaves out with any plus-tag."""

    addresses: frozenset[str]

    def without(self, addresses: Iterable[Address]) -> tuple[str, ...]:
        own = {untagged(address) for address in self.addresses}
        usable = (recipient(address.addr, smtputf8=True) for address in addresses)
        return tuple(address for address in usable if address is not None and untagged(address) not in own)


def _fresh(addresses: Iterable[str], seen: set[str]) -> tuple[str, ...]:
    kept: list[str] = []
    # RFC 5891: the two spellings of an international domain are one mailbox, and only A-labels pass every server.
    for address in map(ascii_domain, addresses):
        if (key := address_key(address)) not in seen:
            seen.add(key)
            kept.append(address)
    return tuple(kept)


def _warnings(message: Message, to: tuple[str, ...]) -> tuple[str, ...]:
    """What makes a proposal doubtful, in words."""
    warnings: list[str] = []
    authors = {address.domain for address in message.from_}
    for address in to:
        domain = address_key(address).rpartition("@")[2]
        if message.reply_to and authors and domain not in authors:
            warnings.append(f"the answer goes to {address}, another domain than the sender's")
    if len(message.from_) != 1:
        warnings.append("the mail does not name one author")
    if not to:
        warnings.append("the mail names nobody who could be answered")
    if to and any(message.header(field) for field in _LIST_FIELDS):
        warnings.append("the mail came by a mailing list: an answer may reach everybody on it")
    return tuple(warnings)
