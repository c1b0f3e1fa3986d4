"""One mail transaction on an open connection: MAIL, RCPT for each recipient, DATA, the body, and the final dot.

It keeps what the server said of each recipient and says what is known of the mail; it never tries anything twice.
"""

from __future__ import annotations

from msgspec import Struct, structs

from postroom.gateways.smtp.body import canonical, stuffed
from postroom.gateways.smtp.connection import Connection
from postroom.gateways.smtp.envelope import Plan, path
from postroom.gateways.smtp.options import Deadlines
from postroom.gateways.smtp.replies import Broken, Reply
from postroom.ports.gateways import BeforeDot, GatewayStatus, RecipientResult, SendOutcome
from postroom.ports.world import Clock, Failpoint

GO_AHEAD = 354
EXCEEDED_ALLOCATION = 552
INSUFFICIENT_STORAGE = 452
BREATHE_EVERY = 16
"""Blocks between two turns for the rest of the loop: 1 MiB, about two milliseconds of work."""

Verdicts = dict[str, Reply]


class Terms(Struct, frozen=True, kw_only=True):
    """What a transaction needs besides the mail: its waits, its world, and the word before the final dot."""

    deadlines: Deadlines
    clock: Clock
    failpoint: Failpoint
    before_dot: BeforeDot


async def say_mail(connection: Connection, plan: Plan, deadlines: Deadlines) -> Reply:
    """Begin the transaction; where the connection broke at it, it is closed and the reply says why."""
    if not plan.recipients:
        return Reply(0, "every recipient was refused before asking the server")
    recipients = [(b"RCPT", b"TO:" + path(address)) for address in plan.recipients] if plan.in_one_go else []
    try:
        connection.begin([(b"MAIL", *plan.mail), *recipients])
        return _settled(await connection.next_reply("MAIL", deadlines.command))
    except Broken as broken:
        return broken.reply


async def hear_out(connection: Connection, plan: Plan, deadlines: Deadlines) -> None:
    """Read what the server says of the recipients although it refused the sender, so that the next reply is ours."""
    try:
        for _ in plan.recipients if plan.in_one_go else ():
            await connection.next_reply("RCPT", deadlines.command)
    except Broken:
        return  # the connection is closed, which is all there was to see to


async def finish(connection: Connection, plan: Plan, raw: bytes, terms: Terms) -> SendOutcome:
    """Go from an accepted MAIL to the end; gives the outcome for the plan's recipients, and never raises Broken.

    What the failpoint or `before_dot` raises goes through; the caller then cuts the connection.
    """
    verdicts: Verdicts = {}
    try:
        await _hear_recipients(connection, plan, verdicts, terms)
        accepted = [address for address, reply in verdicts.items() if reply.is_positive]
        if not accepted:
            return outcome(plan, verdicts)
        terms.failpoint("rcpt_ok")
        ready = await _send_all_but_last(connection, raw, terms)
    except Broken as broken:
        return outcome(plan, _undone(plan, verdicts, broken.reply), words=broken.reply.words)
    if isinstance(ready, Reply):
        return outcome(plan, _undone(plan, verdicts, ready), words=ready.words)
    return await _send_dot(connection, ready, plan, verdicts, terms)


def outcome(plan: Plan, verdicts: Verdicts, *, words: str = "", unknown: bool = False) -> SendOutcome:
    """The attempt's end: what was refused before asking, then what the server said of each recipient."""
    said = (RecipientResult(address, reply.code, reply.words) for address, reply in verdicts.items())
    results = (*plan.refused, *said)
    return SendOutcome(results=results, unknown=unknown, words=words or (results[0].words if results else ""))


def refused_sender(plan: Plan, reply: Reply) -> SendOutcome:
    """The outcome when MAIL was refused, for every recipient; a demand to sign in is the gateway's fault."""
    ended = outcome(plan, dict.fromkeys(plan.recipients, reply), words=reply.words)
    # RFC 4954 §6: authentication required (530), or encryption required for it (538).
    if reply.code in {530, 538}:
        return SendOutcome(results=ended.results, gateway_fault=GatewayStatus.AUTH_FAILED, words=ended.words)
    is_final = 500 <= reply.code < 600 and reply.code not in {500, 552}  # noqa: PLR2004 RFC 5321 §4.2.1
    return structs.replace(ended, sender_refused=is_final)


