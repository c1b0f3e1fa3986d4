"""The sending gateway: takes one rendered mail to the relay on a kept or a new connection.

It decides which connection carries a mail, and replaces a kept one that died before MAIL was accepted; what a refusal
means for a later attempt is the engine's to decide.
"""

from __future__ import annotations

from collections.abc import Sequence

from postroom.gateways.smtp.body import canonical
from postroom.gateways.smtp.connection import Connection
from postroom.gateways.smtp.envelope import Envelope, Plan, plan
from postroom.gateways.smtp.opening import gateway_failure, open_connection
from postroom.gateways.smtp.options import SmtpOptions
from postroom.gateways.smtp.pool import Pool
from postroom.gateways.smtp.replies import Broken, Reply
from postroom.gateways.smtp.transaction import BREATHE_EVERY, Terms, finish, hear_out, outcome, refused_sender, say_mail
from postroom.ports.gateways import BeforeDot, GatewayError, RecipientResult, SendOutcome
from postroom.ports.world import Clock, Failpoint


class SmtpGateway:
    """A relay reached over SMTP (ports.gateways.SendingGateway)."""

    def __init__(self, options: SmtpOptions, *, clock: Clock, failpoint: Failpoint) -> None:
        self._options = options
        self._clock = clock
        self._failpoint = failpoint
        self._pool = Pool(options.pool, options.idle_after)

    async def probe(self) -> None:
        """Connect, secure, sign in, NOOP, on a connection of its own. Raises GatewayError."""
        connection = await open_connection(self._options)
        try:
            reply = await connection.command(b"NOOP", within=self._options.deadlines.command)
        except Broken as broken:
            raise gateway_failure(self._options, broken.reply) from broken
        await connection.quit(self._options.deadlines.quit)
        if not reply.is_positive:
            raise gateway_failure(self._options, reply)

    async def send(self, sender: str, recipients: Sequence[str], raw: bytes, before_dot: BeforeDot) -> SendOutcome:
        """Hand over one mail (an empty sender is the null sender); never raises for what a server says or does."""
        envelope = await self._weigh(sender, recipients, raw)
        terms = Terms(
            deadlines=self._options.deadlines, clock=self._clock, failpoint=self._failpoint, before_dot=before_dot
        )
        async with self._pool.place():
            try:
                return await self._hand_over(envelope, raw, terms)
            except GatewayError as error:
                results = tuple(RecipientResult(address, 0, error.words) for address in envelope.recipients)
                return SendOutcome(results=results, gateway_fault=error.status, words=error.words)

    async def close(self) -> None:
        """QUIT every pooled connection; mails under way end on theirs."""
        await self._pool.close(self._options.deadlines.quit)

    async def _hand_over(self, envelope: Envelope, raw: bytes, terms: Terms) -> SendOutcome:
        if (kept := self._pool.take()) is not None:
            ours = plan(envelope, kept.extensions)
            reply = await say_mail(kept, ours, terms.deadlines)
            if kept.is_open or reply.is_positive:
                return await self._carry_on(kept, ours, reply, raw, terms)
            # It died while it was idle: MAIL was not accepted, so a new connection may say it.
        fresh = await open_connection(self._options)
        ours = plan(envelope, fresh.extensions)
        return await self._carry_on(fresh, ours, await say_mail(fresh, ours, terms.deadlines), raw, terms)

    async def _carry_on(
        self, connection: Connection, ours: Plan, reply: Reply, raw: bytes, terms: Terms
    ) -> SendOutcome:
        if not ours.recipients:
            self._pool.keep(connection)
            return outcome(ours, {})
        try:
            if reply.is_positive:
                ended = await finish(connection, ours, raw, terms)
            else:
                await hear_out(connection, ours, terms.deadlines)
                ended = refused_sender(ours, reply)
            await self._lay_by(connection, ended)
        except BaseException:
            connection.abort()
            raise
        return ended

    async def _lay_by(self, connection: Connection, ended: SendOutcome) -> None:
        """Keep the connection for the next mail; one whose transaction was not completed is reset first."""
        if connection.is_open and not any(result.accepted for result in ended.results):
            try:
                await connection.command(b"RSET", within=self._options.deadlines.quit)
            except Broken:
                return
        self._pool.keep(connection)

    async def _weigh(self, sender: str, recipients: Sequence[str], raw: bytes) -> Envelope:
        """Measure what SMTP must know of a mail, a mebibyte at a time so that the loop goes on."""
        size = 0
        for number, block in enumerate(canonical(raw)):
            size += len(block)
            if number % BREATHE_EVERY == BREATHE_EVERY - 1:
                await self._clock.sleep(0)
        return Envelope(
            sender=sender,
            recipients=tuple(dict.fromkeys(recipients)),
            size=size,
            eight_bit_body=not raw.isascii(),
            eight_bit_header=not _header_of(raw).isascii(),
        )


def _header_of(raw: bytes) -> bytes:
    ends = [end for mark in (b"\r\n\r\n", b"\n\n") if (end := raw.find(mark)) >= 0]
    return raw[: min(ends, default=len(raw))]
