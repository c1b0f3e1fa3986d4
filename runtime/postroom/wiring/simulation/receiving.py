"""Which receiving gateway a mail would have come by, where only the mail itself can tell."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from postroom.engine.verdict import IntakeRules
from postroom.errors import ConfigurationError
from postroom.mail.message import Message
from postroom.mail.tokens import KeyRing
from postroom.settings import compile as compiled
from postroom.settings.schema import Generation, Pop3Gateway
from postroom.wiring.gateways import rules_for
from postroom.wiring.parts import gateways


class Doorway(Struct, frozen=True, kw_only=True):
    """A gateway's rules for what comes, and why it was taken for this mail."""

    rules: IntakeRules
    largest: int
    why: str = ""


def doorways(generation: Generation, ring: KeyRing) -> tuple[Doorway, ...]:
    """Every receiving gateway in the order of the settings."""
    return tuple(
        Doorway(rules=rules_for(tenant, one, compiled.routes(tenant), ring), largest=one.max_message_size)
        for tenant, one in gateways(generation, Pop3Gateway)
    )


def only_doorway(ways: tuple[Doorway, ...], wanted: str | None) -> Doorway | None:
    """The gateway of a configuration with one, where none is asked for: no mail has to be looked at."""
    return ways[0] if len(ways) == 1 and wanted is None else None


def doorway_of(message: Message, ways: tuple[Doorway, ...], wanted: str | None = None) -> Doorway:
    """The gateway that is named, else the first one an address of the mail belongs to, else the first.

    Raises ConfigurationError where there is none, or none of that name; a name may begin with its tenant's and a slash.
    """
    if wanted is not None:
        named = [way for way in ways if wanted in {way.rules.gateway, way.rules.gateway_key}]
        if not named:
            known = ", ".join(way.rules.gateway_key for way in ways) or "none"
            raise ConfigurationError(f"there is no receiving gateway {wanted}; there are: {known}")
        return replace(named[0], why="asked for")
    if not ways:
        raise ConfigurationError("the configuration has no receiving gateway")
    for address in recipients(message):
        for way in ways:
            if way.rules.identity.is_own(address):
                return replace(way, why=f"its address {address} is a recipient of the mail")
    return replace(ways[0], why="no recipient of the mail is ours: the first gateway of the configuration")


def recipients(message: Message) -> tuple[str, ...]:
    """Whom the mail names; where it went first."""
    return tuple(address.addr for address in (*message.delivered_to, *message.to, *message.cc))
