"""Names: each once within its section; and the tree of organisational units."""

from __future__ import annotations

from collections.abc import Iterable

from postroom.settings.problem import Page, shown
from postroom.settings.schema import Tenant


def check(page: Page, tenant: Tenant) -> None:
    """Check that no two things of a kind bear one name, and that the units are a tree."""
    sections = (
        "certificates",
        "gateways",
        "channels",
        "routes",
        "queues",
        "ous",
        "signatures",
        "robots",
        "calendars",
        "templates",
    )
    for section in sections:
        named = getattr(tenant, section)
        unique(page, ((f"{section}[{index}].name", one.name) for index, one in enumerate(named)))
    unique(page, ((f"agents[{index}].account", agent.account) for index, agent in enumerate(tenant.agents)))
    _tree(page, tenant)


def unique(page: Page, named: Iterable[tuple[str, str]], what: str = "the name") -> None:
    """Note every name that was there before, with the line of the first."""
    first: dict[str, str] = {}
    for path, name in named:
        if not page.is_sound(path) or not name:
            continue
        if name in first:
            page.problem(path, f"{what} {shown(name)} is taken: {page.where(first[name])} has it")
        else:
            first[name] = path


def exists(page: Page, path: str, name: str | None, known: Iterable[str], what: str) -> bool:
    """Whether the named thing is there; notes the problem where it is not. None names nothing."""
    if name is None or name in known:
        return True
    there = ", ".join(shown(one) for one in sorted(known)[:20] if one) or "none at all"
    page.problem(path, f"there is no {what} {shown(name)}; there is {there}")
    return False


def _tree(page: Page, tenant: Tenant) -> None:
    parents = {unit.name: unit.parent for unit in tenant.ous}
    for index, unit in enumerate(tenant.ous):
        path = f"ous[{index}].parent"
        if exists(page, path, unit.parent, parents, "organisational unit") and _is_own_ancestor(unit.name, parents):
            page.problem(path, f"{unit.name!r} stands above itself: units are a tree")


def _is_own_ancestor(name: str, parents: dict[str, str | None]) -> bool:
    above = parents.get(name)
    for _ in parents:
        if above is None or above == name:
            break
        above = parents.get(above)
    return above == name
