"""What becomes of mails on the server once they are safe here: removed, moved to a folder, or marked as seen.

Only what this session read is touched. Without UIDPLUS (RFC 4315) an EXPUNGE removes whatever is marked, so it is said
only where a search just found that nothing but ours is; where something is that others marked, ours is unmarked, stays,
and the status says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from postroom.gateways.imap import commands
from postroom.gateways.imap.capabilities import Capabilities
from postroom.gateways.imap.connection import Connection
from postroom.gateways.imap.options import After, ImapOptions
from postroom.gateways.imap.responses import Response, Status
from postroom.gateways.imap.verdicts import refused
from postroom.ports.gateways import GatewayError, GatewayStatus

AT_ONCE = 500
_NUMBER = 11
"""Octets of a UID in an answer, at most."""
_OTHERS = (
    "the server cannot remove single mails (it lacks UIDPLUS), and mails are marked as deleted there by others, which"
    " would go with ours: expunge the folder by hand, or set after_intake to `flag`"
)


class Filing:
    """The writing side of one session; every method works in the folder that is open."""

    def __init__(self, connection: Connection, capabilities: Capabilities, options: ImapOptions) -> None:
        self._connection = connection
        self._capabilities = capabilities
        self._options = options

    async def see(self, uids: Sequence[int]) -> None:
        """Mark as seen; a refusal is of no weight."""
        for some in _chunks(uids):
            await self._say("marking mails as seen", b"UID STORE", some, b"+FLAGS.SILENT (\\Seen)")

    async def mark(self, uids: Sequence[int]) -> GatewayError | None:
        """Take these out of the folder: at once by moving, or by a mark that `expunge` makes good. Gives a refusal."""
        if not self._can_single and not self._can_move and not await self._only(uids):
            return GatewayError(GatewayStatus.DRAINING_STUCK, _OTHERS)
        failure: GatewayError | None = None
        for some in _chunks(uids):
            failure = await (self._move(some) if self._options.after is After.MOVE else self._delete(some)) or failure
        return failure

    async def expunge(self, uids: Sequence[int]) -> bool:
        """Remove what was marked; whether the server did."""
        if not self._can_single:
            return await self._expunge_all(uids)
        done = True
        for some in _chunks(uids):
            done = (await self._say("removing mails", b"UID EXPUNGE", some)).ok and done
        return done

    async def _expunge_all(self, uids: Sequence[int]) -> bool:
        if await self._only(uids):
            return (await self._say("removing mails", b"EXPUNGE", ())).ok
        for some in _chunks(uids):
            await self._say("unmarking mails", b"UID STORE", some, b"-FLAGS.SILENT (\\Deleted)")
        return False

    async def _only(self, uids: Sequence[int]) -> bool:
        """Whether no other mail of the folder than these is marked as deleted; not where the server does not say."""
        found: list[bytes] = []

        def hears(response: Response) -> None:
            name, *numbers = response.head.upper().split() or [b""]
            if name == b"SEARCH":
                found.extend(numbers or [b""])

        deadline = self._connection.within(self._options.deadlines.listing)
        doing = "looking for mails marked as deleted"
        most = (self._options.max_listing + 1_000) * _NUMBER
        tag = self._connection.tag()
        self._connection.send(b"%b UID SEARCH DELETED\r\n" % tag)
        status = await self._connection.finish(tag, doing, deadline, hears, most)
        return status.ok and bool(found) and {b"", *(b"%d" % uid for uid in uids)}.issuperset(found)

    @property
    def _can_single(self) -> bool:
        return "UIDPLUS" in self._capabilities

    @property
    def _can_move(self) -> bool:
        return self._options.after is After.MOVE and "MOVE" in self._capabilities

    async def _delete(self, some: Sequence[int]) -> GatewayError | None:
        doing = "deleting mails"
        status = await self._say(doing, b"UID STORE", some, b"+FLAGS.SILENT (\\Deleted)")
        return None if status.ok else refused(doing, status)

    async def _move(self, some: Sequence[int]) -> GatewayError | None:
        doing = f"moving mails to {self._options.move_to}"
        target = commands.folder(self._options.move_to)
        verb = b"UID MOVE" if self._can_move else b"UID COPY"
        status = await self._say(doing, verb, some, target)
        if status.code == "TRYCREATE":
            await self._say(f"making the folder {self._options.move_to}", b"CREATE", (), target)
            status = await self._say(doing, verb, some, target)
        if not status.ok:
            return refused(doing, status)
        return None if self._can_move else await self._delete(some)

    async def _say(self, doing: str, verb: bytes, uids: Sequence[int], *more: bytes) -> Status:
        words = (verb, *((commands.uid_set(uids),) if uids else ()), *more)
        deadline = self._connection.within(self._options.deadlines.listing)
        return await self._connection.command(*words, doing=doing, deadline=deadline)


def _chunks(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (uids[start : start + AT_ONCE] for start in range(0, len(uids), AT_ONCE))
