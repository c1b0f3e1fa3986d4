"""The lasting name of a mail: the server's UIDL where it is one, else a name derived from the mail's own bytes.

Prefixes tell them apart: `uidl-sha256:` an UIDL outside RFC 1939 (too long, spaces, 8-bit), `header-sha256:` the header
as TOP gives it, `mail-sha256:` the whole mail where there is no TOP, `octets:` a mail too large to read for its name.
"""

from __future__ import annotations

import re
from hashlib import sha256

_PROPER = re.compile(rb"[\x21-\x7e]{1,70}").fullmatch
_VOLATILE = (b"status:", b"x-status:", b"x-uidl:", b"x-keywords:", b"x-mozilla-status:", b"x-mozilla-status2:")


def from_uidl(raw: bytes) -> str:
    """The uid of a server's UIDL: itself where RFC 1939 §7 allows it, else its hash; "" for none at all."""
    uidl = raw.strip()
    if not uidl:
        return ""
    # RFC 1939 §7: one to 70 characters of 0x21 to 0x7E; some servers send more, or others
    if _PROPER(uidl):
        return uidl.decode("ascii")
    return f"uidl-sha256:{sha256(uidl).hexdigest()}"


def from_header(header: bytes, size: int) -> str:
    """The uid of a mail without one: its header, without the fields servers rewrite at will, and its listed octets."""
    stable = (line for line in header.split(b"\r\n") if not line.lower().startswith(_VOLATILE))
    digest = sha256(b"\r\n".join(stable) + b"%d" % size).hexdigest()
    return f"header-sha256:{digest}"


def from_mail(digest: str) -> str:
    """The uid of a mail whose server has neither UIDL nor TOP: the SHA-256 of all its octets, in hex."""
    return f"mail-sha256:{digest}"


def from_place(number: int, size: int) -> str:
    """The uid of a mail that is too large to be read for its name: where it stands and how large it is."""
    return f"octets:{size}:{number}"


def told_apart(uids: list[str]) -> list[str]:
    """The same uids in the same order, a repeated one with its count behind it, so that no mail hides another."""
    if len(set(uids)) == len(uids):
        return uids
    seen: dict[str, int] = {}
    apart = []
    for uid in uids:
        seen[uid] = seen.get(uid, 0) + 1
        apart.append(uid if seen[uid] == 1 else f"{uid}#{seen[uid]}")
    return apart
