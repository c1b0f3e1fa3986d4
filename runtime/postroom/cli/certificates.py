"""`postroom certificates`: what the certificates of a configuration are, and which gateways trust them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from postroom.cli.daemon import configured
from postroom.cli.options import config_option, json_option
from postroom.cli.table import moment, show_json, show_table
from postroom.settings.certificates import Certificate, files, pin_digest, shown
from postroom.settings.schema import Tenant

COLUMNS = ("certificate", "purpose", "subject", "issuer", "expires", "SHA-256", "used by")


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


@click.group()
def certificates() -> None:
    """Certificates that gateways trust."""


@certificates.command("list")
@config_option
@json_option
def list_certificates(folder: Path, as_json: bool) -> None:
    """List every certificate with its subject, issuer, fingerprint, expiry, and the gateways that name it."""
    rows = [
        row
        for tenant in configured(folder).tenants
        for one in tenant.certificates
        for row in _rows(tenant, one, folder)
    ]
    if as_json:
        show_json({"certificates": rows})
    else:
        show_table(COLUMNS, map(_cells, rows), "There is no certificate.")


def _rows(tenant: Tenant, certificate: Certificate, folder: Path) -> Iterator[Row]:
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


def _cells(row: Row) -> tuple[str, ...]:
    purpose = f"{row.purpose} {row.trust}".strip()
    digest = row.fingerprint or f"key {row.key}"
    expires = moment(row.expires_at)
    return row.certificate, purpose, row.subject, row.issuer, expires, digest, ", ".join(row.used_by) or "nobody"
