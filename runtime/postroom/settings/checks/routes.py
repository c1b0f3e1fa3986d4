"""Notification routes: where they lead, what they name, and the ones derived from channels."""

from __future__ import annotations

from postroom.mail.address_key import address_key
from postroom.mail.mail_class import MailClass
from postroom.routing.routes import Action, Route, clashes, derived
from postroom.settings.checks.names import exists
from postroom.settings.compile import inlets, is_shadow, routes
from postroom.settings.problem import Page
from postroom.settings.schema import Pop3Gateway, Tenant


def check(page: Page, tenant: Tenant) -> None:
    """Check each written route, then the derived ones."""
    for index, route in enumerate(tenant.routes):
        path = f"routes[{index}]"
        _action(page, path, route, tenant)
        exists(page, f"{path}.queue", route.queue, {queue.name for queue in tenant.queues}, "queue")
    for path, name in page.references("gateway"):
        exists(page, path, name, {gateway.name for gateway in tenant.gateways}, "gateway")
    for path, name in page.references("class"):
        exists(page, path, name, {kind.value for kind in MailClass}, "class of mail")
    _order(page, tenant)
    _derived(page, tenant)


def _action(page: Page, path: str, route: Route, tenant: Tenant) -> None:
    if route.action is Action.CHANNEL:
        if route.channel is None:
            page.problem(f"{path}.channel", "is missing: the channel the mail goes to (or `action: file`, `discard`)")
        if exists(page, f"{path}.channel", route.channel, {channel.name for channel in tenant.channels}, "channel"):
            _into_shadow(page, path, route, tenant)
        return
    for key in ("channel", "queue", "priority"):
        if getattr(route, key) is not None:
            page.problem(f"{path}.{key}", f"has no meaning with `action: {route.action.value}`: nobody is served")


def _into_shadow(page: Page, path: str, route: Route, tenant: Tenant) -> None:
    channel = tenant.channel(route.channel or "")
    if channel is None or channel.mode != "shadow":
        return
    asked = {name for place, name in page.references("gateway") if place.startswith(f"{path}.")}
    boxes = [one for one in tenant.gateways if isinstance(one, Pop3Gateway) and (not asked or one.name in asked)]
    live = next((one.name for one in boxes if not is_shadow(tenant, one)), None)
    if live is not None:
        page.warning(
            f"{path}.channel",
            f"channel {channel.name!r} is in shadow, and gateway {live!r} is not: its mail is taken from the server, "
            "and nobody serves it",
        )


def _order(page: Page, tenant: Tenant) -> None:
    taking_all = next(
        (i for i, r in enumerate(tenant.routes) if r.when is None and page.is_sound(f"routes[{i}].when")), None
    )
    if taking_all is None:
        return
    if taking_all + 1 < len(tenant.routes):
        other = page.where(f"routes[{taking_all}]")
        page.warning(f"routes[{taking_all + 1}]", f"is never reached: the route in {other} takes every mail")


def _derived(page: Page, tenant: Tenant) -> None:
    places = {channel.name: f"channels[{index}]" for index, channel in reversed(list(enumerate(tenant.channels)))}
    for first, second in clashes(inlets(tenant), tenant.routes):
        path = f"{places[second]}.receiving_gateway"
        if first != second and page.is_sound(path):
            page.problem(
                path,
                f"channel {second!r} and channel {first!r} ({page.where(places[first])}) would both take every "
                "mail of this gateway: give one of them `addresses`, or write routes",
            )
    _reachable(page, tenant, places)
    _shared_addresses(page, tenant, places)


def _reachable(page: Page, tenant: Tenant, places: dict[str, str]) -> None:
    served = {route.channel for route in routes(tenant)}
    for name, path in places.items():
        if name not in served:
            page.warning(path, f"no route leads to channel {name!r}: the route of that name leads elsewhere")


def _shared_addresses(page: Page, tenant: Tenant, places: dict[str, str]) -> None:
    automatic = {route.channel for route in derived(inlets(tenant), tenant.routes)}
    first: dict[tuple[str, str], str] = {}
    for channel in tenant.channels:
        for address in channel.addresses if channel.name in automatic else ():
            owner = first.setdefault((channel.receiving_gateway, address_key(address)), channel.name)
            if owner != channel.name:
                page.warning(
                    f"{places[channel.name]}.addresses", f"mail to {address} goes to channel {owner!r}, which is first"
                )
