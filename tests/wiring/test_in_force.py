"""The settings in force: a policy is always of one generation, also when two threads meet."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from postroom.settings.schema import Generation
from postroom.wiring.in_force import InForce
from tests.dispatch.house import TurnableClock, generation


def queue_and_number(in_force: InForce) -> tuple[str, int]:
    policy = in_force.policy("acme", "support")
    return policy.queue, policy.generation


def second() -> Generation:
    acme, globex = generation(2).tenants
    other = replace(acme.channels[0], skill_queue="orders")
    return replace(generation(2), tenants=(replace(acme, channels=(other,)), globex))


def test_after_a_swap_policies_and_settings_are_the_new_ones() -> None:
    in_force = InForce(generation(1), TurnableClock())
    assert queue_and_number(in_force) == ("help", 1)
    in_force.swap(second())
    assert (queue_and_number(in_force), in_force.generation.number) == (("orders", 2), 2)


def test_a_new_year_compiles_the_same_generation_anew() -> None:
    clock = TurnableClock()
    in_force = InForce(generation(1), clock)
    before = in_force.policy("acme", "support")
    assert in_force.policy("acme", "support") is before
    clock.passed = timedelta(days=400).total_seconds()
    after = in_force.policy("acme", "support")
    assert (after == before, after is before) == (True, False)


def test_what_was_compiled_of_the_old_while_the_new_came_in_force_does_not_stay() -> None:
    class Interrupted(TurnableClock):
        """In the middle of compiling, the other thread swaps."""

        def __init__(self) -> None:
            super().__init__()
            self.swaps = False

        def now(self) -> datetime:
            if self.swaps:
                self.swaps = False
                in_force.swap(second())
            return super().now()

    clock = Interrupted()
    in_force = InForce(generation(1), clock)
    clock.passed, clock.swaps = timedelta(days=400).total_seconds(), True
    in_force.policy("acme", "support")
    assert queue_and_number(in_force) == ("orders", 2)
