"""What calendars' feeds say in a simulated house: files as they are, addresses as the service last kept them."""

from __future__ import annotations

import ssl
from pathlib import Path

from postroom import __version__
from postroom.engine.feed_cache import FeedCache
from postroom.engine.feed_source import FeedSource, Fetched
from postroom.engine.feeds import Feeds
from postroom.observability.metrics import Metrics
from postroom.ports.world import Clock, Offload
from postroom.settings.schema import Generation


class OnlyLooking(FeedCache):
    """What the service keeps of its feeds, left as it is."""

    def save(self, tenant: str, calendar: str, source: str, fetched: Fetched) -> None:
        """Keep nothing."""


async def feeds_as_kept(generation: Generation, clock: Clock, offload: Offload) -> Feeds:
    """The feeds of that generation, without asking any server."""
    cache = OnlyLooking(Path(generation.folder, generation.process.store.folder))
    source = FeedSource(offload, ssl.create_default_context())
    feeds = Feeds(lambda: generation, source, cache, Metrics(__version__), clock, offload)
    await feeds.prepare()
    return feeds
