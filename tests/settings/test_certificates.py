"""Certificates in the settings: every form of a `.cer` file is read, and what cannot be right is refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from postroom.errors import ConfigurationError
from postroom.settings.certificates import (
    LARGEST,
    files,
    key_digest,
    key_digest_of,
    pin_digest,
    read_certificates,
    shown,
)
from tests.settings.making import loaded, rules, tenant, warned
from tests.support import minting

CA, OTHER = minting.authority(), minting.authority("Another")
HEX = "5f" * 32
BASE64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
FORMS = {
    "DER": CA.der,
    "PEM": CA.pem,
    "PEM with words before it": b"subject=/CN=x\n" + CA.pem,
    "PEM with CRLF": CA.pem.replace(b"\n", b"\r\n"),
    "bundle": CA.pem + OTHER.pem,
    "PKCS#7": CA.as_pkcs7(OTHER),
    "PKCS#7 as PEM": CA.as_pkcs7(OTHER, encoding=Encoding.PEM),
}
ONE = "certificates:\n  - name: one\n"


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_read_whatever_its_form(form: str) -> None:
    found = read_certificates(FORMS[form])
    assert CA.certificate in found
    assert len(found) == (2 if "bundle" in form or "PKCS" in form else 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a certificate"),
        (b"\x30\x82", "is not a certificate"),
        (b"<html>404</html>", "is not a certificate"),
        (CA.der[:-1], "is not a certificate"),
        (CA.pem[:200], "is not a certificate"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "is not a certificate"),
        (CA.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + CA.pem, "a private key"),
    ],
    ids=["empty", "two octets", "a page", "cut DER", "cut PEM", "a request", "a key"],
)
def test_what_is_no_certificate_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_certificates(content)


@given(st.binary(max_size=300))
def test_any_bytes_are_certificates_or_refused(content: bytes) -> None:
    for framed in (content, b"-----BEGIN CERTIFICATE-----\n" + content, CA.der[:40] + content):
        with contextlib.suppress(ConfigurationError):
            read_certificates(framed)
    assert key_digest_of(content) == ""


def test_a_certificate_is_shown_with_its_names_times_and_digests() -> None:
    found = shown(CA.certificate)
    assert (found.subject, found.issuer) == ("CN=Private Authority", "CN=Private Authority")
    assert found.key == key_digest(CA.certificate) == key_digest_of(CA.der)
    assert (len(found.fingerprint), found.begins_at < found.expires_at) == (64, True)


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (HEX, HEX),
        (HEX.upper(), HEX),
        (f"sha256/{HEX}", HEX),
        (BASE64, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (f"sha256/{BASE64}", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (HEX[:-1], None),
        (BASE64[:-1], None),
        (HEX + "\n", None),
        ("", None),
    ],
)
def test_a_pin_is_written_in_hex_or_base64(text: str, digest: str | None) -> None:
    assert pin_digest(text) == digest


@pytest.mark.parametrize(
    ("fields", "key", "rule"),
    [
        ("    purpose: ca\n", "file", "is missing: an authority"),
        ("    file: gone.cer\n", "file", "cannot be read: No such file"),
        ("    file: password\n", "file", "is not a certificate in DER, PEM or PKCS#7"),
        ("    file: large.cer\n", "file", "is larger than 1 MB"),
        ("    file: '\\0'\n", "file", "control characters"),
        ("    file: ca.cer\n    type: P12\n", "type", "must be `CER`"),
        ("    file: ca.cer\n    trust: never\n", "trust", "must be one of `add`, `only`"),
        (f"    file: ca.cer\n    pins: ['{HEX}']\n", "pins", "belong to a certificate of `purpose: pin`"),
        ("    purpose: pin\n", "pins", "is missing: a pin names at least one public key"),
        ("    purpose: pin\n    pins: [abc]\n", "pins[0]", "64 hex digits or base64"),
        ("    purpose: pin\n    file: ca.cer\n    trust: only\n", "trust", "a pin trusts nobody"),
    ],
)
def test_a_certificate_that_cannot_be_right_is_refused(tmp_path: Path, fields: str, key: str, rule: str) -> None:
    (tmp_path / "ca.cer").write_bytes(CA.der)
    (tmp_path / "large.cer").write_bytes(bytes(LARGEST + 1))
    text = ONE + (fields.replace("'\\0'", '"a\\0b"')) + tenant()
    found = rules(loaded(tmp_path, text))
    assert list(found) == [f"certificates[0].{key}"]
    assert rule in found[f"certificates[0].{key}"]


@pytest.mark.parametrize("written", ["one", "[one]"])
def test_a_gateway_names_its_certificates_and_one_in_use_cannot_go(tmp_path: Path, written: str) -> None:
    (tmp_path / "ca.cer").write_bytes(CA.pem)
    naming = tenant().replace("    host: pop", f"    certificate: {written}\n    host: pop")
    known = loaded(tmp_path, ONE + "    file: ca.cer\n    trust: only\n" + naming)
    assert known.generation is not None
    assert known.generation.tenants[0].gateways[0].certificate == ("one",)
    gone = rules(loaded(tmp_path, naming))
    assert gone == {"gateways[0].certificate[0]": "there is no certificate 'one'; there is none at all"}


def test_a_certificates_name_is_its_own(tmp_path: Path) -> None:
    twice = ONE + f"    purpose: pin\n    pins: ['{HEX}', '{BASE64}']\n"
    text = twice + twice.removeprefix("certificates:\n") + tenant()
    assert rules(loaded(tmp_path, text)) == {"certificates[1].name": "the name 'one' is taken: line 2 has it"}


def test_one_pin_alone_is_warned_of(tmp_path: Path) -> None:
    found = loaded(tmp_path, ONE + f"    purpose: pin\n    pins: ['{HEX}']\n" + tenant())
    assert "a key in reserve" in warned(found)["certificates[0].pins"]


def below(text: bytes, key: str = "pem") -> str:
    return f"{ONE}    {key}: |\n" + "".join(f"      {line}\n" for line in text.decode().splitlines())


def test_certificates_may_stand_in_the_settings_themselves(tmp_path: Path) -> None:
    found = loaded(tmp_path, tenant(more=below(CA.pem + OTHER.pem)))
    assert found.problems == ()
    (one,) = found.require().tenants[0].certificates
    assert [certificate.subject for certificate in files(one, tmp_path)] == [
        CA.certificate.subject,
        OTHER.certificate.subject,
    ]


@pytest.mark.parametrize(
    ("more", "key", "words"),
    [
        (below(b"not one"), "certificates[0].pem", "the text is not a certificate"),
        (below(CA.pem) + "    file: a.cer\n", "certificates[0].pem", "stands beside `file`"),
    ],
)
def test_a_text_that_holds_none_and_one_beside_a_file_are_refused(
    tmp_path: Path, more: str, key: str, words: str
) -> None:
    assert words in rules(loaded(tmp_path, tenant(more=more)))[key]
