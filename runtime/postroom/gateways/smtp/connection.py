"""One open SMTP connection: a command out and its one reply back, and the bytes of a mail with back-pressure.

It drives aiosmtplib by its public face (`SMTP.execute_command`, `.protocol`, `.transport`), because the library's own
`data()` gives nobody a say between the last byte of a mail and its final dot. Every wait has a deadline, and after a
late or senseless answer the connection is cut, so that no reply is ever taken for a later command's (RFC 5321 §4.2).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from typing import cast

from aiosmtplib import SMTP, SMTPResponse, SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError
from aiosmtplib.protocol import SMTPProtocol

from postroom.gateways.smtp.body import FINAL_DOT
from postroom.gateways.smtp.envelope import Extensions, read_extensions
from postroom.gateways.smtp.guard import Guard
from postroom.gateways.smtp.replies import CLOSING, Broken, Reply, in_words, is_smtp_code, overheard


class Connection:
    """A connection whose greeting was read; raises Broken from every method that talks, and is then closed."""

    def __init__(self, client: SMTP, place: str) -> None:
        self._client = client
        self._place = place
        self.announced: dict[str, str] = {}
        """The keywords of the last EHLO, in lower case, with their parameters."""
        self._attach()

    def _attach(self) -> None:
        self._protocol = cast("SMTPProtocol", self._client.protocol)
        self._transport = cast("asyncio.Transport", self._client.transport)
        self._guard = Guard(cast("asyncio.Protocol", self._protocol), self._transport)

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
        response = await self._ask(words, within, "the sign-in" if secret else words[0].decode())
        return Reply(response.code, in_words(response.message))

    async def ehlo(self, name: str, within: float) -> Reply:
        """Introduce ourselves and learn the extensions; falls back to HELO where EHLO is not known."""
        response = await self._ask((b"EHLO", name.encode()), within, "EHLO")
        if response.code == 250:  # noqa: PLR2004 RFC 5321 §4.1.1.1
            self._client.last_ehlo_response = response
            self.announced = dict(self._client.esmtp_extensions)
        # RFC 5321 §3.2
        if response.code in {500, 502}:
            response = await self._ask((b"HELO", name.encode()), within, "HELO")
        return Reply(response.code, in_words(response.message))

    async def start_tls(self, context: ssl.SSLContext, within: float) -> None:
        """Encrypt what follows; the old extensions are forgotten, and nothing read before counts (RFC 3207 §4.2)."""
        self._guard.expect()
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
        try:
            async with asyncio.timeout(within):
                self._transport.write(block)
                await self._guard.room()
        except TimeoutError as error:
            raise self._cut(Reply(0, f"{self._place} stopped reading the mail for {within:g} s")) from error

    def write_final_dot(self) -> None:
        """End the mail: from here on the server may have it. Raises Broken only when the dot did not go out."""
        if not self.is_open:
            raise self._cut(self._farewell("the mail's data", refusal_counts=True))
        self._guard.expect()
        self._transport.write(FINAL_DOT)

    async def final_reply(self, within: float) -> Reply:
        """Wait for the answer to the final dot. Raises Broken when the outcome cannot be known (RFC 1047)."""
        response = await self._await_reply(self._protocol.read_response(timeout=within), within, "the final dot")
        return Reply(response.code, in_words(response.message))

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

    async def _ask(self, words: tuple[bytes, ...], within: float, what: str) -> SMTPResponse:
        if not self.is_open:
            raise self._cut(self._farewell(what))
        self._guard.expect()
        response = await self._await_reply(self._client.execute_command(*words, timeout=within), within, what)
        if response.code == CLOSING:
            raise self._cut(Reply(CLOSING, in_words(response.message)))
        if surplus := self._surplus(what):
            raise self._cut(surplus)
        return response

    async def _await_reply(self, answer: Awaitable[SMTPResponse], within: float, what: str) -> SMTPResponse:
        try:
            response = await answer
        except SMTPTimeoutError as error:
            raise self._cut(Reply(0, f"{self._place} did not answer {what} within {within:g} s")) from error
        except SMTPResponseException as error:
            raise self._cut(Reply(0, f"{self._place} answered {what} with something that is not SMTP")) from error
        except OSError as error:
            raise self._cut(self._farewell(what)) from error
        except BaseException:
            self.abort()
            raise
        if not is_smtp_code(response.code):
            raise self._cut(Reply(0, f"{self._place} answered {what} with the impossible code {response.code}"))
        return response

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
