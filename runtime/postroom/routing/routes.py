"""Notification routes: which channel a mail belongs to, or that nobody is to be served.

It is in charge of the route as a value, of routes derived from channels, and of the first match with its reason in
words. What a condition says of a mail is conditions.py's; reading routes from files is settings' work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from postroom.routing.conditions import AllOf, Condition, Field, MailFacts, TextTest, asks_for_class, evidence

__all__ = [
    "Action",
    "Inlet",
    "MailFacts",
    "Route",
    "RouteMatch",
    "clashes",
    "derived",
    "first_match",
    "has_class_condition",
]


class Action(StrEnum):
    """What becomes of a mail that matched."""

    CHANNEL = "channel"
    FILE = "file"
    DISCARD = "discard"


class Route(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One notification route. `when` None matches every mail; `queue`, `priority` None leave the channel's in force."""

    name: str
    when: Condition | None = None
    channel: str | None = None
    action: Action = Action.CHANNEL
    queue: str | None = None
    priority: int | None = None
    labels: tuple[str, ...] = ()
    automatic: bool = False
    """Derived from a channel, not written by anybody."""


class RouteMatch(Struct, frozen=True, kw_only=True):
    """The route a mail took and why; the reason quotes the configuration only, never the mail."""

    route: Route
    reason: str
    overrides_class: bool = False
    """Whether the match rests on a class condition, which overrides service by class."""

    @property
    def name(self) -> str:
        """The route's name."""
        return self.route.name

    @property
    def action(self) -> Action:
        """What becomes of the mail."""
        return self.route.action

    @property
    def channel(self) -> str | None:
        """The channel it leads to, or None for a mail nobody is to be served for."""
        return self.route.channel

    @property
    def queue(self) -> str | None:
        """The queue instead of the channel's, if the route names one."""
        return self.route.queue

    @property
    def priority(self) -> int | None:
        """The priority instead of the channel's, if the route gives one."""
        return self.route.priority

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels beside the channel's."""
        return self.route.labels


class Inlet(Struct, frozen=True, kw_only=True):
    """What of a channel matters for its derived route."""

    channel: str
    gateway: str
    addresses: tuple[str, ...] = ()


def first_match(routes: Iterable[Route], facts: MailFacts) -> RouteMatch | None:
    """Give the first route, in order, whose condition holds; None leaves the mail unrouted."""
    for route in routes:
        if route.when is None:
            return RouteMatch(route=route, reason="the route takes every mail")
        found = evidence(route.when, facts)
        if found is not None:
            return RouteMatch(route=route, reason=found.words, overrides_class=found.by_class)
    return None


def has_class_condition(route: Route) -> bool:
    """Whether the route names classes it is for (outside of `not`)."""
    return route.when is not None and asks_for_class(route.when)


def derived(inlets: Sequence[Inlet], written: Sequence[Route]) -> tuple[Route, ...]:
    """Give a route to each channel that has none of its own; those limited to addresses come first.

    A written route that leads to the channel, or that bears its name, stands in its place. Mail to a listed address
    with a plus-tag is mail to that address.
    """
    open_inlets = [inlet for inlet in inlets if not _is_served(inlet, written)]
    narrow_first = sorted(open_inlets, key=lambda inlet: not inlet.addresses)
    return tuple(_derived_from(inlet) for inlet in narrow_first)


def clashes(inlets: Sequence[Inlet], written: Sequence[Route]) -> tuple[tuple[str, str], ...]:
    """Pairs of channels, in the order given, whose derived routes would both match all of one gateway."""
    first: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for inlet in inlets:
        if inlet.addresses or _is_served(inlet, written):
            continue
        if inlet.gateway in first:
            pairs.append((first[inlet.gateway], inlet.channel))
        else:
            first[inlet.gateway] = inlet.channel
    return tuple(pairs)


def _is_served(inlet: Inlet, written: Sequence[Route]) -> bool:
    return any(inlet.channel in {route.name, route.channel} for route in written)


def _derived_from(inlet: Inlet) -> Route:
    when: Condition = TextTest.equal(Field.GATEWAY, inlet.gateway)
    if inlet.addresses:
        addresses = TextTest.equal(Field.RECIPIENT, *inlet.addresses)
        when = AllOf(of=(when, replace(addresses, plus_address=True)))
    return Route(name=inlet.channel, when=when, channel=inlet.channel, automatic=True)