async def _hear_recipients(connection: Connection, plan: Plan, verdicts: Verdicts, terms: Terms) -> None:
    for address in plan.recipients:
        if not plan.in_one_go:
            connection.begin([(b"RCPT", b"TO:" + path(address))])
        reply = await connection.next_reply("RCPT", terms.deadlines.command)
        # RFC 5321 §4.5.3.1.10: after an accepted recipient 552 is to be read as 452, too many recipients.
        if reply.code == EXCEEDED_ALLOCATION and any(earlier.is_positive for earlier in verdicts.values()):
            reply = Reply(INSUFFICIENT_STORAGE, f"{reply.code} {reply.words}")
        verdicts[address] = _settled(reply)


def _settled(reply: Reply) -> Reply:
    """A 3yz where none belongs says nothing: it counts as no answer."""
    return Reply(0, f"the server answered {reply}") if 300 <= reply.code < 400 else reply  # noqa: PLR2004 RFC 5321 §4.2.1


async def _send_all_but_last(connection: Connection, raw: bytes, terms: Terms) -> Reply | bytes:
    """Send all but the last block, which goes out with the dot; gives that block, or the reply that says no."""
    reply = await connection.command(b"DATA", within=terms.deadlines.data)
    if reply.code != GO_AHEAD:
        return _no_go_ahead(connection, reply)
    last = await _send_body(connection, raw, terms)
    if await terms.before_dot():
        return last
    connection.abort()
    return Reply(0, "not sent: another sender holds this mail now")


def _no_go_ahead(connection: Connection, reply: Reply) -> Reply:
    if reply.is_positive:
        connection.abort()
        return Reply(0, f"the server answered DATA with {reply}, which leaves open what it waits for")
    return _settled(reply)


async def _send_body(connection: Connection, raw: bytes, terms: Terms) -> bytes:
    last = b""
    for number, block in enumerate(stuffed(canonical(raw))):
        if last:
            await connection.write(last, terms.deadlines.block)
        last = block
        if number % BREATHE_EVERY == BREATHE_EVERY - 1:
            await terms.clock.sleep(0)
    terms.failpoint("data_mid")
    return last


async def _send_dot(connection: Connection, last: bytes, plan: Plan, verdicts: Verdicts, terms: Terms) -> SendOutcome:
    try:
        connection.write_to_the_end(last)
    except Broken as broken:
        return outcome(plan, _undone(plan, verdicts, broken.reply), words=broken.reply.words)
    terms.failpoint("dot_sent")
    try:
        reply = await connection.final_reply(terms.deadlines.final_dot)
    except Broken as broken:
        return _unknown(plan, verdicts, broken.reply)
    if 300 <= reply.code < 400:  # noqa: PLR2004 RFC 5321 §4.2.1
        connection.abort()
        return _unknown(plan, verdicts, _settled(reply))
    if reply.is_positive:
        terms.failpoint("got_250")
    return outcome(plan, _for_accepted(verdicts, reply), words=reply.words)


def _unknown(plan: Plan, verdicts: Verdicts, reply: Reply) -> SendOutcome:
    words = f"the mail was handed over whole and no answer came back: {reply.words}"
    return outcome(plan, _for_accepted(verdicts, Reply(0, words)), words=words, unknown=True)


def _for_accepted(verdicts: Verdicts, reply: Reply) -> Verdicts:
    return {address: reply if earlier.is_positive else earlier for address, earlier in verdicts.items()}


def _undone(plan: Plan, verdicts: Verdicts, reply: Reply) -> Verdicts:
    """Nobody got the mail: those accepted so far and those not yet asked for share the reply that ended it."""
    return {
        **_for_accepted(verdicts, reply),
        **{address: reply for address in plan.recipients if address not in verdicts},
    }
