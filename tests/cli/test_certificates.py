"""`postroom certificates list`: whose each certificate is, until when, and who trusts it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.a_daemon import configured, ran
from tests.support import minting

CA, OTHER = minting.authority(), minting.authority("Another")
PIN = "ab" * 32


def with_certificates(folder: Path) -> Path:
    config = configured(folder)
    (config / "bundle.cer").write_bytes(CA.pem + OTHER.pem)
    path = config / "tenants" / "acme.yaml"
    text = path.read_text().replace("name: inbox,", "name: inbox, certificate: [private, keys],")
    known = "  - {name: private, file: bundle.cer, trust: only}\n"
    known += f"  - {{name: keys, purpose: pin, pins: ['{PIN}', '{PIN.replace('a', 'c')}']}}\n"
    path.write_text(f"certificates:\n{known}{text}")
    return config


def test_certificates_are_listed_with_subject_issuer_expiry_digest_and_users(tmp_path: Path) -> None:
    config = with_certificates(tmp_path)
    result = ran(config, "certificates", "list", connect=_never)
    assert result.exit_code == 0
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [(row[0], row[1], row[2], row[6]) for row in rows] == [
        ("acme/private", "ca only", "CN=Private Authority", "inbox"),
        ("acme/private", "ca only", "CN=Another", "inbox"),
        ("acme/keys", "pin", "", "inbox"),
        ("acme/keys", "pin", "", "inbox"),
    ]
    assert rows[2][5] == f"key {PIN}"
    found = json.loads(ran(config, "certificates", "list", "--json", connect=_never).stdout)["certificates"]
    assert found[0]["key"] == CA.pin
    assert found[0]["expires_at"] == CA.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_configuration_without_certificates_says_so(tmp_path: Path) -> None:
    result = ran(configured(tmp_path), "certificates", "list", connect=_never)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "There is no certificate.\n")


async def _never(_generation: object) -> list[tuple[str, str, str, str]]:
    """Only so that the configuration's secret is there; nothing connects."""
    return []
