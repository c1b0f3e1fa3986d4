"""The certificates a tenant's gateways trust: what each is, when it ends, and which gateways name it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from litestar import get
from msgspec import Struct
from msgspec.structs import replace

from postroom.api.access import tenant_of
from postroom.api.auth import SignedIn
from postroom.api.parts import Parts
from postroom.errors import ConfigurationError
from postroom.settings.certificates import Certificate, files, pin_digest, shown
from postroom.settings.schema import Tenant

LANE = "settings"


class Row(Struct, frozen=True, kw_only=True):
    """One certificate of a file, or one pinned key without a certificate; digests are SHA-256 in hex."""

    certificate: str
    purpose: str
    trust: str
    used_by: tuple[str, ...]
    subject: str = ""
    issuer: str = ""
    fingerprint: str = ""
    key: str = ""
    expires_at: datetime | None = None


class Certificates(Struct, frozen=True, kw_only=True):
    """Every certificate of every file, in the order of the settings."""

    certificates: tuple[Row, ...]
    unreadable: tuple[str, ...]
    """Names of those whose files cannot be read any more."""


@get("/certificates", summary="As administrator, the certificates gateways trust")
async def read_certificates(parts: Parts, caller: SignedIn) -> Certificates:
    """Give them with subject, issuer, fingerprint and expiry; of a key nothing but its hash."""
    generation = parts.current()
    tenant = tenant_of(generation, caller)
    return await parts.offload.run(LANE, _all, tenant, Path(generation.folder))


def _all(tenant: Tenant, folder: Path) -> Certificates:
    rows: list[Row] = []
    unreadable: list[str] = []
    for one in tenant.certificates:
        try:
            rows += certificate_rows(tenant, one, folder)
        except ConfigurationError:
            unreadable.append(one.name)
    return Certificates(certificates=tuple(rows), unreadable=tuple(unreadable))


def certificate_rows(tenant: Tenant, certificate: Certificate, folder: Path) -> Iterator[Row]:
    """A row for each certificate of its files, and for each pinned key."""
    row = Row(
        certificate=f"{tenant.name}/{certificate.name}",
        purpose=certificate.purpose,
        trust=certificate.trust if certificate.purpose == "ca" else "",
        used_by=tuple(one.name for one in tenant.gateways if certificate.name in one.certificate),
    )
    for one in map(shown, files(certificate, folder)):
        yield replace(
            row,
            subject=one.subject,
            issuer=one.issuer,
            fingerprint=one.fingerprint,
            key=one.key,
            expires_at=one.expires_at,
        )
    for pin in certificate.pins:
        yield replace(row, key=pin_digest(pin) or "")


ROUTES = (read_certificates,)
