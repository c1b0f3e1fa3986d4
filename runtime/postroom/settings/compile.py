"""From a valid generation to the values that the core and intake are given; the same settings give the same values.

It is in charge of fallbacks (channel before tenant); only `revealed` reads a secret.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from postroom.mail import identity as mail
from postroom.mail.recipients import Caps
from postroom.routing.routes import Inlet, Route, derived
from postroom.session.policy import Policy
from postroom.settings.schema import Box, Channel, Generation, Tenant


def policy(generation: Generation, tenant: str, channel: str) -> Policy:
    """Compile the rules of one channel's sessions.

    Sessions outlive settings: for a channel or tenant that is gone the policy has no queue of its own, and what is
    still open there stays in the queue it is in, can be answered, and can end.
    """
    space = generation.tenant(tenant)
    found = space.channel(channel) if space is not None else None
    queues = space.queues if space is not None else ()
    return Policy(
        generation=generation.number,
        queue=found.skill_queue if found is not None else "",
        priority=found.priority if found is not None else 0,
        offer_for={queue.name: queue.offer_for for queue in queues},
        max_missed_offers={queue.name: queue.max_missed_offers for queue in queues},
    )


def routes(tenant: Tenant) -> tuple[Route, ...]:
    """Every notification route in order: the written ones, then those derived from channels."""
    return (*tenant.routes, *derived(inlets(tenant), tenant.routes))


def inlets(tenant: Tenant) -> tuple[Inlet, ...]:
    """What derived routes are made of, in the order of the channels."""
    return tuple(
        Inlet(channel=channel.name, gateway=channel.receiving_gateway, addresses=channel.addresses)
        for channel in tenant.channels
    )


def automatic_mail(tenant: Tenant) -> dict[str, str]:
    """What becomes of lists, bulk and unmarked automatic mail, `serve` or `file`, by channel."""
    return {channel.name: channel.automatic_mail for channel in tenant.channels}


def caps(tenant: Tenant, channel: Channel) -> Caps:
    """The channel's caps on a reply's recipients, each the tenant's where the channel says nothing."""

    def cap(own: int | None, fallback: int) -> int:
        return fallback if own is None else own

    whole = tenant.parameters
    return Caps(
        to=cap(channel.max_recipients, whole.max_recipients),
        cc=cap(channel.max_cc, whole.max_cc),
        bcc=cap(channel.max_bcc, whole.max_bcc),
    )


def identity(tenant: Tenant, gateway: Box) -> mail.Identity:
    """Say who we are on one receiving gateway.

    Ours are its `own_addresses` (its user where it lists none and that is an address), and whatever the channels that
    receive there answer to or send from.
    """
    spam = gateway.spam_header
    return mail.Identity(
        own_addresses=_own_addresses(tenant, gateway),
        own_lists=gateway.own_lists,
        forms=gateway.forms,
        authserv_id=gateway.authserv_id or "",
        spam_header=mail.SpamHeader(spam.name, spam.value) if spam is not None else None,
        answer_when_not_addressed=gateway.answer_when_not_addressed,
    )


def zone(tenant: Tenant, channel: Channel) -> ZoneInfo:
    """The time zone in which the channel keeps its hours."""
    return ZoneInfo(channel.work_time.time_zone or tenant.parameters.time_zone)


def revealed(generation: Generation) -> tuple[str, ...]:
    """Every gateway's secret, for blotting them out of logs. Raises ConfigurationError where one cannot be read."""
    gateways = [gateway for tenant in generation.tenants for gateway in tenant.gateways]
    grants = [gateway.oauth2 for gateway in gateways if gateway.oauth2 is not None]
    secrets = [gateway.password for gateway in gateways]
    secrets += [secret for grant in grants for secret in (grant.client_secret, grant.refresh_token)]
    return tuple(secret.reveal() for secret in secrets if secret is not None)


def _own_addresses(tenant: Tenant, gateway: Box) -> tuple[str, ...]:
    own = list(gateway.own_addresses) or ([gateway.user] if "@" in gateway.user else [])
    for channel in tenant.channels:
        if channel.receiving_gateway != gateway.name:
            continue
        own += channel.addresses
        sending = tenant.gateway(channel.sending_gateway)
        if sending is not None and not isinstance(sending, Box):
            own.append(sending.from_address)
    return tuple(dict.fromkeys(own))
