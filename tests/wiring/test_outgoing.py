"""From settings as they are written to what the desk sends by."""

from __future__ import annotations

from pathlib import Path

from postroom.engine.sending_rules import SendingRules
from postroom.mail.letter import Words
from postroom.mail.tokens import KeyRing
from postroom.settings.load import load
from postroom.wiring.in_force import InForce
from postroom.wiring.outgoing import sending_rules
from tests.dispatch.house import TurnableClock
from tests.settings.making import tenant, write

RING = KeyRing(current="k1", keys={"k1": b"k" * 32})
CHANNEL = """\
    addresses: [desk@example.org]
    labels: [gold]
    signature: house
    subject_tag: true
    reply_with_personal_email: true
"""
MORE = """\
signatures: [{name: house, text: "{agent_name}"}]
canned_answers: [{name: refund, language: de, text: "{customer_name}"}]
"""


def in_force(folder: Path, channel: str) -> InForce:
    text = tenant(channel=channel, agent="    personal_address: anna@example.org\n", more=MORE)
    text = text.replace("from_address:", "identities: [example.org]\n    from_address:")
    found = load(write(folder, text))
    assert found.generation is not None, found.problems
    return InForce(found.generation, TurnableClock())


def rules(folder: Path, channel: str) -> SendingRules:
    return sending_rules(in_force(folder, channel), RING, "acme", "support")


def test_a_channel_sends_as_its_settings_say(tmp_path: Path) -> None:
    found = rules(tmp_path, CHANNEL)
    anna = found.hand_of("anna")
    assert (anna.name, anna.personal, anna.is_preset) == ("Anna", "anna@example.org", True)
    assert anna.signature == Words(text="{agent_name}")
    assert (found.reply_to, found.subject_tag) == ("desk@example.org", True)
    assert [(one.name, one.language) for one in found.canned] == [("refund", "de")]
    assert "anna@example.org" in found.own_addresses
    assert found.hand_of("removed").name == "removed"


def test_unless_they_say_it_nothing_is_added(tmp_path: Path) -> None:
    found = rules(tmp_path, "")
    anna = found.hand_of("anna")
    assert (anna.signature, anna.personal, anna.is_preset) == (None, "", False)
    assert (found.reply_to, found.subject_tag) == ("support@example.org", False)
    assert "anna@example.org" not in found.own_addresses


def test_the_labels_of_a_channel_are_those_of_its_sessions(tmp_path: Path) -> None:
    assert in_force(tmp_path, CHANNEL).policy("acme", "support").labels == ("gold",)
