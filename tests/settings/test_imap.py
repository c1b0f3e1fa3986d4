"""The settings of an IMAP gateway: its folders, what becomes of mails there, and all that it shares with POP3."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.settings.schema import ImapGateway, kind_of
from tests.settings.making import POP3, loaded, rules, tenant

IMAP = POP3.replace("kind: pop3", "kind: imap")


def with_imap(fields: str = "") -> str:
    return tenant().replace(POP3, IMAP + fields)


def test_a_mailbox_may_be_read_over_imap_with_nothing_more_said(tmp_path: Path) -> None:
    found = loaded(tmp_path, with_imap())
    assert found.generation is not None
    gateway = found.generation.tenants[0].gateways[0]
    assert isinstance(gateway, ImapGateway)
    assert (gateway.port, gateway.folders, gateway.after_intake, gateway.idle) == (993, ("INBOX",), "delete", True)
    assert kind_of(gateway) == "imap"


@pytest.mark.parametrize(("security", "port"), [("starttls", 143), ("tls", 993)])
def test_the_port_is_the_usual_one(tmp_path: Path, security: str, port: int) -> None:
    found = loaded(tmp_path, with_imap(f"    security: {security}\n"))
    assert found.generation is not None
    assert found.generation.tenants[0].gateways[0].port == port


@pytest.mark.parametrize(
    ("fields", "key", "rule"),
    [
        ("    folders: []\n", "folders", "must have at least 1 entries"),
        ("    folders: [A, A]\n", "folders", "names a folder twice"),
        ("    after_intake: forget\n", "after_intake", "must be one of `delete`, `move`, `flag`"),
        ("    after_intake: move\n", "move_to", "is missing"),
        ("    after_intake: move\n    move_to: INBOX\n", "move_to", "is one of the `folders`"),
        ("    move_to: Done\n", "move_to", "belongs to `after_intake: move`"),
        ("    after_intake: flag\n    leave_on_server: {days: 3}\n", "leave_on_server", "mails stay for ever"),
        ("    folders: ['a\\nb']\n", "folders[0]", "control characters"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, fields: str, key: str, rule: str) -> None:
    found = rules(loaded(tmp_path, with_imap(fields.replace("'a\\nb'", '"a\\nb"'))))
    assert list(found) == [f"gateways[0].{key}"]
    assert rule in found[f"gateways[0].{key}"]


def test_one_box_is_collected_over_one_protocol(tmp_path: Path) -> None:
    again = IMAP.replace("inbox", "again")
    assert list(rules(loaded(tmp_path, tenant(gateways=again)))) == ["gateways[2].user"]


def test_keys_of_imap_belong_to_no_pop3_gateway(tmp_path: Path) -> None:
    found = rules(loaded(tmp_path, tenant().replace(POP3, POP3 + "    folders: [A]\n")))
    assert "there is no such key" in found["gateways[0].folders"]
