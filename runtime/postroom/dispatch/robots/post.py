"""One POST to the URL of the configuration: to an address that was judged, bounded, not redirected, and tried again.

The host is resolved here and the connection made to the very address that was judged, under the host's own name in TLS
and in `Host`; no proxy of the environment is asked. Requests are tried again where that is worth it: their sender says
that doing them twice is safe.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence

import httpx
from msgspec import Struct

from postroom.errors import PermanentError, TemporaryError
from postroom.ports.world import Clock
from postroom.settings.targets import Network, refusal

CONNECT_WITHIN = 5.0
FIRST_PAUSE = 0.25
MOST_ADDRESSES = 4
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_SCHEME_PORTS = {"http": 80, "https": 443}


class Target(Struct, frozen=True, kw_only=True):
    """Where to, how often at most, and how many octets of an answer are read."""

    url: str
    allowed: tuple[Network, ...] = ()
    tries: int = 3
    largest_answer: int = 64 * 1024


class Poster:
    """Posts to one URL."""

    def __init__(self, target: Target, clock: Clock) -> None:
        self._target = target
        self._url = httpx.URL(target.url)
        self._clock = clock
        self._client = httpx.AsyncClient(
            verify=_trust(self._url.scheme),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=CONNECT_WITHIN),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=15.0),
            headers={"User-Agent": "postroom", "Accept": "application/json", "Accept-Encoding": "identity"},
        )

    async def post(self, content: bytes, headers: Mapping[str, str]) -> bytes:
        """Give the body of a 200 answer. Raises TemporaryError and PermanentError; the caller keeps a deadline."""
        pause = FIRST_PAUSE
        for _ in range(self._target.tries - 1):
            try:
                return await self._once(content, headers)
            except TemporaryError:
                await self._clock.sleep(pause)
                pause *= 2
        return await self._once(content, headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _once(self, content: bytes, headers: Mapping[str, str]) -> bytes:
        addresses = await self._addresses()
        for address in addresses[:-1]:
            try:
                return await self._to(address, content, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent: the next address may be there
            except httpx.HTTPError as error:
                raise TemporaryError(_words(error)) from error
        try:
            return await self._to(addresses[-1], content, headers)
        except httpx.HTTPError as error:
            raise TemporaryError(_words(error)) from error

    async def _addresses(self) -> Sequence[str]:
        """Resolve the host. Raises PermanentError where every address is one that is never connected to."""
        host = self._url.host
        port = self._url.port or _SCHEME_PORTS[self._url.scheme]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise TemporaryError(f"the host {host} has no address now") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        refused = {address: why for address in addresses if (why := refusal(address, host, self._target.allowed))}
        sound = [address for address in addresses if address not in refused][:MOST_ADDRESSES]
        if not sound:
            raise PermanentError(f"{host} is not connected to: " + "; ".join(refused.values()))
        return sound

    async def _to(self, address: str, content: bytes, headers: Mapping[str, str]) -> bytes:
        request = self._client.build_request(
            "POST",
            self._url.copy_with(host=address),
            content=content,
            headers={**headers, "Host": self._url.netloc.decode("ascii"), "Content-Type": "application/json"},
            extensions={"sni_hostname": self._url.host},
        )
        response = await self._client.send(request, stream=True)
        try:
            _judge(response)
            return await self._body(response)
        finally:
            await response.aclose()

    async def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._target.largest_answer:
                raise PermanentError(f"the answer has more than {self._target.largest_answer:,} octets")
        return bytes(body)


def _trust(scheme: str) -> ssl.SSLContext:
    """What this machine trusts, as for mail servers; without TLS nobody is trusted, which takes no time to read."""
    return ssl.create_default_context() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _judge(response: httpx.Response) -> None:
    code = response.status_code
    if code in WORTH_ANOTHER_TRY:
        raise TemporaryError(f"the answer is HTTP {code}")
    if response.is_redirect:
        raise PermanentError(f"the answer is a redirect (HTTP {code}), which is not followed")
    if code != httpx.codes.OK:
        raise PermanentError(f"the answer is HTTP {code}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise PermanentError("the answer is compressed, which was not asked for")


def _words(error: httpx.HTTPError) -> str:
    return f"the robot is not reached: {type(error).__name__} {error}".strip()
