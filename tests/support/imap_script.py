"""An IMAP server that behaves, except where a test's script says otherwise: any answer to any command, in any pieces.

The script maps a command without its tag (`UID FETCH 2`), or its verb (`UID FETCH`, `LOGIN`, `greeting`), to the steps
of its answer, in which `<tag>` stands for the command's tag. What the client sent is kept in `received`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.support.loopback import Scripted
from tests.support.playing import Act, Answer, Drip, Flood, Player, Script, Turns

__all__ = ["Act", "Answer", "Drip", "Flood", "Turns"]

CAPABILITIES = ("IMAP4rev1", "UIDPLUS", "MOVE", "IDLE", "AUTH=PLAIN")
DATE = b'"02-Mar-2026 09:00:00 +0100"'


def fetched(number: int, uid: int, mail: bytes, section: bytes = b"") -> bytes:
    """A mail as the untagged answer to UID FETCH."""
    return b"* %d FETCH (UID %d BODY[%b] {%d}\r\n%b)\r\n" % (number, uid, section, len(mail), mail)


def ok(words: bytes = b"done") -> bytes:
    return b"<tag> OK " + words + b"\r\n"


@dataclass
class ScriptedImap(Scripted):
    """One mailbox served on loopback; `mails` is INBOX by UID."""

    mails: dict[int, bytes] = field(default_factory=dict)
    script: Script = field(default_factory=dict)
    capabilities: Sequence[str] = CAPABILITIES
    validity: int = 7
    folders: dict[str, dict[int, bytes]] = field(default_factory=dict)
    """Other folders; a mail that is moved gets here."""
    seen: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._next: dict[str, int] = {}
        self.arrived = asyncio.Event()

    def next_uid(self, name: str, box: Iterable[int]) -> int:
        """The UID of the next mail in a folder, which never is a smaller one."""
        self._next[name] = max(self._next.get(name, 1), max(box, default=0) + 1)
        return self._next[name]

    def deliver(self, uid: int, mail: bytes) -> None:
        """Lay a mail into the box, and tell who idles."""
        self.mails[uid] = mail
        self.arrived.set()

    def verbs(self) -> list[str]:
        """The verbs of the commands received, in order."""
        return [verb_of(line.decode("utf-8", "replace")) for line in self.received]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Session(self, reader, writer).run()

    def answer(self, line: str) -> Answer:
        """The script's answer to a command, or the usual one."""
        short = " ".join(line.split(" ")[:3])
        return self.scripted(self.script, (line, short, verb_of(line)))


def verb_of(line: str) -> str:
    """The verb of a command without its tag."""
    words = line.split(" ")
    return " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()


class _Session:
    def __init__(self, server: ScriptedImap, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._player = Player(reader, writer, server.context)

    async def run(self) -> None:
        await self._play(self._server.answer("greeting"), b"", b"* OK ready\r\n")
        while True:
            line = (await self._reader.readuntil(b"\r\n"))[:-2]
            tag, _, command = line.partition(b" ")
            self._server.received.append(command or line)
            text = (command or line).decode("utf-8", "replace")
            verb, answer = verb_of(text), self._server.answer(text)
            # What is not answered as usual is not done either; but a secret is always asked for.
            does_it = Act.USUAL in answer or verb == "AUTHENTICATE"
            await self._play(answer, tag, await self._usual(verb, text) if does_it else b"")
            if verb_of(text) == "LOGOUT":
                return

    async def _play(self, steps: Answer, tag: bytes, usual: bytes) -> None:
        await self._player.play([self._told(step, tag) for step in steps], usual.replace(b"<tag>", tag))

    @staticmethod
    def _told(step: bytes | Act | Drip | Flood, tag: bytes) -> bytes | Act | Drip | Flood:
        return step.replace(b"<tag>", tag) if isinstance(step, bytes) else step

    async def _usual(self, verb: str, text: str) -> bytes:
        server = self._server
        if verb == "CAPABILITY":
            return b"* CAPABILITY " + " ".join(server.capabilities).encode() + b"\r\n" + ok()
        if verb == "SELECT":
            return self._selected(text)
        if verb == "IDLE":
            return await self._idle()
        if verb == "AUTHENTICATE":
            return await self._authenticate()
        if verb.startswith("UID"):
            return self._about_mails(verb, text)
        return b"* BYE see you\r\n" + ok() if verb == "LOGOUT" else ok()

    def _selected(self, text: str) -> bytes:
        server = self._server
        box = self._box(text)
        codes = b"* OK [UIDVALIDITY %d] x\r\n* OK [UIDNEXT %d] x\r\n" % (
            server.validity,
            server.next_uid(self._name, box),
        )
        return b"* FLAGS (\\Seen \\Deleted)\r\n* %d EXISTS\r\n" % len(box) + codes + ok(b"[READ-WRITE] open")

    def _box(self, text: str) -> dict[int, bytes]:
        name = text.partition(" ")[2].strip('"')
        self._name = name
        return self._server.mails if name == "INBOX" else self._server.folders.setdefault(name, {})

    async def _idle(self) -> bytes:
        self._writer.write(b"+ idling\r\n")
        done = asyncio.ensure_future(self._reader.readuntil(b"\r\n"))
        news = asyncio.ensure_future(self._server.arrived.wait())
        await asyncio.wait({done, news}, return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            self._server.arrived.clear()
            self._writer.write(b"* %d EXISTS\r\n" % len(self._server.mails))
        news.cancel()
        self._server.received.append((await done)[:-2])
        return ok()

    async def _authenticate(self) -> bytes:
        self._writer.write(b"+ \r\n")
        self._server.received.append((await self._reader.readuntil(b"\r\n"))[:-2])
        return ok()

    def _about_mails(self, verb: str, text: str) -> bytes:
        server, words = self._server, text.split(" ")
        box = server.mails if self._name == "INBOX" else server.folders[self._name]
        chosen = sorted(uid for uid in box if uid in uids_of(words[2], max([*box, 0])))
        numbers = {uid: number for number, uid in enumerate(sorted(box), 1)}
        if verb == "UID FETCH" and "BODY" in text:
            header = "HEADER" in text
            return b"".join(self._fetched(numbers[uid], uid, box[uid], header=header) for uid in chosen) + ok()
        if verb == "UID FETCH":
            line = b"* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE %b)\r\n"
            return b"".join(line % (numbers[uid], uid, len(box[uid]), DATE) for uid in chosen) + ok()
        if verb == "UID STORE":
            (server.seen if "Seen" in text else server.deleted).update(chosen)
        elif verb == "UID EXPUNGE":
            for uid in server.deleted.intersection(chosen):
                del box[uid]
        elif verb in {"UID MOVE", "UID COPY"}:
            self._moved(words[3].strip('"'), box, chosen, stays=verb == "UID COPY")
        return ok()

    def _moved(self, target: str, box: dict[int, bytes], chosen: Iterable[int], *, stays: bool) -> None:
        other = self._server.folders.setdefault(target, {})
        for uid in chosen:
            other[max([*other, 0]) + 1] = box[uid]
            if not stays:
                del box[uid]

    def _fetched(self, number: int, uid: int, mail: bytes, *, header: bool) -> bytes:
        if header:
            return fetched(number, uid, mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", b"HEADER")
        return fetched(number, uid, mail)


def uids_of(text: str, highest: int) -> set[int]:
    """The UIDs of a sequence set."""
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = re.sub(r"\*", str(highest), part).partition(":")
        first, last = sorted((int(low), int(high or low)))
        found.update(range(first, last + 1))
    return found
