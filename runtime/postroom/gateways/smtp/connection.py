"""One open SMTP connection: commands out and one reply back for each, and the bytes of a mail with back-pressure.

aiosmtplib opens and encrypts it (`SMTP.connect`, `.starttls`, `.protocol`, `.transport`); what is said on it is said
here, for the library sends one command at a time, and gives nobody a say between the last byte of a mail and its final
dot. Every wait has a deadline, and after a late or senseless answer the connection is cut, so that no reply is ever
taken for a later command's (RFC 5321 §4.2).
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from typing import cast

from aiosmtplib import SMTP, SMTPResponse, SMTPServerDisconnected

from postroom.gateways.smtp.body import FINAL_DOT
from postroom.gateways.smtp.envelope import Extensions, read_extensions
from postroom.gateways.smtp.guard import Guard
from postroom.gateways.smtp.replies import CLOSING, Broken, Reply, in_words, is_smtp_code, overheard
from postroom.gateways.smtp.reply_lines import NotSmtp, Said

FORBIDDEN_IN_LINE = re.compile(rb"[\x00-\x1f\x7f]")


class Connection:
    """A connection whose greeting was read; raises Broken from every method that talks, and is then closed."""

    def __init__(self, client: SMTP, place: str) -> None:
        self._client = client
        self._place = place
        self.announced: dict[str, str] = {}
        """The keywords of the last EHLO, in lower case, with their parameters."""
        self._attach()

    def _attach(self) -> None:
        self._transport = cast("asyncio.Transport", self._client.transport)
        self._guard = Guard(cast("asyncio.Protocol", self._client.protocol), self._transport)

    @property
    def is_open(self) -> bool:
        """Whether another command can be tried."""
        return not self._transport.is_closing()

    @property
    def extensions(self) -> Extensions:
        """What the last EHLO means for a mail transaction."""
        return read_extensions(self.announced)

    async def command(self, *words: bytes, within: float, secret: bool = False) -> Reply:
        """Send one command line and give its reply; the words of a `secret` one are never part of an error."""
        said = await self._ask(words, within, "the sign-in" if secret else words[0].decode())
        return _as_reply(said)

    def begin(self, commands: Sequence[tuple[bytes, ...]]) -> None:
        """Send commands in one go; each of their replies is to be awaited by `next_reply` (RFC 2920 §3.1)."""
        if not self.is_open:
            raise self._cut(self._farewell(commands[0][0].decode()))
        self._guard.expect(len(commands))
        self._transport.write(b"".join(map(_line, commands)))

    async def next_reply(self, what: str, within: float) -> Reply:
        """The reply to the next of the commands that were sent, named so in an error."""
        return _as_reply(await self._answer(what, within))

    async def ehlo(self, name: str, within: float) -> Reply:
        """Introduce ourselves and learn the extensions; falls back to HELO where EHLO is not known."""
        said = await self._ask((b"EHLO", name.encode()), within, "EHLO")
        if said.code == 250:  # noqa: PLR2004 RFC 5321 §4.1.1.1
            self._client.last_ehlo_response = SMTPResponse(said.code, said.text)
            self.announced = dict(self._client.esmtp_extensions)
        # RFC 5321 §3.2
        if said.code in {500, 502}:
            said = await self._ask((b"HELO", name.encode()), within, "HELO")
        return _as_reply(said)

    async def start_tls(self, context: ssl.SSLContext, within: float) -> None:
        """Encrypt what follows; the old extensions are forgotten, and nothing read before counts (RFC 3207 §4.2)."""
        self._guard.expect_for_inner()
        try:
            async with asyncio.timeout(within):
                await self._client.starttls(tls_context=context, timeout=None)
        except SMTPServerDisconnected as error:
            raise self._cut(self._surplus("STARTTLS") or self._farewell("STARTTLS")) from error
        except BaseException:
            self.abort()
            raise
        if surplus := self._surplus("STARTTLS"):
            raise self._cut(surplus)
        self.announced = {}
        self._attach()

    async def write(self, block: bytes, within: float) -> None:
        """Send a block of the mail and wait until there is room for the next."""
        if not self.is_open:
            raise self._cut(self._farewell("the mail's data", refusal_counts=True))
        self._transport.write(block)
        if not self._guard.is_full:
            return
        try:
            async with asyncio.timeout(within):
                await self._guard.room()
        except TimeoutError as error:
            raise self._cut(Reply(0, f"{self._place} stopped reading the mail for {within:g} s")) from error

    def write_to_the_end(self, last: bytes) -> None:
        """Send the last block and end the mail: from here on the server may have it.

        Raises Broken only when the dot did not go out.
        """
        if not self.is_open:
            raise self._cut(self._farewell("the mail's data", refusal_counts=True))
        self._guard.expect()
        self._transport.write(last + FINAL_DOT)

    async def final_reply(self, within: float) -> Reply:
        """Wait for the answer to the final dot. Raises Broken when the outcome cannot be known (RFC 1047)."""
        return _as_reply(await self._await_reply("the final dot", within))

    async def quit(self, within: float) -> None:
        """Say QUIT, wait a moment for the answer, and close whatever it is."""
        if self.is_open:
            try:
                await self.command(b"QUIT", within=within)
            except Broken:
                return
        self.abort()

    def leave(self) -> None:
        """Say QUIT without waiting, and close."""
        if self.is_open:
            self._guard.expect()
            self._transport.write(b"QUIT\r\n")
        self._client.close()

    def abort(self) -> None:
        """Cut the connection now; what is not yet sent never is."""
        self._transport.abort()
        self._client.close()

    async def _ask(self, words: tuple[bytes, ...], within: float, what: str) -> Said:
        if not self.is_open:
            raise self._cut(self._farewell(what))
        self._guard.expect()
        self._transport.write(_line(words))
        return await self._answer(what, within)

    async def _answer(self, what: str, within: float) -> Said:
        said = await self._await_reply(what, within)
        if said.code == CLOSING:
            raise self._cut(_as_reply(said))
        if surplus := self._surplus(what):
            raise self._cut(surplus)
        return said

    async def _await_reply(self, what: str, within: float) -> Said:
        try:
            said = await self._guard.reply(within)
        except TimeoutError as error:
            raise self._cut(Reply(0, f"{self._place} did not answer {what} within {within:g} s")) from error
        except NotSmtp as error:
            raise self._cut(Reply(0, f"{self._place} answered {what} with something that is not SMTP")) from error
        except ConnectionError as error:
            raise self._cut(self._farewell(what)) from error
        except BaseException:
            self.abort()
            raise
        if not is_smtp_code(said.code):
            raise self._cut(Reply(0, f"{self._place} answered {what} with the impossible code {said.code}"))
        return said

    def _cut(self, reply: Reply) -> Broken:
        self.abort()
        return Broken(reply)

    def _surplus(self, what: str) -> Reply | None:
        """What to say when more than the reply came: which command the next reply answers is no longer sure."""
        return Reply(0, f"{self._place} sent more than one reply to {what}") if self._guard.heard else None

    def _farewell(self, what: str, *, refusal_counts: bool = False) -> Reply:
        said = overheard(self._guard.heard)
        if said and (refusal_counts or said.code == CLOSING):
            return said
        last_words = f", saying: {said}" if said else ""
        return Reply(0, f"{self._place} closed the connection at {what}{last_words}")


def _as_reply(said: Said) -> Reply:
    return Reply(said.code, in_words(said.text))


def _line(words: tuple[bytes, ...]) -> bytes:
    line = b" ".join(words)
    if FORBIDDEN_IN_LINE.search(line):
        raise ValueError("a command may not have control characters in it")
    return line + b"\r\n"
