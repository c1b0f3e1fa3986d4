"""One open IMAP session as the engine uses it: list, fetch, delete, close; no decision about mails is taken here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from postroom.gateways.guarded import Guarded
from postroom.gateways.imap.capabilities import Capabilities
from postroom.gateways.imap.connection import Connection
from postroom.gateways.imap.fetching import Asked, Fetching
from postroom.gateways.imap.filing import Filing
from postroom.gateways.imap.folder import list_mails, select
from postroom.gateways.imap.names import lasting_name
from postroom.gateways.imap.options import After, ImapOptions
from postroom.gateways.imap.snapshot import Selected, Snapshot
from postroom.gateways.suspects import Suspects
from postroom.ports.gateways import Declined, Fetched, GatewayError, GatewayStatus, Listed, Spooler, TooLarge
from postroom.ports.world import Failpoint


@dataclass
class Memory:
    """What a gateway remembers from session to session."""

    suspects: Suspects = field(default_factory=Suspects)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)


Leave = Callable[[Connection, Capabilities], Awaitable[bool]]
"""Ends a session that went well; True where the server confirmed it, or goes on with it."""


class ImapMailbox(Guarded):
    """A mailbox between sign-in and good-bye."""

    def __init__(  # noqa: PLR0917 the parts of one session
        self,
        connection: Connection,
        capabilities: Capabilities,
        options: ImapOptions,
        memory: Memory,
        leave: Leave,
        failpoint: Failpoint,
    ) -> None:
        super().__init__(connection)
        self._connection = connection
        self._capabilities = capabilities
        self._options = options
        self._memory = memory
        self._leave = leave
        self._failpoint = failpoint
        self._fetching = Fetching(connection, options, failpoint)
        self._filing = Filing(connection, capabilities, options)
        self._open: Selected | None = None
        self._places: dict[str, tuple[Selected, int]] = {}
        """The folder and the UID of every mail listed, by its lasting name."""
        self._marked: dict[str, list[int]] = {}

    @property
    def declined(self) -> Sequence[Declined]:
        """Mails of this session that were not given, or not deleted, as asked, each with the reason in words."""
        return self._fetching.declined

    async def listing(self) -> Sequence[Listed]:
        """Every mail in the folders, folder by folder, oldest first."""
        with self._session():
            await self._fetching.drain()
            self._places.clear()
            listed: list[Listed] = []
            for folder in self._options.folders:
                self._open = selected = await select(self._connection, folder, self._options)
                before = self._memory.snapshots.get(folder)
                snapshot = await list_mails(self._connection, selected, before, self._options)
                self._memory.snapshots[folder] = snapshot
                for uid in sorted(snapshot.mails):
                    mail = snapshot.mails[uid]
                    name = lasting_name(folder, selected.validity, uid)
                    self._places[name] = (selected, uid)
                    listed.append(Listed(len(listed) + 1, name, mail.size, mail.received_at))
            self._failpoint("uidl_read")
            return listed

    async def fetch(self, wanted: Sequence[Listed], spooler: Spooler) -> AsyncGenerator[Fetched | TooLarge]:
        """Read these mails and give each once it is confirmed; one that broke earlier sessions comes last and alone.

        Raises GatewayError when the session is of no more use.
        """
        with self._session():
            await self._fetching.drain()
            trusted, suspected, resting = self._memory.suspects.sort(wanted)
            self._fetching.declined += [Declined(mail, "it broke earlier sessions and waits") for mail in resting]
            for some, at_once in ((trusted, self._options.window), (suspected, 1)):
                for folder, mails in self._by_folder(some):
                    await self._enter(folder)
                    asked = [Asked(self._places[one.uid][1], one, self._is_whole(one)) for one in mails]
                    arriving = self._fetching.mails(asked, at_once, spooler)
                    async with aclosing(self._memory.suspects.watch(arriving, lambda: self._fetching.at)) as items:
                        async for item in items:
                            yield item

    async def taken_in(self, listed: Sequence[Listed]) -> None:
        """These are safe here. Raises GatewayError."""
        if self._options.after is not After.FLAG:
            return
        with self._session():
            await self._fetching.drain()
            for folder, mails in self._by_folder(listed):
                await self._enter(folder)
                await self._filing.see([self._places[one.uid][1] for one in mails])

    async def delete(self, listed: Sequence[Listed]) -> None:
        """Take these off the server, in the way that is set; what is only marked is gone when `close` succeeds.

        Raises GatewayError; with draining_stuck, the server refused every one of them and the session goes on.
        """
        refusals = 0
        failure: GatewayError | None = None
        with self._session():
            await self._fetching.drain()
            self._failpoint("dele_pre")
            for folder, mails in self._by_folder(listed):
                await self._enter(folder)
                uids = [self._places[one.uid][1] for one in mails]
                refusal = await self._filing.mark(uids)
                if refusal is not None:
                    failure, refusals = refusal, refusals + len(mails)
                    self._fetching.declined += [Declined(one, refusal.words) for one in mails]
                else:
                    self._marked.setdefault(folder.folder, []).extend(uids)
            self._failpoint("dele_post")
        if failure is not None and refusals == len(listed):
            raise GatewayError(GatewayStatus.DRAINING_STUCK, failure.words)

    async def close(self) -> bool:
        """Remove what was marked and end the session; True when the server confirmed all of it."""
        if self._broken:
            return False
        try:
            with self._session():
                await self._fetching.drain()
                done = await self._expunge()
                left = await self._leave(self._connection, self._capabilities)
        except GatewayError:
            return False
        self._failpoint("quit_post")
        self._broken = True
        return done and left

    async def _expunge(self) -> bool:
        done = True
        for selected, uids in [(self._selected(folder), uids) for folder, uids in self._marked.items()]:
            if self._options.after is After.MOVE and "MOVE" in self._capabilities:
                continue
            await self._enter(selected)
            done = await self._filing.expunge(uids) and done
        return done

    def _is_whole(self, listed: Listed) -> bool:
        return listed.size <= self._options.max_message_size

    def _by_folder(self, listed: Iterable[Listed]) -> list[tuple[Selected, list[Listed]]]:
        """The mails of each folder in their order; one that was not listed in this session is nobody's."""
        grouped: dict[str, tuple[Selected, list[Listed]]] = {}
        for one in listed:
            if one.uid in self._places:
                selected, _ = self._places[one.uid]
                grouped.setdefault(selected.folder, (selected, []))[1].append(one)
        return list(grouped.values())

    def _selected(self, folder: str) -> Selected:
        return next(selected for selected, _ in self._places.values() if selected.folder == folder)

    async def _enter(self, wanted: Selected) -> None:
        """Open a folder unless it is open. Raises GatewayError where its UIDs mean other mails now."""
        if self._open is not None and self._open.folder == wanted.folder:
            return
        self._open = await select(self._connection, wanted.folder, self._options)
        if self._open.validity != wanted.validity:
            words = (
                f"{self._connection.peer} gave the mails of {wanted.folder} new names while we read: it is listed anew"
            )
            raise GatewayError(GatewayStatus.CONNECTION_FAILED, words)
