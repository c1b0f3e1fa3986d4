"""Keywords for transfer: each says something, and none says what another says."""

from __future__ import annotations

from postroom.mail.folding import folded
from postroom.settings.problem import Page, shown
from postroom.settings.schema import Tenant


def check(page: Page, tenant: Tenant) -> None:
    """Check the keywords of each channel as they are compared: without case, width and what is not seen."""
    for index, channel in enumerate(tenant.channels):
        _distinct(page, f"channels[{index}].transfer_keywords", channel.transfer_keywords)


def _distinct(page: Page, path: str, keywords: tuple[str, ...]) -> None:
    seen: dict[tuple[str, ...], str] = {}
    for place, keyword in enumerate(keywords):
        symbols = tuple(folded(keyword)[0])
        if not symbols:
            page.problem(f"{path}[{place}]", "has nothing to look for: white space and what is not seen do not count")
        elif symbols in seen:
            page.problem(
                f"{path}[{place}]",
                f"is found wherever {shown(seen[symbols])} is: letter case, width and accents joined or apart do not"
                " count; leave one out",
                shown(keyword),
            )
        seen.setdefault(symbols, keyword)
