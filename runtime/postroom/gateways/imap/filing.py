"""What becomes of mails on the server once they are safe here: removed, moved to a folder, or marked as seen.

Only what this session read is touched: without UIDPLUS (RFC 4315) an EXPUNGE would also remove what somebody else had
marked, so it is not used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from postroom.gateways.imap import commands
from postroom.gateways.imap.capabilities import Capabilities
from postroom.gateways.imap.connection import Connection
from postroom.gateways.imap.options import After, ImapOptions
from postroom.gateways.imap.responses import Status
from postroom.gateways.imap.verdicts import refused
from postroom.ports.gateways import GatewayError, GatewayStatus

AT_ONCE = 500
_NEEDS_UIDPLUS = (
    "the server cannot remove single mails (it lacks UIDPLUS): set after_intake to `flag`, or use its POP3 service"
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
        if "UIDPLUS" not in self._capabilities and not self._can_move:
            return GatewayError(GatewayStatus.DRAINING_STUCK, _NEEDS_UIDPLUS)
        failure: GatewayError | None = None
        for some in _chunks(uids):
            failure = await (self._move(some) if self._options.after is After.MOVE else self._delete(some)) or failure
        return failure

    async def expunge(self, uids: Sequence[int]) -> bool:
        """Remove what was marked; whether the server did."""
        done = True
        for some in _chunks(uids):
            done = (await self._say("removing mails", b"UID EXPUNGE", some)).ok and done
        return done

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
