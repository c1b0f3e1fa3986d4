"""What earlier sessions with a box taught, so that a server that does not keep its word costs little.

It is forgotten with the process, and nothing depends on it but effort.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from postroom.ports.gateways import Listed

NOT_BEFORE = 900.0
"""Seconds until a mail is read again that the server said was deleted and still lists."""


class Lessons:
    """One gateway's lessons; it remembers nothing of a mail that is not listed any more."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}
        """UIDLs the server did not give or not delete when asked: they come last, so that they hold up nobody, and
        by their numbers, so that they do not hold up each other."""
        self.read_as: set[tuple[str, int]] = set()
        """UIDL and size of mails that the ledger knows with another size: read under this one too."""
        self.unfinished: set[str] = set()
        """UIDLs whose taking in broke off between the two commits: they are read again, which finishes them."""
        self._deleted: dict[tuple[str, int], float] = {}
        self._declines = 0

    def listed(self, listing: Sequence[Listed], now: float) -> tuple[Sequence[Listed], int]:
        """What of a listing is to be looked at, and how many of its mails the server kept though it deleted them.

        `now` is monotonic. Kept is what the server confirmed as deleted not long ago and lists with the same sizes,
        every one of them: a server that only gives its UIDLs anew keeps fewer.
        """
        if not (self.last or self.read_as or self.unfinished or self._deleted):
            return listing, 0
        keys = {(one.uid, one.size) for one in listing}
        uids = {one.uid for one in listing}
        self.last = {uid: turn for uid, turn in self.last.items() if uid in uids}
        self.unfinished &= uids
        self.read_as &= keys
        self._deleted = {key: at for key, at in self._deleted.items() if now - at < NOT_BEFORE}
        if self._deleted.keys() <= keys:
            return [one for one in listing if (one.uid, one.size) not in self._deleted], len(self._deleted)
        self.declined({uid for uid, size in self._deleted if (uid, size) in keys})
        self._deleted = {}
        return listing, 0

    def declined(self, uids: Collection[str]) -> None:
        """The server did not do with these what it was asked."""
        self._declines += 1
        self.last.update(dict.fromkeys(uids, self._declines))

    def deleted(self, mails: Sequence[Listed], now: float) -> None:
        """The server confirmed that these are deleted."""
        self._deleted.update(((one.uid, one.size), now) for one in mails)

    def broke_off(self, mails: Sequence[Listed]) -> None:
        """Taking these in failed somewhere."""
        self.unfinished.update(one.uid for one in mails)

    def taken_in(self, mails: Sequence[Listed]) -> None:
        """These were taken in."""
        self.unfinished.difference_update(one.uid for one in mails)

    def resized(self, mails: Collection[Listed]) -> None:
        """These were read although the ledger knew their UIDLs, because their sizes were others."""
        self.read_as.update((one.uid, one.size) for one in mails)
