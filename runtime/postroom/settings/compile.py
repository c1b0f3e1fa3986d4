"""From a valid generation to the values that the core and intake are given; the same settings give the same values.

It is in charge of fallbacks (channel before tenant); only `revealed` reads a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from postroom.mail import identity as mail
from postroom.mail.keywords import Keywords, compiled
from postroom.mail.recipients import Caps
from postroom.routing.assign import Rules, Stage, Strategy
from postroom.routing.blocklist import Blocklist
from postroom.routing.calendar import Calendar, Dates
from postroom.routing.hours import Segment, ServiceTime
from postroom.routing.ical.rest_days import RestDays
from postroom.routing.routes import Inlet, Route, derived
from postroom.settings import public_holidays
from postroom.settings.blocklist import BlocklistSettings
from postroom.settings.calendars import WEEK_DAYS, Days
from postroom.settings.references import secrets
from postroom.settings.schema import Agent, Box, Channel, Generation, Queue, SmtpGateway, Tenant
from postroom.settings.units import segment


def routes(tenant: Tenant) -> tuple[Route, ...]:
    """Every notification route in order: the written ones, then those derived from channels."""
    return (*tenant.routes, *derived(inlets(tenant), tenant.routes))


def inlets(tenant: Tenant) -> tuple[Inlet, ...]:
    """What derived routes are made of, in the order of the channels."""
    return tuple(
        Inlet(channel=channel.name, gateway=channel.receiving_gateway, addresses=channel.addresses)
        for channel in tenant.channels
    )


def blocklist(tenant: Tenant) -> Blocklist:
    """Whom the tenant has nothing to do with."""
    return _blocklist(tenant.blocklist)


@lru_cache(maxsize=256)
def _blocklist(written: BlocklistSettings) -> Blocklist:
    """It may be long, and is asked for with each reply."""
    return Blocklist.of(written.addresses, written.domains, written.patterns)


def automatic_mail(tenant: Tenant) -> dict[str, str]:
    """What becomes of lists, bulk and unmarked automatic mail, `serve` or `file`, by channel."""
    return {channel.name: channel.automatic_mail for channel in tenant.channels}


def answer_address(channel: Channel, gateway: SmtpGateway) -> str:
    """Where answers to the channel's mails come: to the gateway's From, unless the channel has addresses but not it."""
    is_listed = not channel.addresses or gateway.from_address in channel.addresses
    return gateway.from_address if is_listed else channel.addresses[0]


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


def capacity(tenant: Tenant, agent: Agent) -> int:
    """The agent's places: his own, else those of the nearest unit above him that says so, else the tenant's."""
    if agent.max_concurrent is not None:
        return agent.max_concurrent
    units = {unit.name: unit for unit in tenant.ous}
    unit = units.get(agent.ou or "")
    while unit is not None:
        if unit.max_concurrent is not None:
            return unit.max_concurrent
        unit = units.get(unit.parent or "")
    return tenant.parameters.max_concurrent


def assignment_rules(queue: Queue) -> Rules:
    """How the queue chooses an agent for who waits in it."""
    return Rules(
        strategy=Strategy(queue.strategy),
        levels=dict(queue.levels),
        wanted=queue.skill_level,
        relaxation=tuple(Stage(after=stage.after, level=stage.skill_level) for stage in queue.relaxation),
    )


def keywords(tenant: Tenant) -> dict[str, Keywords]:
    """The words that lead from a robot to an agent, ready to look for, of each channel with a robot."""
    return {one.name: compiled(one.transfer_keywords) for one in tenant.channels if one.robot is not None}


def is_shadow(tenant: Tenant, gateway: Box) -> bool:
    """Whether the channels that receive there only try: its mail stays on the server."""
    modes = [channel.mode for channel in tenant.channels if channel.receiving_gateway == gateway.name]
    return bool(modes) and all(mode == "shadow" for mode in modes)


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


def service_time(tenant: Tenant, channel: Channel, feeds: Mapping[str, RestDays], year: int) -> ServiceTime:
    """Compile when the channel is served; `feeds` are those read so far, by the name of their calendar.

    Public holidays are expanded around `year`, the present one, so that the core knows no library; a value made in one
    year is good for ten more, and who keeps it makes it anew with the next year.
    """
    hours, zone_ = channel.work_time, zone(tenant, channel)
    calendar, feed = tenant.calendar(hours.calendar), feeds.get(hours.calendar)
    return ServiceTime(
        workday=_segments(hours.workday),
        non_workday=_segments(hours.non_workday),
        zone=zone_,
        calendar=Calendar(
            weekly_off=frozenset(WEEK_DAYS.index(day) for day in calendar.weekly_off),
            holidays=public_holidays.expanded(calendar.holidays, year),
            feed=feed.days(zone_) if feed is not None and calendar.ical is not None else {},
            rest=_dates(calendar.rest),
            make_up=_dates(calendar.make_up),
        ),
    )


def zone(tenant: Tenant, channel: Channel) -> ZoneInfo:
    """The time zone in which the channel keeps its hours."""
    return ZoneInfo(channel.work_time.time_zone or tenant.parameters.time_zone)


def revealed(generation: Generation) -> tuple[str, ...]:
    """Every secret of gateways and robots, to blot it out of logs. Raises ConfigurationError where one is not there."""
    return tuple(secret.reveal() for secret in secrets(generation.tenants))


def _segments(texts: tuple[str, ...]) -> tuple[Segment, ...]:
    return tuple(sorted(found for text in texts if (found := segment(text)) is not None))


def _dates(ranges: tuple[Days, ...]) -> tuple[Dates, ...]:
    return tuple(
        Dates(date.fromisoformat(one.from_), date.fromisoformat(one.to or one.from_), one.name) for one in ranges
    )


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
