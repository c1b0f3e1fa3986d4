"""One open POP3 session as the engine uses it: list, fetch, delete, close; no decision about mails is taken here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from postroom.gateways.guarded import Guarded
from postroom.gateways.pop3 import commands
from postroom.gateways.pop3.capabilities import Capabilities
from postroom.gateways.pop3.connection import Connection
from postroom.gateways.pop3.fetching import CHECK, Fetching
from postroom.gateways.pop3.naming import Naming
from postroom.gateways.pop3.options import Pop3Options
from postroom.gateways.pop3.replies import Reply, parse_reply
from postroom.gateways.pop3.signin import ask_capabilities
from postroom.gateways.pop3.survey import Survey
from postroom.gateways.pop3.verdicts import refused
from postroom.gateways.pop3.window import Asked, What
from postroom.gateways.suspects import Suspects
from postroom.ports.gateways import Declined, Fetched, GatewayError, GatewayStatus, Listed, Spooler, TooLarge
from postroom.ports.world import Failpoint

_DELETES_AT_ONCE = 200


class Pop3Mailbox(Guarded):
    """A mailbox between sign-in and QUIT (the transaction state of RFC 1939 §5)."""

    def __init__(
        self,
        connection: Connection,
        capabilities: Capabilities,
        options: Pop3Options,
        suspects: Suspects,
        failpoint: Failpoint,
    ) -> None:
        super().__init__(connection)
        self._connection = connection
        self._capabilities = capabilities
        self._options = options
        self._suspects = suspects
        self._failpoint = failpoint
        self._fetching = Fetching(connection, options, failpoint)
        self._asked_again = False

    @property
    def declined(self) -> Sequence[Declined]:
        """Mails of this session that were not given, or not deleted, as asked, each with the reason in words."""
        return self._fetching.declined

    async def listing(self) -> Sequence[Listed]:
        """Every mail in the box, in the server's order; a mail without a usable UIDL is named by its content."""
        with self._session():
            await self._fetching.drain()
            entries = await Survey(self._connection, self._capabilities, self._options).entries()
            naming = Naming(self._fetching, self._at_once, self._options.max_message_size)
            listed = await naming.name(entries)
            self._failpoint("uidl_read")
            return listed

    async def fetch(self, wanted: Sequence[Listed], spooler: Spooler) -> AsyncGenerator[Fetched | TooLarge]:
        """Read these mails and give each once its final dot and the reply after it were read.

        A mail that broke earlier sessions comes last and alone, or sits this session out (see `declined`).
        Raises GatewayError when the session is of no more use.
        """
        with self._session():
            await self._fetching.drain()
            await self._look_for_pipelining(len(wanted))
            trusted, suspected, resting = self._suspects.sort(wanted)
            self._fetching.declined += [Declined(mail, "it broke earlier sessions and waits") for mail in resting]
            self._fetching.differing.clear()
            for asked, at_once in (
                (_checked_once(trusted, self._asked), self._at_once),
                (_checked_each(suspected, self._asked), 1),
            ):
                async with aclosing(self._read(asked, at_once, spooler)) as items:
                    async for item in items:
                        yield item
            once_more = _checked_once(self._fetching.differing, self._asked)
            async with aclosing(self._read(once_more, 1, spooler, again=True)) as items:
                async for item in items:
                    yield item

    def _read(
        self, asked: Sequence[Asked], at_once: int, spooler: Spooler, *, again: bool = False
    ) -> AsyncGenerator[Fetched | TooLarge]:
        self._fetching.at.clear()
        arriving = self._fetching.mails(asked, at_once, spooler, again=again)
        return self._suspects.watch(arriving, lambda: self._fetching.at)

    async def taken_in(self, listed: Sequence[Listed]) -> None:
        """POP3 has no mark for that."""

    async def delete(self, listed: Sequence[Listed]) -> None:
        """Mark these for deletion; they are gone only when `close` gives True.

        Raises GatewayError; with draining_stuck, the server refused every one of them and the session goes on.
        """
        with self._session():
            await self._fetching.drain()
            self._failpoint("dele_pre")
            step = _DELETES_AT_ONCE if self._capabilities.pipelining else 1
            refusals: list[Reply] = []
            for start in range(0, len(listed), step):
                refusals += await self._delete(listed[start : start + step])
            self._failpoint("dele_post")
        if listed and len(refusals) == len(listed):
            raise GatewayError(GatewayStatus.DRAINING_STUCK, refused("deleting mails", refusals[0]).words)

    async def _delete(self, some: Sequence[Listed]) -> list[Reply]:
        self._connection.send(b"".join(commands.dele(mail.number) for mail in some))
        refusals = []
        for mail in some:
            deadline = self._connection.within(self._options.deadlines.command)
            reply = parse_reply(await self._connection.line(deadline, f"deleting mail {mail.number}"))
            if not reply.ok:
                refusals.append(reply)
                self._fetching.declined.append(Declined(mail, f"the server would not delete it: {reply.text}"))
        return refusals

    async def close(self) -> bool:
        """QUIT; True only when the server said +OK, so that what was marked is gone (RFC 1939 §6)."""
        if self._broken:
            return False
        try:
            with self._session():
                await self._fetching.drain()
                self._connection.send(commands.QUIT)
                deadline = self._connection.within(self._options.deadlines.command)
                reply = parse_reply(await self._connection.line(deadline, "ending the session"))
        except GatewayError:
            return False
        self._failpoint("quit_post")
        self._broken = True
        await self._connection.close()
        return reply.ok

    @property
    def _at_once(self) -> int:
        return self._options.window if self._capabilities.pipelining else 1

    def _asked(self, listed: Listed) -> Asked:
        too_large = listed.size > self._options.max_message_size
        return Asked(What.HEADER if too_large else What.MAIL, listed)

    async def _look_for_pipelining(self, mails: int) -> None:
        """Some servers name their capabilities only after sign-in; worth a round trip where several mails wait."""
        is_worth_it = mails > 1 and self._capabilities.known and not self._capabilities.pipelining
        if self._asked_again or not is_worth_it:
            return
        self._asked_again = True
        deadline = self._connection.within(self._options.deadlines.command)
        now = await ask_capabilities(self._connection, deadline)
        if now.known:
            self._capabilities = now


def _checked_once(mails: Sequence[Listed], ask: Callable[[Listed], Asked]) -> list[Asked]:
    """The mails, one check after the last."""
    return [*map(ask, mails), CHECK] if mails else []


def _checked_each(mails: Sequence[Listed], ask: Callable[[Listed], Asked]) -> list[Asked]:
    """The mails, a check after each, so that one of them cannot take another along."""
    return [step for listed in mails for step in (ask(listed), CHECK)]
