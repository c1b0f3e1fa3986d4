"""The settings in force and what is compiled from them: one generation, swapped as a whole.

Whoever works holds what he took and ends on it; whoever asks next is given the new one.
"""

from __future__ import annotations

from postroom.routing.routes import Route
from postroom.session.policy import Policy
from postroom.settings import compile as compiled
from postroom.settings.policies import Policies
from postroom.settings.schema import Generation


class InForce:
    """One generation at a time."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._policies = Policies(generation)
        self._routes = _routes(generation)

    @property
    def generation(self) -> Generation:
        """The settings as they were loaded."""
        return self._generation

    def current(self) -> Generation:
        """The settings as they were loaded, for who asks by a call."""
        return self._generation

    def policy(self, tenant: str, channel: str) -> Policy:
        """The rules of that channel's sessions."""
        return self._policies(tenant, channel)

    def routes(self, tenant: str) -> tuple[Route, ...]:
        """The tenant's notification routes; compiled once, and shared by its gateways."""
        return self._routes.get(tenant, ())

    def swap(self, generation: Generation) -> None:
        """Let that generation be in force from now on."""
        policies, routes = Policies(generation), _routes(generation)
        self._generation, self._policies, self._routes = generation, policies, routes


def _routes(generation: Generation) -> dict[str, tuple[Route, ...]]:
    return {tenant.name: compiled.routes(tenant) for tenant in generation.tenants}
