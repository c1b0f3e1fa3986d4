"""The sandbox's mailboxes: who has one, and the mails in each, in memory and, where a folder is named, on disk.

It is in charge of what was delivered; how it came and how it is read are the two servers' work.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from urllib.parse import quote, unquote

ANY_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One delivered mail, every line ended by CRLF; its uid is unique in the sandbox and never used again."""

    uid: str
    raw: bytes


class Mailboxes:
    """Mailboxes by address; an address nobody was named for gets one at its first mail, if `open_to_all`."""

    def __init__(
        self, users: Mapping[str, str], *, password: str, open_to_all: bool, folder: Path | None = None
    ) -> None:
        self._passwords = {address.casefold(): secret for address, secret in users.items()}
        self._password = password
        self._open_to_all = open_to_all
        self._folder = folder
        self._boxes: dict[str, list[StoredMail]] = {address: [] for address in self._passwords}
        self._locked: set[str] = set()
        self._last_uid = 0
        self._read_folder()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that has a mailbox, in the order they came to be."""
        return tuple(self._boxes)

    def takes(self, address: str) -> bool:
        """Whether mail for this address is accepted."""
        return address.casefold() in self._boxes or (self._open_to_all and "@" in address)

    def opens_for(self, address: str, password: str) -> bool:
        """Whether the password is the mailbox's."""
        key = address.casefold()
        expected = self._passwords.get(key, self._password).encode()
        return key in self._boxes and compare_digest(expected, password.encode())

    def deliver(self, address: str, raw: bytes) -> StoredMail:
        """Add a mail to the address's box; lines ended in any way come out ended by CRLF."""
        self._last_uid += 1
        mail = StoredMail(f"{self._last_uid:08x}", _canonical(raw))
        self._boxes.setdefault(address.casefold(), []).append(mail)
        if self._folder is not None:
            path = self._path(address.casefold(), mail.uid)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(mail.raw)
        return mail

    def mails(self, address: str) -> tuple[StoredMail, ...]:
        """The mails now in the address's box, oldest first; none where there is no box."""
        return tuple(self._boxes.get(address.casefold(), ()))

    def remove(self, address: str, uids: Collection[str]) -> None:
        """Take mails out of a box for good."""
        key = address.casefold()
        self._boxes[key] = [mail for mail in self._boxes.get(key, ()) if mail.uid not in uids]
        if self._folder is not None:
            for uid in uids:
                self._path(key, uid).unlink(missing_ok=True)

    def lock(self, address: str) -> bool:
        """Take the box for one POP3 session; False when another one has it (RFC 1939 §4)."""
        key = address.casefold()
        if key in self._locked:
            return False
        self._locked.add(key)
        return True

    def unlock(self, address: str) -> None:
        """Give the box back."""
        self._locked.discard(address.casefold())

    def _path(self, key: str, uid: str) -> Path:
        assert self._folder is not None  # noqa: S101 both callers have looked
        return self._folder / quote(key, safe="@") / f"{uid}.eml"

    def _read_folder(self) -> None:
        found = sorted(self._folder.glob("*@*/*.eml"), key=lambda path: path.stem) if self._folder else ()
        for path in found:
            self._boxes.setdefault(unquote(path.parent.name), []).append(StoredMail(path.stem, path.read_bytes()))
            self._last_uid = max(self._last_uid, int(path.stem, 16))


def _canonical(raw: bytes) -> bytes:
    lines = ANY_LINE_END.sub(b"\r\n", raw)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"
