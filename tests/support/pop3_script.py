"""A POP3 server that behaves, except where a test's script says otherwise: any answer to any command, in any pieces.

The script maps a command line (`RETR 2`) or a verb (`RETR`, `greeting`) to the steps of its answer; a `Turns` holds one
answer for each time it is asked. What the client sent is kept in `received`; `mails` are those still on the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.support.loopback import Scripted
from tests.support.playing import Act, Answer, Drip, Flood, Player, Script, Turns

__all__ = ["Act", "Answer", "Drip", "Flood", "Turns"]

CAPABILITIES = ("TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "USER")


def multiline(first: bytes, lines: Iterable[bytes]) -> bytes:
    """A multi-line reply of these lines, dots stuffed."""
    stuffed = (b"." + line if line.startswith(b".") else line for line in lines)
    return b"".join(part + b"\r\n" for part in (b"+OK " + first, *stuffed, b"."))


def on_the_wire(mail: bytes) -> bytes:
    """A mail as the answer to RETR; it ends in CRLF."""
    return multiline(b"%d octets" % len(mail), mail.removesuffix(b"\r\n").split(b"\r\n"))


@dataclass
class ScriptedServer(Scripted):
    """One mailbox served on loopback."""

    mails: list[bytes] = field(default_factory=list)
    script: Script = field(default_factory=dict)
    capabilities: Sequence[str] = CAPABILITIES
    name: Callable[[int, bytes], bytes] = lambda number, _: b"uid-%d" % number
    """The UIDL of a mail: what stands behind its number."""
    octets: Callable[[int, bytes], int] = lambda _, mail: len(mail)
    """What LIST says of a mail."""
    arrange: Callable[[list[bytes], int], list[bytes]] = lambda mails, _: mails
    """The order of the mails in a session of that number."""
    is_true_to_its_word: bool = False
    """Where the script gives another answer than the usual one, nothing is done either: no mail is deleted."""
    given: list[bytes] = field(default_factory=list)
    """Every mail that was read whole, each time it was."""

    def verbs(self) -> list[bytes]:
        """The verbs of the commands received, in order."""
        return [line.split(b" ")[0].upper() for line in self.received]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Session(self, reader, writer).run()

    def answer(self, line: str) -> Answer:
        """The script's answer to a command line, or the usual one."""
        return self.scripted(self.script, (line, line.split(" ", maxsplit=1)[0]))


class _Session:
    def __init__(self, server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._player = Player(reader, writer, server.context)
        self._box = server.arrange(list(server.mails), server.sessions)
        self._deleted: set[int] = set()

    async def run(self) -> None:
        await self._player.play(self._server.answer("greeting"), b"+OK ready\r\n")
        while True:
            line = (await self._reader.readuntil(b"\r\n"))[:-2]
            self._server.received.append(line)
            text = line.decode("utf-8", "replace")
            answer = self._server.answer(text)
            does_it = Act.USUAL in answer or not self._server.is_true_to_its_word
            usual = self._usual(text) if does_it else b""
            if text.startswith("RETR ") and usual.startswith(b"+OK"):
                self._server.given.append(self._box[int(text.split(" ")[1]) - 1])
            await self._player.play(answer, usual)
            if text.upper() == "QUIT":
                return

    def _usual(self, line: str) -> bytes:
        verb, _, rest = line.partition(" ")
        number = int(rest.split(" ")[0]) if rest.split(" ")[0].isdigit() else 0
        if verb in ("TOP", "RETR", "DELE") and not 0 < number <= len(self._box):
            return b"-ERR no such message\r\n"
        if verb in ("TOP", "RETR"):
            mail = self._box[number - 1]
            return on_the_wire(mail if verb == "RETR" else mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        if verb == "DELE":
            self._deleted.add(number)
            return b"+OK marked\r\n"
        return self._about_the_session(verb)

    def _about_the_session(self, verb: str) -> bytes:
        if verb == "CAPA":
            return multiline(b"here", (name.encode() for name in self._server.capabilities))
        if verb == "STAT":
            return b"+OK %d %d\r\n" % (len(self._box), sum(map(len, self._box)))
        if verb == "LIST":
            octets = self._server.octets
            return multiline(b"list", (b"%d %d" % (n, octets(n, mail)) for n, mail in enumerate(self._box, 1)))
        if verb == "UIDL":
            name = self._server.name
            return multiline(b"uidl", (b"%d %b" % (n, name(n, mail)) for n, mail in enumerate(self._box, 1)))
        if verb == "QUIT":
            come_since = self._server.mails[len(self._box) :]
            kept = [mail for n, mail in enumerate(self._box, 1) if n not in self._deleted]
            self._server.mails[:] = kept + come_since
        known = ("USER", "PASS", "AUTH", "NOOP", "QUIT", "STLS")
        return b"+OK\r\n" if verb in known else b"-ERR unknown command\r\n"
