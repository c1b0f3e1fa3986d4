"""Where the runtime may connect to on its own account: what a written URL may be, and which addresses are refused.

A URL is only ever the configuration's. Its host is resolved, each address judged here, and the connection made to that
address and no other, so that a name cannot mean one thing when it is judged and another when it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

import httpx

from postroom.settings.rules import AtMost, Check, is_domain

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL = 2_000
_HIGHEST_PORT = 65_535
_METADATA = frozenset(map(ip_address, ("100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")))
"""Where clouds tell a machine its own secrets, besides the link-local 169.254.169.254."""
# RFC 6052 §2.1: an IPv4 address in an IPv6 one, for networks that have only the latter
_NAT64 = IPv6Network("64:ff9b::/96")
# RFC 4291 §2.5.5.1
_COMPATIBLE = IPv6Network("::/96")


def is_url(text: str) -> bool:
    """Whether the text is an http or https URL with a plain host, and without user, password or fragment."""
    if len(text) > LONGEST_URL or not text.isascii() or any(char <= " " or char in '\\#@"<>\x7f' for char in text):
        return False
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname or ""
        # Who connects must read the same host out of it as who judges.
        is_read_alike = httpx.URL(text).host == host
    except (ValueError, httpx.InvalidURL):
        return False
    is_right_port = port is None or 0 < port <= _HIGHEST_PORT
    return parts.scheme in {"http", "https"} and is_right_port and is_read_alike and _is_plain_host(host)


def is_network(text: str) -> bool:
    """Whether the text is an address range like `10.0.0.0/8`, or a single address."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def networks(ranges: Sequence[str]) -> tuple[Network, ...]:
    """Read ranges of addresses; what is none is left out."""
    return tuple(ip_network(one) for one in ranges if is_network(one))


def is_loopback(host: str) -> bool:
    """Whether the host, as written in a URL, is this machine itself."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def refusal(address: str, host: str, allowed: Sequence[Network] = ()) -> str | None:
    """Say why no connection is made to an address that the host, as written, resolved to; None where one may be."""
    found = _address(address)
    if found is None:
        return f"{address} is no address"
    meant = tuple(_meant_by(found))
    if any(one in network for one in (found, *meant) for network in allowed):
        return None
    return next((words for one in meant if (words := _refusal(one, may_be_here=is_loopback(host)))), None)


def _refusal(address: Address, *, may_be_here: bool) -> str | None:
    if address.is_loopback:
        return None if may_be_here else f"{address} is this machine itself"
    if address.is_link_local or address in _METADATA:
        return f"{address} is link-local, or tells a machine its secrets"
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        return f"{address} is no address of a server"
    return None


def _meant_by(address: Address) -> Iterator[Address]:
    """The address, and those that its bits carry; an envelope that names only an IPv4 address is that address."""
    if not isinstance(address, IPv6Address):
        yield address
        return
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    is_envelope = address in _NAT64 or (address in _COMPATIBLE and int(address) > 1)
    if is_envelope:
        inner.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    yield from filter(None, inner)
    if address.ipv4_mapped is None and not is_envelope:
        yield address


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_plain_host(host: str) -> bool:
    if "%" in host:
        return False
    if _address(host) is not None:
        return True
    last = host.rpartition(".")[2]
    # What ends in a number is read as an IPv4 address by some, in hexadecimal, octal or with parts left out.
    return is_domain(host) and not last.isdigit() and not last.startswith("0x")


Url = Annotated[
    str,
    AtMost(LONGEST_URL),
    Check(is_url, "must be a URL like `https://robot.example.org/answers`, without user or `#`"),
]
NetworkRange = Annotated[
    str, Check(is_network, "must be a range of addresses like `10.0.0.0/8`, without bits set beyond the mask")
]
