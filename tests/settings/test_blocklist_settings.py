from __future__ import annotations

from pathlib import Path

from tests.settings.making import loaded, rules, tenant, warned


def test_a_blocklist_is_read_and_what_cannot_be_is_named(tmp_path: Path) -> None:
    good = "blocklist: {addresses: [m@evil.example], domains: [spam.example], patterns: ['^noise[0-9]+@']}\n"
    assert not rules(loaded(tmp_path, tenant(more=good)))
    found = rules(
        loaded(tmp_path, tenant(more="blocklist: {addresses: [M <m@x>], domains: [a@b], patterns: ['ok', '(']}\n"))
    )
    assert list(found) == ["blocklist.addresses[0]", "blocklist.domains[0]", "blocklist.patterns[1]"]
    assert "is not a pattern RE2 can read" in found["blocklist.patterns[1]"]


def test_a_tenant_that_lists_itself_is_warned(tmp_path: Path) -> None:
    found = warned(loaded(tmp_path, tenant(more="blocklist: {domains: [example.org]}\n")))
    assert "an address of our own" in found["blocklist"]
