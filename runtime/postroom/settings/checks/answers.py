"""Where answers come back to: that addresses with our tag fit, are routed as their address is, and stand apart."""

from __future__ import annotations

from postroom.mail.address_key import address_key
from postroom.mail.tokens import LONGEST_TAG
from postroom.routing.conditions import MailFacts
from postroom.routing.routes import first_match
from postroom.settings.compile import answer_address, routes
from postroom.settings.problem import Page
from postroom.settings.schema import Channel, SmtpGateway, Tenant

LONGEST_LOCAL = 64
"""RFC 5321 §4.5.3.1.1, in octets."""


def check(page: Page, tenant: Tenant) -> None:
    """Check every channel whose sending gateway has `plus_address`."""
    for index, channel in enumerate(tenant.channels):
        gateway = tenant.gateway(channel.sending_gateway)
        if isinstance(gateway, SmtpGateway) and gateway.plus_address and not channel.retired:
            _check(page, tenant, channel, gateway, f"channels[{index}].sending_gateway")


def _check(page: Page, tenant: Tenant, channel: Channel, gateway: SmtpGateway, path: str) -> None:
    address = answer_address(channel, gateway)
    local, _, domain = address.rpartition("@")
    if len(local.encode()) + 1 + LONGEST_TAG > LONGEST_LOCAL:
        page.warning(path, f"with `plus_address` {address} has no room for a tag: answers come to it as it is")
        return
    tagged = f"{local}+tag@{domain}"
    if _route_of(tenant, channel, address) != _route_of(tenant, channel, tagged):
        page.problem(
            path,
            f"with `plus_address` answers come to {tagged}, and no route treats it as {address}: "
            "say `plus_address: true` in the route's condition on the recipient",
        )
    if address_key(domain) != address_key(gateway.reply_domain or ""):
        page.warning(
            path,
            f"with `plus_address` whoever is written to has an address at {domain} that works: "
            "use a domain that serves nothing else, and name it as `reply_domain`",
        )


def _route_of(tenant: Tenant, channel: Channel, recipient: str) -> str | None:
    facts = MailFacts(gateway=channel.receiving_gateway, mail_class="human", recipients=(recipient,))
    found = first_match(routes(tenant), facts)
    return found.route.name if found is not None else None
