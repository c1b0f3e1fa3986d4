"""What a delivery report says of each recipient of the reply it is about (RFC 3464 §2.3). Pure.

Only who has the mail, or may have it, can lose it again: a report changes nothing about a recipient still being tried.
"""

from __future__ import annotations

from msgspec.structs import replace

from postroom.engine.attempt_outcome import REACHED, Recipients
from postroom.mail.address_key import address_key
from postroom.mail.message import DeliveryReport, ReportedRecipient
from postroom.ports.records import ReplyRecipient, ReplyState

LONGEST_WORDS = 500
_NO_MAILBOX = ("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
"""RFC 3463 §3.2, §3.3; RFC 7505: nobody will ever read mail to that address, as far as its server knows."""


def recipients_reported(recipients: Recipients, report: DeliveryReport) -> Recipients:
    """Every recipient as he stands after the report."""
    return tuple(_after(one, _block_of(one, recipients, report)) for one in recipients)


def undeliverable(recipients: Recipients, after: Recipients, report: DeliveryReport) -> tuple[str, ...]:
    """The addresses that failed now because there is no such mailbox; a guess is no ground to write to nobody there."""
    if report.is_guess:
        return ()
    failed = {one.address for one in after if one.state is ReplyState.FAILED} - {
        one.address for one in recipients if one.state is ReplyState.FAILED
    }
    blocks = ((one.address, _block_of(one, recipients, report)) for one in recipients if one.address in failed)
    return tuple(address for address, block in blocks if block is not None and block.status in _NO_MAILBOX)


def _block_of(one: ReplyRecipient, all_: Recipients, report: DeliveryReport) -> ReportedRecipient | None:
    """What the report says of him: by address, or the only block of a report on a mail to him alone (a forwarder's)."""
    key = address_key(one.address)
    named = (block for block in report.recipients if address_key(block.address) == key)
    found = next(named, None)
    is_alone = len(report.recipients) == len({other.address for other in all_}) == 1
    return found or (report.recipients[0] if is_alone else None)


def _after(one: ReplyRecipient, block: ReportedRecipient | None) -> ReplyRecipient:
    if block is None or one.state not in REACHED:
        return one
    said = block.diagnostic or block.status
    if block.action == "failed":
        return replace(one, state=ReplyState.FAILED, words=f"came back: {said}"[:LONGEST_WORDS])
    if block.action == "delayed":
        return replace(one, words=f"delayed on its way: {said}"[:LONGEST_WORDS])
    return one
