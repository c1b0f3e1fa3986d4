"""Addresses with a tag of ours: that answers to them are routed, stand apart, and fit."""

from __future__ import annotations

from pathlib import Path

from tests.settings.making import loaded, rules, tenant, warned

ROUTE = "routes:\n  - name: to_help\n    channel: support\n    when: {recipient: {is: help@example.org}}\n"


def with_tags(more: str = "", address: str = "help@example.org", domain: str = "example.org") -> str:
    written = f"    plus_address: true\n    reply_domain: {domain}\n"
    text = tenant(channel=f"    addresses: [{address}]\n", more=more)
    return text.replace("    host: smtp.example.org\n", f"    host: smtp.example.org\n{written}")


def test_answers_to_an_address_with_a_tag_must_be_routed_as_the_address_is(tmp_path: Path) -> None:
    found = rules(loaded(tmp_path, with_tags(ROUTE)))
    assert list(found) == ["channels[0].sending_gateway"]
    assert "say `plus_address: true` in the route's condition" in found["channels[0].sending_gateway"]
    assert not rules(loaded(tmp_path, with_tags(ROUTE.replace("org}", "org, plus_address: true}"))))
    assert warned(loaded(tmp_path, with_tags())) == {}


def test_an_address_for_answers_is_better_at_a_domain_of_its_own(tmp_path: Path) -> None:
    assert (
        "serves nothing else"
        in warned(loaded(tmp_path, with_tags(domain="mail.example.org")))["channels[0].sending_gateway"]
    )


def test_an_address_without_room_for_a_tag_is_named(tmp_path: Path) -> None:
    long = "customer-service-of-all@example.org"
    assert "has no room for a tag" in warned(loaded(tmp_path, with_tags(address=long)))["channels[0].sending_gateway"]
