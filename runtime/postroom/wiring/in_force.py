"""The settings in force and what is compiled from them: one generation, swapped as a whole.

Whoever works holds what he took and ends on it; whoever asks next is given the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

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


class _Moment(Struct, frozen=True):
    """A generation with what was compiled from it, and what beside it the hours were compiled from."""

    generation: Generation
    policies: Policies
    year: int
    feeds: int


class InForce:
    """One generation at a time; its hours are those of the feeds as they are, and of the clock's year."""

    def __init__(self, generation: Generation, clock: Clock) -> None:
        self._clock = clock
        self._feeds: Feeds | None = None
        self._generation = generation
        self._now = self._compiled(generation)

    @property
    def generation(self) -> Generation:
        """The settings as they were loaded."""
        return self._generation

    def policy(self, tenant: str, channel: str) -> Policy:
        """The rules of that channel's sessions."""
        now = self._now
        # Sessions are decided on the store's thread, and generations come from the loop's: what was compiled from an
        # older one, and put here late, is noticed by its generation.
        if now.generation is not self._generation or (now.year, now.feeds) != self._beside():
            now = self._now = self._compiled(self._generation)
        return now.policies(tenant, channel)

    def swap(self, generation: Generation) -> None:
        """Let that generation be in force from now on."""
        self._generation = generation

    def follow(self, feeds: Feeds) -> None:
        """Let what these feeds say count from now on."""
        self._feeds = feeds

    def _beside(self) -> tuple[int, int]:
        """What beside the settings the hours depend on: the year, and what feeds said."""
        return self._clock.now().year, self._feeds.version if self._feeds is not None else 0

    def _compiled(self, generation: Generation) -> _Moment:
        year, version = self._beside()

        def hours(tenant: Tenant, channel: Channel) -> ServiceTime:
            feeds = self._feeds.of(tenant.name) if self._feeds is not None else {}
            return compiled.service_time(tenant, channel, feeds, year)

        return _Moment(generation, Policies(generation, hours), year, version)
