"""The caps on a reply's recipients: the three in force on a channel are 100 at most."""

from __future__ import annotations

from postroom.mail.recipients import Caps
from postroom.settings.compile import caps
from postroom.settings.problem import Page
from postroom.settings.schema import Channel, Tenant

MOST = 100
KEYS = ("max_recipients", "max_cc", "max_bcc")


def check(page: Page, tenant: Tenant) -> None:
    """Check every channel's sum, and name the channel whichever side broke it."""
    for index, channel in enumerate(tenant.channels):
        own = [key for key in KEYS if getattr(channel, key) is not None]
        paths = [f"channels[{index}].{key}" if key in own else f"parameters.{key}" for key in KEYS]
        in_force = caps(tenant, channel)
        total = in_force.to + in_force.cc + in_force.bcc
        if total > MOST and page.is_sound(*paths):
            blamed = f"channels[{index}].{own[0]}" if own else f"channels[{index}].name"
            page.problem(
                blamed,
                f"channel {channel.name!r} may name {total} recipients, more than {MOST}: {_sum(channel, in_force)}",
            )


def _sum(channel: Channel, caps: Caps) -> str:
    words = []
    for key, cap in zip(KEYS, (caps.to, caps.cc, caps.bcc), strict=True):
        whose = " (the tenant's)" if getattr(channel, key) is None else ""
        words.append(f"{key} {cap}{whose}")
    return " + ".join(words)
