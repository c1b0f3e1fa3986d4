"""From the certificates a gateway names to what its server has to prove; it reads their files, and opens nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from postroom.errors import ConfigurationError
from postroom.gateways.tls import MinTls, TlsOptions, Trust, X509Strict
from postroom.settings.certificates import der, files, pins
from postroom.settings.oauth2 import OAuth2
from postroom.settings.schema import Gateway, Tenant


def tls_options(tenant: Tenant, gateway: Gateway, folder: Path) -> TlsOptions:
    """What the gateway's server has to prove. Raises ConfigurationError where a certificate cannot be read."""
    oldest, strict = MinTls(gateway.min_tls), X509Strict(gateway.x509_strict)
    try:
        return replace(_named(tenant, gateway.certificate, folder), min_version=oldest, x509_strict=strict)
    except ConfigurationError as error:
        raise ConfigurationError(f"gateway {gateway.name}: {error}") from error


def token_tls(tenant: Tenant, oauth2: OAuth2, folder: Path) -> TlsOptions:
    """What a token endpoint has to prove. Raises ConfigurationError."""
    return _named(tenant, oauth2.certificate, folder)


def _named(tenant: Tenant, names: tuple[str, ...], folder: Path) -> TlsOptions:
    named = [one for one in tenant.certificates if one.name in names]
    authorities = [one for one in named if one.purpose == "ca"]
    return TlsOptions(
        trust=_trust([one.trust for one in authorities]),
        certificates=der(one for authority in authorities for one in files(authority, folder)),
        pins=frozenset().union(*(pins(one, folder) for one in named if one.purpose == "pin")),
    )


def _trust(kinds: list[str]) -> Trust:
    """One authority that is to be trusted alone shuts out the system's."""
    if not kinds:
        return Trust.SYSTEM
    return Trust.ONLY if "only" in kinds else Trust.ADD
