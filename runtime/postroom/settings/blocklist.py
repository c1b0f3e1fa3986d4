"""Whom a tenant has nothing to do with, as its settings write it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from postroom.settings.rules import AtMost, Domain, MailAddress, Mark

MOST = 10_000
Pattern = Annotated[str, Mark.AS_WRITTEN, AtMost(1000, least=1)]


class BlocklistSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mail from a listed sender is filed and not served, and no agent writes to a listed address."""

    addresses: Annotated[tuple[MailAddress, ...], AtMost(MOST)] = ()
    domains: Annotated[tuple[Domain, ...], AtMost(MOST)] = ()
    """Each with every domain below it."""
    patterns: Annotated[tuple[Pattern, ...], AtMost(100)] = ()
    """RE2, found anywhere in an address, case not counting."""
