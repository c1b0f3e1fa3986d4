"""The settings in force and what is compiled from them: one generation, swapped as a whole.

Whoever works holds what he took and ends on it; whoever asks next is given the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from postroom.ports.world import Clock
from postroom.routing.hours import ServiceTime
from postroom.routing.ical.rest_days import RestDays
from postroom.session.policy import Policy
from postroom.settings import compile as compiled
from postroom.settings.policies import Policies
from postroom.settings.schema import Channel, Generation, Tenant


class Feeds(Protocol):
    """What the calendars' feeds said last."""

    @property
    def version(self) -> int:
        """Grows whenever one says something else."""
        ...

    def of(self, tenant: str) -> Mapping[str, RestDays]:
        """The tenant's, by the name of their calendar."""
        ...


class InForce:
    """One generation at a time; its hours are those of the feeds as they are, and of the clock's year."""

    def __init__(self, generation: Generation, clock: Clock) -> None:
        self._clock = clock
        self._feeds: Feeds | None = None
        self._generation = generation
        self._policies = Policies(generation, self._hours)
        self._compiled_for = self._moment()

    @property
    def generation(self) -> Generation:
        """The settings as they were loaded."""
        return self._generation

    def policy(self, tenant: str, channel: str) -> Policy:
        """The rules of that channel's sessions."""
        if self._moment() != self._compiled_for:
            self._compile()
        return self._policies(tenant, channel)

    def swap(self, generation: Generation) -> None:
        """Let that generation be in force from now on."""
        self._generation = generation
        self._compile()

    def follow(self, feeds: Feeds) -> None:
        """Let what these feeds say count from now on."""
        self._feeds = feeds

    def _compile(self) -> None:
        self._compiled_for = self._moment()
        self._policies = Policies(self._generation, self._hours)

    def _moment(self) -> tuple[int, int]:
        """What beside the settings the hours depend on."""
        return self._clock.now().year, self._feeds.version if self._feeds is not None else 0

    def _hours(self, tenant: Tenant, channel: Channel) -> ServiceTime:
        feeds = self._feeds.of(tenant.name) if self._feeds is not None else {}
        return compiled.service_time(tenant, channel, feeds, self._compiled_for[0])
