"""Automatic mail to a server that takes none without a sender: it is offered once more with the bounce address.

RFC 3834 §3.3 wants the null sender, so that a machine's answer is never answered; a few relays refuse it at MAIL, where
nothing of the mail was said yet. Where no bounce address is set, the refusal stands, and says what to set.
"""

from __future__ import annotations

import structlog
from msgspec.structs import replace

from postroom.engine.sending_terms import Sending
from postroom.ports.gateways import BeforeDot, SendOutcome
from postroom.ports.records import Reply

log = structlog.get_logger(__name__)

ADVICE = "the server takes no mail with the null sender: set `bounce_address` (automatic_envelope)"


async def hand_over(
    sending: Sending, reply: Reply, recipients: tuple[str, ...], raw: bytes, lease_holds: BeforeDot
) -> SendOutcome:
    """Hand the mail over with its sender, and where the null sender is refused, with the bounce address."""
    outcome = await sending.gateway.send(reply.envelope_from, recipients, raw, lease_holds)
    if reply.envelope_from or not outcome.sender_refused:
        return outcome
    instead = sending.terms.bounce_address
    log.warning("null_sender_refused", gateway=reply.gateway, reply=reply.id, words=outcome.words, instead=instead)
    if instead:
        return await sending.gateway.send(instead, recipients, raw, lease_holds)
    results = tuple(replace(one, words=f"{one.words} ({ADVICE})") for one in outcome.results)
    return replace(outcome, results=results, words=f"{outcome.words} ({ADVICE})")
