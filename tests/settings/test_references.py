"""What a configuration names elsewhere, and when a gateway would be built another way."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.errors import ConfigurationError
from postroom.settings.load import load
from postroom.settings.references import files, stamp
from postroom.settings.schema import Generation
from tests.settings.making import tenant, write
from tests.support.certificates import Authority

TRUSTING = "    certificate: [ours]\n"
CERTIFICATE = "certificates:\n  - {name: ours, file: ours.cer}\n  - {name: other, file: other.cer}\n"
ROBOTS = (
    "robots:\n  - {name: faq, kind: faq, file: faq.yaml}\n"
    "  - {name: web, kind: http, url: 'https://robot.example/', secret: 'file:web-secret'}\n"
)


def made(folder: Path, text: str) -> Generation:
    for name in ("ours.cer", "other.cer"):
        (folder / name).write_bytes(Authority().pem) if not (folder / name).exists() else None
    (folder / "faq.yaml").write_text("- questions: [Where?]\n  answer: Here.\n")
    (folder / "web-secret").write_text("s3cret-of-the-robot\n")
    return load(write(folder, text)).require()


def stamps(folder: Path, generation: Generation) -> list[bytes]:
    (space,) = generation.tenants
    return [stamp(folder, space, gateway) for gateway in space.gateways]


def test_secrets_certificates_and_answers_are_the_files_it_names(tmp_path: Path) -> None:
    found = files(tmp_path, made(tmp_path, tenant(more=CERTIFICATE + ROBOTS)).tenants)
    names = ("faq.yaml", "other.cer", "ours.cer", "password", "web-secret")
    assert found == tuple(tmp_path / name for name in names)


def test_a_gateway_is_another_with_another_key_secret_or_certificate(tmp_path: Path) -> None:
    text = tenant(more=CERTIFICATE).replace(
        "    user: support@example.org\n", f"    user: support@example.org\n{TRUSTING}", 1
    )
    first = made(tmp_path, text)
    inbox, outbox = stamps(tmp_path, first)
    assert stamps(tmp_path, made(tmp_path, text)) == [inbox, outbox]
    other_queue = made(tmp_path, text.replace("name: Anna", "name: Anne"))
    assert stamps(tmp_path, other_queue) == [inbox, outbox]
    polled = stamps(tmp_path, made(tmp_path, text.replace("host: pop.example.org", "host: pop3.example.org")))
    assert (polled[0] != inbox, polled[1] == outbox) == (True, True)
    (tmp_path / "ours.cer").write_bytes(Authority().pem)
    assert (stamps(tmp_path, first)[0] != inbox, stamps(tmp_path, first)[1] == outbox) == (True, True)
    (tmp_path / "password").write_text("another\n")
    assert not {*stamps(tmp_path, first)} & {inbox, outbox}


def test_a_gateway_without_its_secret_cannot_be_built(tmp_path: Path) -> None:
    first = made(tmp_path, tenant())
    (tmp_path / "password").unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        stamps(tmp_path, first)
