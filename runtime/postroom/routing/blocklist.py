"""Whom a tenant has nothing to do with: addresses, domains with all below them, and patterns.

It says whether an address is listed and by which entry; what becomes of a mail for it is others' to decide.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from postroom.mail.address_key import address_key
from postroom.routing.conditions import compiled

LONGEST_ADDRESS = 320
"""Octets of the longest address there can be (RFC 5321 §4.5.3.1); no more of one is looked at by a pattern."""


class Blocklist(Struct, frozen=True, kw_only=True):
    """The entries as they are compared; patterns are RE2's, found anywhere in an address, case not counting."""

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()

    @classmethod
    def of(cls, addresses: Iterable[str], domains: Iterable[str], patterns: Iterable[str]) -> Blocklist:
        """Make it of entries as they are written."""
        return cls(
            addresses=frozenset(map(address_key, addresses)),
            domains=frozenset(address_key(domain).lstrip("@") for domain in domains),
            patterns=tuple(patterns),
        )

    def entry(self, address: str) -> str:
        """The entry that lists the address, in the words of the settings; empty where none does."""
        key = address_key(address)
        if key in self.addresses:
            return key
        if domain := self._domain(key.rpartition("@")[2]):
            return domain
        looked_at = key[:LONGEST_ADDRESS].encode("utf-8", "replace").decode()
        return next((pattern for pattern in self.patterns if compiled(pattern).search(looked_at) is not None), "")

    def entry_of_any(self, addresses: Iterable[str]) -> str:
        """The entry that lists the first of the addresses that is listed; empty where none is."""
        return next(filter(None, map(self.entry, addresses)), "")

    def _domain(self, domain: str) -> str:
        """The listed domain that this one is, or is below."""
        while domain and domain not in self.domains:
            domain = domain.partition(".")[2]
        return domain
