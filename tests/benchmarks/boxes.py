"""Fills mailboxes of a Dovecot with a mix, as fast as the disk links files, and says what is left in them."""

from __future__ import annotations

import os
import poplib
import shutil
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from tests.support.dovecot import Dovecot


class Box(Struct, frozen=True, kw_only=True):
    """One user's mailbox on loopback, without TLS."""

    port: int
    user: str
    password: str
    number: int
    host: str = "127.0.0.1"


class Stock(Struct, frozen=True, kw_only=True):
    """A mix on disk, ready to be linked into any box. `octets` is what goes over the wire, CRLF line ends."""

    files: tuple[Path, ...]
    octets: int

    @property
    def mails(self) -> int:
        """How many there are."""
        return len(self.files)


def stocked(server: Dovecot, name: str, mails: Iterable[bytes]) -> Stock:
    """Write the mails beside the server's mail, on the same file system, each named as a delivery agent names it."""
    folder = server.folder / "mail" / name
    folder.mkdir()
    files, octets = [], 0
    for index, raw in enumerate(mails):
        on_wire = len(raw) + raw.count(b"\n")
        # S= and W= are the sizes with LF and with CRLF: without them Dovecot reads each mail before it can list it.
        file = folder / f"{1_750_000_000 + index}.M{index}P1.benchmark,S={len(raw)},W={on_wire}"
        file.write_bytes(raw)
        _as_server(server, file)
        files.append(file)
        octets += on_wire
    return Stock(files=tuple(files), octets=octets)


def filled(server: Dovecot, number: int, stock: Stock) -> Box:
    """Let the user sign in once, put the stock into his box, and let the disk come to rest."""
    user, password = server.login(number)
    box = Box(port=server.pop3, user=user, password=password, number=number)
    _first_visit(box)
    new = server.folder / "mail" / f"u{number}" / "Maildir" / "new"
    for file in stock.files:
        os.link(file, new / file.name)
    os.sync()
    return box


def _first_visit(box: Box) -> None:
    """The first sign-in of a user makes his index; none of the peers is to pay for that."""
    client = poplib.POP3(box.host, box.port, timeout=30)
    client.user(box.user)
    client.pass_(box.password)
    client.quit()


def _as_server(server: Dovecot, file: Path) -> None:
    if os.getuid() == 0:
        owner = (server.folder / "mail").stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def emptied(folder: Path) -> Path:
    """The folder, new and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
