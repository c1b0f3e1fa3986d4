"""The gateways of the settings in force: those mail is collected from, and those it is sent through.

They are built as a whole before a generation is swapped in, so that one that cannot be built refuses it all; who works
with an old one ends on it.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from postroom.engine.board import ShownGateway, StatusBoard
from postroom.engine.collecting import Collecting
from postroom.engine.deliver import Sending
from postroom.engine.sending_terms import Terms
from postroom.engine.switches import Switches
from postroom.engine.verdict import IntakeRules
from postroom.gateways.build import Builder
from postroom.mail.tokens import KeyRing
from postroom.routing.routes import Route
from postroom.settings import compile as compiled
from postroom.settings.compile_automatic import multilingual
from postroom.settings.schema import Box, Generation, SmtpGateway, Tenant
from postroom.wiring.parts import gateways


class Gateways(Struct, frozen=True, kw_only=True):
    """One generation's gateways."""

    receiving: dict[str, Collecting]
    """By the gateway's name in the ledger."""
    sending: dict[tuple[str, str], Sending]
    """By tenant and name."""


class Shown(Struct, frozen=True):
    """Where a gateway's news is shown, and what an operator turns it off with."""

    board: StatusBoard
    switches: Switches


class InUse:
    """The gateways of the generation in force."""

    def __init__(self, first: Gateways) -> None:
        self._now = first

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

    async def swap(self, gateways_: Gateways) -> None:
        """Use these from now on; an old connection in use is closed when it comes back."""
        before, self._now = self._now, gateways_
        for one in before.sending.values():
            await one.gateway.close()

    async def close(self) -> None:
        """QUIT every pooled connection."""
        for one in self._now.sending.values():
            await one.gateway.close()


def build_gateways(generation: Generation, builder: Builder, ring: KeyRing, shown: Shown) -> Gateways:
    """Build every gateway; reads their secrets and certificates. Raises ConfigurationError."""
    routes = {tenant.name: compiled.routes(tenant) for tenant in generation.tenants}
    receiving = [
        _collecting(builder, rules_for(tenant, one, routes[tenant.name], ring), tenant, one)
        for tenant, one in gateways(generation, Box)
    ]
    sending = {
        (tenant.name, one.name): _sending(builder, shown, tenant, one)
        for tenant, one in gateways(generation, SmtpGateway)
    }
    return Gateways(receiving={one.rules.gateway_key: one for one in receiving}, sending=sending)


def rules_for(tenant: Tenant, gateway: Box, routes: tuple[Route, ...], ring: KeyRing) -> IntakeRules:
    """What intake needs of one receiving gateway's settings."""
    return IntakeRules(
        tenant=tenant.name,
        gateway=gateway.name,
        identity=compiled.identity(tenant, gateway),
        routes=routes,
        automatic_mail=compiled.automatic_mail(tenant),
        multilingual=multilingual(tenant),
        keywords=compiled.keywords(tenant),
        retired=frozenset(channel.name for channel in tenant.channels if channel.retired),
        ring=ring,
    )


def _collecting(builder: Builder, rules: IntakeRules, tenant: Tenant, gateway: Box) -> Collecting:
    is_shadow = compiled.is_shadow(tenant, gateway)
    return Collecting(
        gateway=builder.receiving(tenant, gateway, telling=True),
        rules=rules,
        poll_every=gateway.poll_every,
        poll_min=gateway.poll_min,
        poll_max=gateway.poll_max,
        batch=gateway.batch,
        largest=gateway.max_message_size,
        leave_on_server=gateway.leave_on_server or is_shadow or getattr(gateway, "after_intake", "") == "flag",
        leave_for=timedelta(days=gateway.leave_days) if gateway.leave_days is not None and not is_shadow else None,
    )


def _sending(builder: Builder, shown: Shown, tenant: Tenant, settings: SmtpGateway) -> Sending:
    gateway, switch = builder.sending(tenant, settings), shown.switches.of(tenant.name, settings.name)
    on_board = ShownGateway(gateway, shown.board, tenant.name, settings.name, switch)
    return Sending(gateway=on_board, terms=terms_of(settings))


def terms_of(settings: SmtpGateway) -> Terms:
    return Terms(
        give_up_after=settings.give_up_after,
        hold_unknown=settings.unknown_outcome.agent == "hold",
        hold_unknown_automatic=settings.unknown_outcome.automatic == "hold",
        automatic_per_minute=settings.auto_replies_per_minute,
    )
