"""`postroom certificates`: what the certificates of a configuration are, and which gateways trust them."""

from __future__ import annotations

from pathlib import Path

import click

from postroom.api.certificates import Row, certificate_rows
from postroom.cli.daemon import configured
from postroom.cli.options import config_option, json_option
from postroom.cli.table import moment, show_json, show_table

COLUMNS = ("certificate", "purpose", "subject", "issuer", "expires", "SHA-256", "used by")


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
        for row in certificate_rows(tenant, one, folder)
    ]
    if as_json:
        show_json({"certificates": rows})
    else:
        show_table(COLUMNS, map(_cells, rows), "There is no certificate.")


def _cells(row: Row) -> tuple[str, ...]:
    purpose = f"{row.purpose} {row.trust}".strip()
    digest = row.fingerprint or f"key {row.key}"
    expires = moment(row.expires_at)
    return row.certificate, purpose, row.subject, row.issuer, expires, digest, ", ".join(row.used_by) or "nobody"
