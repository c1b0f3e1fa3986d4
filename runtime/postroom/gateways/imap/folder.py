"""Opens folders and lists them: only what is new where the server lets us know that, else everything."""

from __future__ import annotations

from postroom.gateways.faults import ProtocolFault
from postroom.gateways.imap import commands
from postroom.gateways.imap.connection import Connection
from postroom.gateways.imap.options import ImapOptions
from postroom.gateways.imap.responses import Response
from postroom.gateways.imap.snapshot import Mail, Selected, Snapshot, listed_mail
from postroom.gateways.imap.verdicts import refused
from postroom.ports.gateways import GatewayError, GatewayStatus

_LONG = 20
_LINE = 256
"""Octets of a listing's line, on average and at most."""
_ATTRIBUTES = b"(UID RFC822.SIZE INTERNALDATE)"


async def select(connection: Connection, name: str, options: ImapOptions) -> Selected:
    """Open a folder. Raises GatewayError, ProtocolFault."""
    doing = f"opening the folder {name}"
    count = 0
    codes: dict[str, str] = {}

    def hears(response: Response) -> None:
        nonlocal count
        if (status := response.status()) is not None:
            codes[status.code] = status.arguments
        elif response.head.upper().endswith(b" EXISTS"):
            count = response.data()[0] or 0

    deadline = connection.within(options.deadlines.command)
    status = await connection.command(b"SELECT", commands.folder(name), doing=doing, deadline=deadline, hears=hears)
    if not status.ok:
        raise refused(doing, status)
    validity = _number(codes.get("UIDVALIDITY"))
    if validity is None or "UIDNOTSTICKY" in codes:
        words = (
            f"{connection.peer} gives the mails of {name} no lasting names (UIDVALIDITY): use its POP3 service instead"
        )
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, words)
    if count > options.max_listing:
        raise ProtocolFault(
            f"lists more than {options.max_listing:,} mails in {name}: empty it by hand, or use folders"
        )
    next_uid = _number(codes.get("UIDNEXT"))
    is_read_only = status.code == "READ-ONLY"
    return Selected(folder=name, validity=validity, next_uid=next_uid, count=count, is_read_only=is_read_only)


async def list_mails(
    connection: Connection, selected: Selected, before: Snapshot | None, options: ImapOptions
) -> Snapshot:
    """What the open folder holds. Raises GatewayError, ProtocolFault."""
    if before is not None and before.is_still(selected):
        return before
    if not selected.count:
        return Snapshot(selected, {})
    first = before.continues(selected) if before is not None else None
    if before is not None and first is not None:
        fresh = await _listed(connection, first, options)
        together = before.mails | {uid: mail for uid, mail in fresh.items() if uid >= first}
        if len(together) == selected.count:
            return Snapshot(selected, together)
    return Snapshot(selected, await _listed(connection, 1, options))


async def _listed(connection: Connection, first: int, options: ImapOptions) -> dict[int, Mail]:
    doing = "listing the mails"
    found: dict[int, Mail] = {}

    def hears(response: Response) -> None:
        if (mail := listed_mail(response)) is not None:
            found[mail.uid] = mail

    tag = connection.tag()
    connection.send(b"%b UID FETCH %d:* %b\r\n" % (tag, first, _ATTRIBUTES))
    deadline = connection.within(options.deadlines.listing)
    most = (options.max_listing + 1_000) * _LINE
    status = await connection.finish(tag, doing, deadline, hears, most)
    if not status.ok:
        raise refused(doing, status)
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < _LONG else None
