"""Signatures, canned answers and personal addresses: what is refused, and what they come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.mail.letter import Words
from postroom.settings import compile_hands
from postroom.settings.load import load
from postroom.settings.schema import SmtpGateway, Tenant
from tests.settings.making import loaded, tenant, warned, write

SIGNATURES = """\
signatures:
  - {name: house, text: "{channel_name} of {tenant}", html: "<b>{agent_name}</b>"}
  - {name: annas, text: "Anna"}
"""


def read(folder: Path, text: str) -> Tenant:
    found = load(write(folder, text))
    assert found.generation is not None, found.problems
    return found.generation.tenants[0]


@pytest.mark.parametrize(
    ("more", "key", "words"),
    [
        ('signatures: [{name: a, text: "{agent}"}]\n', "signatures[0].text", "there is no name `{agent}`"),
        ('signatures: [{name: a, text: x, html: "{customer_name}"}]\n', "signatures[0].html", "there is no name"),
        ('canned_answers: [{name: a, text: "{{}"}]\n', "canned_answers[0].text", "stands alone"),
        ("canned_answers: [{name: a, text: x, language: German}]\n", "canned_answers[0].language", "a language"),
        ("canned_answers: [{name: a, text: x, channels: [none]}]\n", "canned_answers[0].channels[0]", "no channel"),
        ("canned_answers: [{name: a, text: x}, {name: a, text: y}]\n", "canned_answers[1].name", "is taken"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, more: str, key: str, words: str) -> None:
    (problem,) = loaded(tmp_path, tenant(more=more)).problems
    assert (problem.key, words in problem.rule) == (key, True), problem


def test_one_canned_answer_in_two_languages_is_right(tmp_path: Path) -> None:
    more = (
        'canned_answers: [{name: a, text: "{customer_name}"}, {name: a, language: de, text: x, channels: [support]}]\n'
    )
    found = read(tmp_path, tenant(more=more))
    assert [one.language for one in compile_hands.canned_answers(found, "support")] == ["", "de"]
    assert [one.language for one in compile_hands.canned_answers(found, "other")] == [""]


@pytest.mark.parametrize(
    ("channel", "agent", "text"),
    [
        ("", "", None),
        ("", "    signature: annas\n", None),
        ("    signature: house\n", "", "{channel_name} of {tenant}"),
        ("    signature: house\n", "    signature: annas\n", "Anna"),
    ],
)
def test_the_agents_signature_goes_before_the_channels_which_is_off_unless_set(
    tmp_path: Path, channel: str, agent: str, text: str | None
) -> None:
    found = read(tmp_path, tenant(channel=channel, agent=agent, more=SIGNATURES))
    signature = compile_hands.signature(found, found.channels[0], found.agents[0])
    assert (signature.text if signature else None) == text
    nobody = compile_hands.signature(found, found.channels[0], None)
    assert nobody == (Words(text="{channel_name} of {tenant}", html="<b>{agent_name}</b>") if channel else None)


@pytest.mark.parametrize(
    ("identities", "address", "own"),
    [
        ("[anna@example.org]", "anna@example.org", "anna@example.org"),
        ("[example.org]", "Anna@Example.org", "Anna@example.org"),
        ("['@example.org']", "anna@example.org", "anna@example.org"),
        ("[example.org]", "anna@sub.example.org", ""),
        ("[example.org]", "anna@notexample.org", ""),
        ("[ben@example.org]", "anna@example.org", ""),
        ("[]", "anna@example.org", ""),
    ],
)
def test_only_the_identities_of_the_gateway_may_be_from(
    tmp_path: Path, identities: str, address: str, own: str
) -> None:
    text = tenant(channel="    reply_with_personal_email: true\n", agent=f"    personal_address: {address}\n")
    text = text.replace("from_address:", f"identities: {identities}\n    from_address:")
    found = read(tmp_path, text)
    gateway = found.gateway("outbox")
    assert isinstance(gateway, SmtpGateway)
    address_found, why_not = compile_hands.personal(found.channels[0], gateway, found.agents[0])
    assert address_found == own
    assert ("do not admit" in why_not) is (own == "")
    assert compile_hands.personal(found.channels[0], gateway, None)[1] == "the agent has no mail address of his own"
    assert len(compile_hands.personal_addresses(found, found.channels[0])) == 1


def test_without_the_channels_leave_nobody_writes_as_himself(tmp_path: Path) -> None:
    found = read(tmp_path, tenant(agent="    personal_address: anna@example.org\n"))
    gateway = found.gateway("outbox")
    assert isinstance(gateway, SmtpGateway)
    assert "do not write as themselves" in compile_hands.personal(found.channels[0], gateway, found.agents[0])[1]
    assert compile_hands.personal_addresses(found, found.channels[0]) == frozenset()


def test_leave_without_identities_is_warned_of(tmp_path: Path) -> None:
    found = loaded(tmp_path, tenant(channel="    reply_with_personal_email: true\n"))
    assert "has no `identities`" in warned(found)["channels[0].reply_with_personal_email"]
