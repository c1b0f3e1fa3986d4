"""Posts a form to a token endpoint: over TLS unless it is this machine, within a deadline, following no redirect."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

import httpx

from postroom.errors import TemporaryError
from postroom.gateways.oauth2_answer import Granted, read_answer
from postroom.gateways.tls import TlsOptions, tls_words, unshared_context

MOST_OCTETS = 64 * 1024


class GrantType(Enum):
    """What is shown for a token: the client's own secret, or a refresh token somebody once consented to."""

    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 the name of a way, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2Options:
    """One way to tokens; `seconds` is how long one request may take. Times are aware."""

    token_endpoint: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scope: str = ""
    grant: GrantType = GrantType.CLIENT_CREDENTIALS
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    tls: TlsOptions = field(default_factory=TlsOptions)
    seconds: float = 20.0


async def post(options: OAuth2Options, form: Mapping[str, str]) -> Granted:
    """Ask once. Raises PermanentError, TemporaryError; both in words, and without secrets."""
    whole = {**form, "client_id": options.client_id}
    whole |= {"client_secret": options.client_secret} if options.client_secret else {}
    whole |= {"scope": options.scope} if options.scope else {}
    host = httpx.URL(options.token_endpoint).host
    try:
        async with asyncio.timeout(options.seconds):
            status, content = await _exchange(options, whole)
    except TimeoutError as error:
        raise TemporaryError(f"the token endpoint {host} did not answer in {options.seconds:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
        raise TemporaryError(_why(error, host)) from error
    return read_answer(status, content, (options.client_secret, *form.values()))


async def _exchange(options: OAuth2Options, form: Mapping[str, str]) -> tuple[int, bytes]:
    # A context of its own: the client sets the protocols of HTTP in it.
    verify = unshared_context(options.tls) if options.token_endpoint.startswith("https:") else False
    content = bytearray()
    async with (
        httpx.AsyncClient(verify=verify, follow_redirects=False, trust_env=False, timeout=options.seconds) as client,
        client.stream(
            "POST",
            options.token_endpoint,
            data=dict(form),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        ) as answer,
    ):
        async for chunk in answer.aiter_raw():
            content += chunk
            if len(content) > MOST_OCTETS:
                raise TemporaryError(f"the token endpoint sent more than {MOST_OCTETS:,} octets")
        return answer.status_code, bytes(content)


def _why(error: BaseException, host: str) -> str:
    found: BaseException | None = error
    while found is not None and not isinstance(found, ssl.SSLError):
        found = found.__cause__ or found.__context__
    if found is not None:
        return f"the token endpoint: {tls_words(found, host)}"
    return f"the token endpoint {host} cannot be reached ({str(error) or type(error).__name__})"
