"""The settings in force and what is compiled from them: one generation, swapped as a whole.

Whoever works holds what he took and ends on it; whoever asks next is given the new one.
"""

from __future__ import annotations

from collections.abc import Mapping

from postroom.ports.world import Clock
from postroom.routing.hours import ServiceTime
from postroom.routing.ical.rest_days import RestDays
from postroom.routing.routes import Route
from postroom.session.policy import Policy
from postroom.settings import compile as compiled
from postroom.settings.policies import Policies
from postroom.settings.schema import Channel, Generation, Tenant

Feeds = Mapping[tuple[str, str], RestDays]
"""What each calendar's feed said last, by (tenant, calendar)."""


class InForce:
    """One generation at a time; public holidays are those around the clock's year."""

    def __init__(self, generation: Generation, clock: Clock) -> None:
        self._clock = clock
        self._feeds: Feeds = {}
        self._generation = generation
        self._routes = _routes(generation)
        self._year = clock.now().year
        self._policies = Policies(generation, self._hours)

    @property
    def generation(self) -> Generation:
        """The settings as they were loaded."""
        return self._generation

    def current(self) -> Generation:
        """The settings as they were loaded, for who asks by a call."""
        return self._generation

    def policy(self, tenant: str, channel: str) -> Policy:
        """The rules of that channel's sessions."""
        if self._clock.now().year != self._year:
            self._compile()
        return self._policies(tenant, channel)

    def routes(self, tenant: str) -> tuple[Route, ...]:
        """The tenant's notification routes; compiled once, and shared by its gateways."""
        return self._routes.get(tenant, ())

    def swap(self, generation: Generation) -> None:
        """Let that generation be in force from now on."""
        routes = _routes(generation)
        self._generation, self._routes = generation, routes
        self._compile()

    def fed(self, feeds: Feeds) -> None:
        """Let these feeds count from now on."""
        self._feeds = feeds
        self._compile()

    def _compile(self) -> None:
        self._year = self._clock.now().year
        self._policies = Policies(self._generation, self._hours)

    def _hours(self, tenant: Tenant, channel: Channel) -> ServiceTime:
        feeds = {calendar: days for (owner, calendar), days in self._feeds.items() if owner == tenant.name}
        return compiled.service_time(tenant, channel, feeds, self._year)


def _routes(generation: Generation) -> dict[str, tuple[Route, ...]]:
    return {tenant.name: compiled.routes(tenant) for tenant in generation.tenants}
