"""How a gateway gets its access tokens, as an administrator sets it (RFC 6749 §4.4 and §6)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Struct

from postroom.settings.rules import AtMost, Check, Moment, OneOf
from postroom.settings.secrets import Secret


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, so that nobody on a wire hears what is said to it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def is_endpoint(text: str) -> bool:
    """Whether the text is an URL that secrets may be posted to: https, or http on this machine."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and " " not in text and "@" not in parts.netloc
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    return is_plain and is_safe and bool(host) and port != 0 and not parts.fragment


Endpoint = Annotated[
    str,
    AtMost(2_000),
    Check(is_endpoint, "must be an https URL, like `https://login.example.org/token` (http only to this machine)"),
]


class OAuth2(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where tokens come from, and what is shown for them."""

    token_endpoint: Endpoint
    client_id: Annotated[str, AtMost(500, least=1)]
    client_secret: Secret | None = None
    scope: Annotated[str, AtMost(2_000)] = ""
    grant: Annotated[str, OneOf(("client_credentials", "refresh_token"))] = "client_credentials"
    refresh_token: Secret | None = None
    """The first one; those that the server gives in its place are kept in the store's folder."""
    expires: Moment | None = None
    """When the client secret or the refresh token runs out, for the alarm 7 days before."""
    certificate: tuple[str, ...] = ()
    """Certificates of the tenant that the token endpoint is judged by."""
