"""Names the mails to which the server gave no lasting name: by the header, or by all of it where there is no TOP."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from postroom.gateways.pop3 import uids
from postroom.gateways.pop3.fetching import CHECK, Fetching
from postroom.gateways.pop3.listing import Entry
from postroom.gateways.pop3.window import Asked, What
from postroom.ports.gateways import Fetched, Listed, Spool, TooLarge


class Naming:
    """The naming of one listing, over the reading side of its session."""

    def __init__(self, fetching: Fetching, window: int, most: int) -> None:
        self._fetching = fetching
        self._window = window
        self._most = most

    async def name(self, entries: Sequence[Entry]) -> list[Listed]:
        """The entries, each with a uid no other of them has; one that vanished meanwhile is left out."""
        nameless = [Listed(entry.number, "", entry.size) for entry in entries if not entry.uid]
        if not nameless:
            return [Listed(entry.number, entry.uid, entry.size) for entry in entries]
        names = await self._from_headers(nameless)
        unread = [listed for listed in nameless if listed.number not in names]
        names |= await self._from_mails(unread) if unread else {}
        named = [(entry, entry.uid or names.get(entry.number, "")) for entry in entries]
        known = [(entry, uid) for entry, uid in named if uid]
        apart = uids.told_apart([uid for _, uid in known])
        return [Listed(entry.number, uid, entry.size) for (entry, _), uid in zip(known, apart, strict=True)]

    async def _from_headers(self, nameless: Sequence[Listed]) -> dict[int, str]:
        names = {}
        asked = [*(Asked(What.HEADER, listed) for listed in nameless), CHECK]
        async for item in self._fetching.mails(asked, self._window, _Digests()):
            if isinstance(item, TooLarge) and item.header:
                names[item.listed.number] = uids.from_header(item.header, item.listed.size)
        return names

    async def _from_mails(self, unread: Sequence[Listed]) -> dict[int, str]:
        names = {listed.number: uids.from_place(listed.number, listed.size) for listed in unread}
        small = [listed for listed in unread if listed.size <= self._most]
        asked = [*(Asked(What.MAIL, listed) for listed in small), CHECK]
        async for item in self._fetching.mails(asked, self._window, _Digests(), again=True):
            if isinstance(item, Fetched) and isinstance(item.spool, _Digest):
                names[item.listed.number] = uids.from_mail(item.spool.hexdigest())
        for declined in self._fetching.declined:
            names.pop(declined.listed.number, None)
        return names


class _Digest:
    """A spool that keeps nothing but the hash of what passes through."""

    def __init__(self) -> None:
        self._sha256 = sha256()

    def write(self, chunk: bytes) -> None:
        self._sha256.update(chunk)

    def discard(self) -> None:
        self._sha256 = sha256()

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


class _Digests:
    def open(self, expected: int) -> Spool:  # noqa: ARG002 the port's signature
        return _Digest()
