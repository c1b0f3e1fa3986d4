"""The settings of XOAUTH2: what is missing or cannot be right is named, secrets are references and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.settings.compile import revealed
from postroom.settings.oauth2 import is_endpoint
from tests.settings.making import POP3, loaded, rules, tenant, warned

GIVEN = "token_endpoint: https://login.example.org/token, client_id: desk"
REFRESH = f"{{{GIVEN}, grant: refresh_token, refresh_token: file:password}}"
CLIENT = f"{{{GIVEN}, client_secret: file:password, scope: mail}}"


def with_oauth2(oauth2: str, auth: str = "xoauth2") -> str:
    box = POP3.replace("    password: file:password\n", f"    auth: {auth}\n    oauth2: {oauth2}\n")
    return tenant().replace(POP3, box)


@pytest.mark.parametrize("oauth2", [REFRESH, CLIENT])
def test_tokens_may_be_got_with_a_refresh_token_or_a_client_secret(tmp_path: Path, oauth2: str) -> None:
    found = loaded(tmp_path, with_oauth2(oauth2))
    assert (rules(found), warned(found)) == ({}, {})
    assert found.generation is not None
    assert revealed(found.generation) == ("s3cret-of-the-box", "s3cret-of-the-box")


@pytest.mark.parametrize(
    ("oauth2", "key", "rule"),
    [
        (f"{{{GIVEN}}}", "oauth2.client_secret", "is missing: `grant: client_credentials` shows it"),
        (f"{{{GIVEN}, grant: refresh_token}}", "oauth2.refresh_token", "is missing: `grant: refresh_token` shows it"),
        (CLIENT.replace("https", "http"), "oauth2.token_endpoint", "must be an https URL"),
        (CLIENT.replace("file:password", "s3cret"), "oauth2.client_secret", "never written here itself"),
        (CLIENT.replace("file:password", "file:gone"), "oauth2.client_secret", "cannot be read"),
        (CLIENT.replace("scope: mail", "certificate: gone"), "oauth2.certificate[0]", "no certificate 'gone'"),
        (CLIENT.replace("scope: mail", "expires: soon"), "oauth2.expires", "must be a day"),
        (CLIENT.replace("scope: mail", "grant: password"), "oauth2.grant", "must be one of"),
    ],
)
def test_what_cannot_give_tokens_is_refused(tmp_path: Path, oauth2: str, key: str, rule: str) -> None:
    found = rules(loaded(tmp_path, with_oauth2(oauth2)))
    assert rule in found.pop(f"gateways[0].{key}")
    # What the new grant would need is missing besides.
    assert set(found) <= {"gateways[0].oauth2.refresh_token"}


def test_xoauth2_without_its_settings_or_a_user_is_refused(tmp_path: Path) -> None:
    bare = with_oauth2(CLIENT).replace(f"    oauth2: {CLIENT}\n", "").replace("    user: support@example.org\n", "", 1)
    assert set(rules(loaded(tmp_path, bare))) == {"gateways[0].oauth2", "gateways[0].user"}


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("https://login.example.org/common/oauth2/v2.0/token", True),
        ("https://login.example.org:8443/token?x=1", True),
        ("http://localhost:8080/token", True),
        ("http://127.0.0.1/token", True),
        ("http://[::1]:1/token", True),
        ("http://login.example.org/token", False),
        ("http://localhost.example.org/token", False),
        ("http://127.0.0.1@evil.example/token", False),
        ("https://user:pw@login.example.org/token", False),
        ("https:///token", False),
        ("https://login.example.org:0/", False),
        ("https://login.example.org:port/", False),
        ("https://login.example.org/ token", False),
        ("https://login.example.org/#x", False),
        ("https://l\u00f6gin.example.org/", False),
        ("https://[::1/", False),
        ("ftp://login.example.org/", False),
        ("login.example.org/token", False),
        ("", False),
    ],
)
def test_secrets_are_posted_over_tls_or_to_this_machine(text: str, is_right: bool) -> None:
    assert is_endpoint(text) == is_right
