"""How long a tenant's store remembers, as its settings write it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from postroom.settings.channel_rules import DAY
from postroom.settings.rules import Between, Seconds, Unit


class Retention(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept at least so long; for ever where nothing is written."""

    ledger: Annotated[Seconds, Between(30 * DAY, 3650 * DAY, Unit.SECONDS)] | None = None
    """Of mails that are gone from their server: what tells that one of them came before."""
