"""The blocklist: that its patterns can be read, and that a tenant does not shut itself out."""

from __future__ import annotations

from postroom.routing.conditions import InvalidPattern, compiled
from postroom.settings.compile import blocklist
from postroom.settings.problem import Page
from postroom.settings.schema import SmtpGateway, Tenant


def check(page: Page, tenant: Tenant) -> None:
    """Check the tenant's blocklist."""
    wrong = {index: words for index, one in enumerate(tenant.blocklist.patterns) if (words := _why_unreadable(one))}
    for index, words in wrong.items():
        page.problem(f"blocklist.patterns[{index}]", f"is not a pattern RE2 can read: {words}")
    if not wrong:
        _own(page, tenant)


def _why_unreadable(pattern: str) -> str:
    try:
        compiled(pattern)
    except InvalidPattern as error:
        return str(error) or "no reason is given"
    return ""


def _own(page: Page, tenant: Tenant) -> None:
    listed = blocklist(tenant)
    own = [address for channel in tenant.channels for address in channel.addresses]
    own += [gateway.from_address for gateway in tenant.gateways if isinstance(gateway, SmtpGateway)]
    for address in dict.fromkeys(own):
        if entry := listed.entry(address):
            page.warning("blocklist", f"lists {address}, an address of our own, by {entry!r}")
