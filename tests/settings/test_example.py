"""The example in config/: valid as it stands, and its mails find their channels."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from postroom.routing.routes import MailFacts, RouteMatch, first_match
from postroom.settings.compile import routes
from postroom.settings.load import load
from postroom.settings.schema import Tenant

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def example() -> Tenant:
    (tenant,) = load(CONFIG).require().tenants
    return tenant


def routed(
    tenant: Tenant, recipient: str, subject: str = "", sender: str = "grace@customer.example", mail_class: str = "human"
) -> RouteMatch | None:
    gateway = "english_in" if recipient.startswith("support") else "german_in"
    facts = MailFacts(
        gateway=gateway, mail_class=mail_class, recipients=(recipient,), senders=(sender,), subject=subject
    )
    return first_match(routes(tenant), facts)


def test_the_example_is_valid_and_warns_of_clear_text_and_open_passwords_only() -> None:
    found = load(CONFIG)
    assert found.problems == ()
    said = {warning.rule for warning in found.warnings}
    assert "password and mails travel in clear text" in said
    assert {rule for rule in said if "may read" not in rule} == {"password and mails travel in clear text"}


def test_the_examples_passwords_and_tokens_are_those_of_the_demonstration(example: Tenant) -> None:
    secrets = [gateway.password for gateway in example.gateways if gateway.password is not None]
    assert [secret.reveal() for secret in secrets] == ["sandbox", "sandbox"]
    for account in ("anna", "bernd"):
        agent = example.agent(account)
        assert agent is not None
        assert agent.token_sha256 == (hashlib.sha256(f"demo-{account}-token".encode()).hexdigest(),)


def test_an_order_goes_before_other_english_mail(example: Tenant) -> None:
    order = routed(example, "support@shop.example", "Where is my order 4711?")
    assert order is not None
    assert (order.name, order.channel, order.priority) == ("orders", "support_en", 10)
    other = routed(example, "support+lamp@shop.example", "The border is 4711 km away")
    assert other is not None
    assert (other.name, other.channel, other.priority) == ("support_en", "support_en", None)


def test_german_mail_takes_the_derived_route(example: Tenant) -> None:
    found = routed(example, "hilfe@shop.example", "Rechnung")
    assert found is not None
    assert (found.name, found.route.automatic) == ("support_de", True)
    assert found.reason == "gateway is german_in and recipient is hilfe@shop.example"


def test_a_suppliers_newsletter_is_filed_and_his_own_mail_is_served(example: Tenant) -> None:
    news = routed(example, "support@shop.example", sender="news@wholesale.example", mail_class="list")
    assert news is not None
    assert (news.action.value, news.channel) == ("file", None)
    letter = routed(example, "support@shop.example", sender="ada@wholesale.example")
    assert letter is not None
    assert letter.channel == "support_en"
