"""Judges a whole configuration: every rule that looks at more than one value, subject by subject.

It is in charge of their order; the rules themselves stand in checks/, and what is right for one value alone in the
schema. Every problem is noted on the page it stands on; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence

from postroom.settings import inactive
from postroom.settings.checks import (
    answers,
    blocklist,
    broker,
    calendars,
    caps,
    certificates,
    channels,
    gateways,
    keywords,
    letters,
    names,
    queues,
    robots,
    routes,
    service,
    sockets,
    source,
    wording,
)
from postroom.settings.problem import Page
from postroom.settings.process import Process
from postroom.settings.schema import Tenant


def process(page: Page, settings: Process) -> None:
    """Check the process itself."""
    sockets.check(page, settings)
    source.check(page, settings)
    broker.check(page, settings)


def tenant(page: Page, settings: Tenant) -> None:
    """Check one tenant."""
    subjects = (
        names,
        blocklist,
        certificates,
        gateways,
        robots,
        channels,
        keywords,
        caps,
        calendars,
        service,
        wording,
        letters,
        routes,
        answers,
        queues,
        inactive,
    )
    for subject in subjects:
        subject.check(page, settings)


def together(process_page: Page, settings: Process, tenants: Sequence[tuple[Page, Tenant]]) -> None:
    """Check what concerns several tenants."""
    gateways.check_boxes(tenants)
    broker.together(process_page, settings, tenants)
    if not any(one.channels for _, one in tenants) and tenants and not process_page.problems:
        tenants[0][0].warning("", "no tenant has a channel: no mail will be served")
