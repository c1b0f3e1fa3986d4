"""The house with organisational units and supervisors: north has the queue help, south the queue orders."""

from __future__ import annotations

from msgspec.structs import replace

from postroom.dispatch.agents import ensure_agents
from postroom.settings.schema import Agent, Ou
from tests.api.door import Door
from tests.dispatch.house import agent

UNITS = (Ou(name="centre"), Ou(name="north", parent="centre"), Ou(name="south", parent="centre"))
OF = {"help": "north", "support": "north", "orders": "south", "shop": "south"}
HOME = {"anna": "north", "ben": "north", "chen": "south"}


def supervisor(account: str, unit: str | None) -> Agent:
    return replace(agent(account, account.title()), role="supervisor", ou=unit)


SUPERVISORS = (
    supervisor("all", None),
    supervisor("cleo", "centre"),
    supervisor("nils", "north"),
    supervisor("sven", "south"),
)


async def oversee(door: Door) -> None:
    """Put the units and supervisors in force."""
    house = door.house
    acme, *others = house.generation.tenants
    acme = replace(
        acme,
        ous=UNITS,
        queues=tuple(replace(one, ou=OF[one.name]) for one in acme.queues),
        channels=tuple(replace(one, ou=OF[one.name]) for one in acme.channels),
        agents=(*(replace(one, ou=HOME[one.account]) for one in acme.agents), *SUPERVISORS),
    )
    house.generation = replace(house.generation, number=2, tenants=(acme, *others))
    await house.write(lambda tx: ensure_agents(tx, house.generation))
