"""Fetches a calendar from where it is: a file of this machine, or an address. What comes is not trusted.

It is in charge of time, size and redirects; what stands in a calendar is routing/ical's. An address may hold a secret,
so no word from here holds an address.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
from msgspec import Struct

from postroom.errors import TemporaryError
from postroom.ports.world import Offload
from postroom.routing.ical.lines import LARGEST
from postroom.settings.calendars import is_source

LANE = "calendars"
WITHIN = 60.0
"""Seconds for a calendar as a whole, redirects and all."""
WAIT = 15.0
"""Seconds for each step of it."""
MOST_REDIRECTS = 3
LONGEST_MARK = 1000
_TOO_LARGE = f"it has more than {LARGEST:,} octets"


class Fetched(Struct, frozen=True, kw_only=True):
    """A calendar's bytes, and what the server calls this state of it (RFC 9110 §8.8); empty where it says nothing."""

    content: bytes
    etag: str = ""
    modified: str = ""


class FeedSource:
    """Reads files relative to the configuration folder, and addresses over TLS with the trust of `context`."""

    def __init__(self, offload: Offload, context: ssl.SSLContext) -> None:
        self._offload = offload
        self._context = context

    async def fetch(self, source: str, folder: str, kept: Fetched | None) -> Fetched:
        """Give the calendar as it is now, `kept` itself where it did not change. Raises TemporaryError with words."""
        if "://" not in source:
            return Fetched(content=await self._offload.run(LANE, _read_file, Path(folder, source)))
        try:
            async with (
                asyncio.timeout(WITHIN),
                httpx.AsyncClient(verify=self._context, timeout=WAIT, follow_redirects=False) as client,
            ):
                return await _get(client, source, kept)
        except TimeoutError:
            raise TemporaryError(f"it took longer than {WITHIN:.0f} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise TemporaryError(f"its server cannot be reached or understood ({type(error).__name__})") from error


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise TemporaryError(f"its file cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > LARGEST:
        raise TemporaryError(_TOO_LARGE)
    return content


async def _get(client: httpx.AsyncClient, source: str, kept: Fetched | None) -> Fetched:
    # a compressed answer could be a thousand times as large as what is counted
    headers = {"Accept": "text/calendar", "Accept-Encoding": "identity", "User-Agent": "postroom"}
    if kept is not None and kept.etag:
        headers["If-None-Match"] = kept.etag
    if kept is not None and kept.modified:
        headers["If-Modified-Since"] = kept.modified
    url = httpx.URL(source)
    for _ in range(MOST_REDIRECTS + 1):
        async with client.stream("GET", url, headers=headers) as answer:
            if not answer.has_redirect_location:
                return await _answered(answer, kept)
            url = _redirected(url, answer.headers["Location"])
    raise TemporaryError(f"its server redirects more than {MOST_REDIRECTS} times")


def _redirected(url: httpx.URL, location: str) -> httpx.URL:
    """Follow to the same kind of address only: what came over TLS never leads to plain http, or into this machine."""
    target = url.join(location)
    if target.scheme != url.scheme or not is_source(str(target)):
        raise TemporaryError("its server redirects to an address that is not allowed")
    return target


async def _answered(answer: httpx.Response, kept: Fetched | None) -> Fetched:
    if answer.status_code == httpx.codes.NOT_MODIFIED and kept is not None:
        return kept
    if answer.status_code != httpx.codes.OK:
        raise TemporaryError(f"its server answers {answer.status_code}")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise TemporaryError("its server compresses it, though asked not to")
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > LARGEST:
            raise TemporaryError(_TOO_LARGE)
    return Fetched(content=bytes(content), etag=_mark(answer, "ETag"), modified=_mark(answer, "Last-Modified"))


def _mark(answer: httpx.Response, name: str) -> str:
    """Give a header that is sent back at the next asking; what could not be sent is as good as none."""
    text = answer.headers.get(name, "")
    return text if len(text) <= LONGEST_MARK and text.isascii() and text.isprintable() else ""
