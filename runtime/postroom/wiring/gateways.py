"""The gateways of the settings in force: those mail is collected from, and those it is sent through.

They are built as a whole before a generation is swapped in, so that one that cannot be built refuses it all; who works
with an old one ends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from postroom.engine.board import ShownGateway, StatusBoard
from postroom.engine.collecting import Collecting
from postroom.engine.sending_terms import Sending, Terms
from postroom.engine.switches import Switches
from postroom.engine.verdict import IntakeRules
from postroom.gateways.build import Builder
from postroom.mail.tokens import KeyRing
from postroom.ports.gateways import ReceivingGateway, SendingGateway
from postroom.routing.routes import Route
from postroom.settings import compile as compiled
from postroom.settings.compile_automatic import multilingual
from postroom.settings.references import stamp
from postroom.settings.schema import Box, Generation, SmtpGateway, Tenant
from postroom.wiring.parts import gateways


class Gateways(Struct, frozen=True, kw_only=True):
    """One generation's gateways."""

    receiving: dict[str, Collecting]
    """By the gateway's name in the ledger."""
    sending: dict[tuple[str, str], Sending]
    """By tenant and name."""
    stamps: dict[tuple[str, str], bytes]
    """What each was built from, by tenant and name: it differs where a new one would be another."""


class Shown(Struct, frozen=True):
    """Where a gateway's news is shown, and what an operator turns it off with."""

    board: StatusBoard
    switches: Switches


class InUse:
    """The gateways of the generation in force."""

    def __init__(self, first: Gateways) -> None:
        self._now = first
        self._replaced: list[SendingGateway] = []

    @property
    def receiving(self) -> dict[str, Collecting]:
        """Those mail is collected from, by their names in the ledger."""
        return self._now.receiving

    @property
    def sending(self) -> dict[tuple[str, str], Sending]:
        """Those mail is sent through, by tenant and name."""
        return self._now.sending

    def rules_of(self, gateway_key: str) -> IntakeRules | None:
        """What intake needs of that receiving gateway; None where it is not in the settings any more."""
        found = self._now.receiving.get(gateway_key)
        return found.rules if found is not None else None

    @property
    def all(self) -> Gateways:
        """All of them."""
        return self._now

    def swap(self, gateways_: Gateways) -> frozenset[tuple[str, str]]:
        """Use these from now on; gives those that are new or other than before, by tenant and name."""
        before, self._now = self._now, gateways_
        kept = {one.gateway for one in gateways_.sending.values()}
        self._replaced += [one.gateway for one in before.sending.values() if one.gateway not in kept]
        return frozenset(key for key, stamp in gateways_.stamps.items() if before.stamps.get(key) != stamp)

    async def close_replaced(self) -> None:
        """QUIT the idle connections of gateways out of use; one in use is closed when it comes back."""
        while self._replaced:
            await self._replaced.pop().close()

    async def close(self) -> None:
        """QUIT every pooled connection."""
        for one in self._now.sending.values():
            await one.gateway.close()


@dataclass(frozen=True, slots=True)
class Works:
    """What gateways are built with."""

    builder: Builder
    ring: KeyRing
    shown: Shown
    folder: Path


def build_gateways(generation: Generation, works: Works, before: Gateways | None = None) -> Gateways:
    """Build every gateway; reads their secrets and certificates. Raises ConfigurationError.

    One that would be what it was before is kept, with its connections.
    """
    every = [(tenant, one) for tenant in generation.tenants for one in tenant.gateways]
    stamps = {(tenant.name, one.name): stamp(works.folder, tenant, one) for tenant, one in every}
    same = _Same(before, {key for key, one in stamps.items() if before is not None and before.stamps.get(key) == one})
    routes = {tenant.name: compiled.routes(tenant) for tenant in generation.tenants}
    receiving = {
        rules.gateway_key: _collecting(works, same, rules, tenant, one)
        for tenant, one in gateways(generation, Box)
        for rules in [rules_for(tenant, one, routes[tenant.name], works.ring)]
    }
    sending = {
        (tenant.name, one.name): Sending(
            gateway=same.sending(tenant, one) or _sending(works, tenant, one), terms=terms_of(tenant, one)
        )
        for tenant, one in gateways(generation, SmtpGateway)
    }
    return Gateways(receiving=receiving, sending=sending, stamps=stamps)


@dataclass(frozen=True, slots=True)
class _Same:
    """The gateways of the generation before that would be built the same again, by tenant and name."""

    before: Gateways | None
    keys: set[tuple[str, str]]

    def sending(self, tenant: Tenant, one: SmtpGateway) -> SendingGateway | None:
        key = (tenant.name, one.name)
        return self.before.sending[key].gateway if self.before is not None and key in self.keys else None

    def receiving(self, rules: IntakeRules) -> ReceivingGateway | None:
        if self.before is None or (rules.tenant, rules.gateway) not in self.keys:
            return None
        return self.before.receiving[rules.gateway_key].gateway


def rules_for(tenant: Tenant, gateway: Box, routes: tuple[Route, ...], ring: KeyRing) -> IntakeRules:
    """What intake needs of one receiving gateway's settings."""
    return IntakeRules(
        tenant=tenant.name,
        gateway=gateway.name,
        identity=compiled.identity(tenant, gateway),
        routes=routes,
        blocklist=compiled.blocklist(tenant),
        automatic_mail=compiled.automatic_mail(tenant),
        multilingual=multilingual(tenant),
        keywords=compiled.keywords(tenant),
        retired=frozenset(channel.name for channel in tenant.channels if channel.retired),
        ring=ring,
    )


def _collecting(works: Works, same: _Same, rules: IntakeRules, tenant: Tenant, gateway: Box) -> Collecting:
    is_shadow = compiled.is_shadow(tenant, gateway)
    return Collecting(
        gateway=same.receiving(rules) or works.builder.receiving(tenant, gateway, telling=True),
        rules=rules,
        poll_every=gateway.poll_every,
        poll_min=gateway.poll_min,
        poll_max=gateway.poll_max,
        batch=gateway.batch,
        largest=gateway.max_message_size,
        leave_on_server=gateway.leave_on_server or is_shadow or getattr(gateway, "after_intake", "") == "flag",
        ledger_for=timedelta(seconds=kept) if (kept := tenant.retention.ledger) is not None else None,
        leave_for=timedelta(days=gateway.leave_days) if gateway.leave_days is not None and not is_shadow else None,
    )


def _sending(works: Works, tenant: Tenant, settings: SmtpGateway) -> SendingGateway:
    gateway, switch = works.builder.sending(tenant, settings), works.shown.switches.of(tenant.name, settings.name)
    return ShownGateway(gateway, works.shown.board, tenant.name, settings.name, switch)


def terms_of(tenant: Tenant, settings: SmtpGateway) -> Terms:
    """What a sending gateway's settings say of every reply."""
    return Terms(
        give_up_after=settings.give_up_after,
        hold_unknown=settings.unknown_outcome.agent == "hold",
        hold_unknown_automatic=settings.unknown_outcome.automatic == "hold",
        notify_after=settings.notify_agent_after,
        automatic_per_minute=settings.auto_replies_per_minute,
        rate=settings.rate,
        daily_ceiling=settings.daily_ceiling,
        tenant_ceiling=tenant.parameters.daily_send_ceiling,
        zone=ZoneInfo(tenant.parameters.time_zone),
        bounce_address=settings.bounce_address or "",
    )
