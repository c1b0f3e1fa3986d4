from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.tokens import (
    LONGEST_TAG,
    KeyRing,
    Token,
    anchor_message_id,
    is_forged,
    is_forged_plus_tag,
    mint_message_id,
    plus_address,
    read_plus_tag,
    read_token,
)
from tests.mail.mails import CONVERSATION, MAIL, RING, TENANT

MINTED = mint_message_id(RING, TENANT, CONVERSATION, MAIL, "reply.example.org")


def test_what_is_minted_is_read_back() -> None:
    assert read_token(RING, TENANT, MINTED) == Token(CONVERSATION, MAIL, "k2")
    anchor = anchor_message_id(RING, TENANT, CONVERSATION, "reply.example.org")
    assert read_token(RING, TENANT, anchor) == Token(CONVERSATION, None, "k2")
    assert anchor.startswith(f"{CONVERSATION}.0.k2.")


def test_minting_is_deterministic() -> None:
    assert mint_message_id(RING, TENANT, CONVERSATION, MAIL, "reply.example.org") == MINTED


@pytest.mark.parametrize(
    "written",
    [f"<{MINTED}>", MINTED.upper(), f" <{MINTED}>\r\n", MINTED.partition("@")[0], MINTED.replace("reply.", "x.")],
)
def test_brackets_letter_case_and_a_rewritten_domain_do_not_matter(written: str) -> None:
    assert read_token(RING, TENANT, written) is not None


def test_a_retired_key_still_verifies_and_a_removed_one_does_not() -> None:
    old = mint_message_id(KeyRing("k1", RING.keys), TENANT, CONVERSATION, MAIL, "x.example")
    assert read_token(RING, TENANT, old) is not None
    only_new = KeyRing("k2", {"k2": RING.keys["k2"]})
    assert read_token(only_new, TENANT, old) is None
    assert is_forged(only_new, TENANT, old)


def test_another_tenants_token_is_none_of_ours() -> None:
    assert read_token(RING, "other", MINTED) is None
    assert is_forged(RING, "other", MINTED)


def test_every_changed_character_is_noticed() -> None:
    local = MINTED.partition("@")[0]
    for at, char in enumerate(local):
        changed = local[:at] + ("b" if char != "b" else "c") + local[at + 1 :]
        assert read_token(RING, TENANT, changed) is None, changed


@pytest.mark.parametrize(
    "candidate", ["", "<>", "a@b", MINTED[:-40], MINTED.replace(".k2.", ".."), "x" * 5_000, MINTED + "é"]
)
def test_what_only_resembles_a_token_is_neither_read_nor_forged(candidate: str) -> None:
    assert read_token(RING, TENANT, candidate) is None
    assert not is_forged(RING, TENANT, candidate)


@given(st.text(max_size=200) | st.from_regex(r"[0-9a-z]{26}\.(0|[0-9a-z]{26})\.k[12]\.[a-z2-7]{32}@x", fullmatch=True))
def test_reading_is_total_and_nobody_guesses_a_token(candidate: str) -> None:
    assert read_token(RING, TENANT, candidate) is None


@given(st.text(max_size=20), st.text(max_size=20))
def test_tokens_of_two_tenants_never_pass_for_each_other(one: str, other: str) -> None:
    minted = mint_message_id(RING, one, CONVERSATION, MAIL, "x.example")
    assert (read_token(RING, other, minted) is not None) is (one == other)


@pytest.mark.parametrize("bad", ["", "0", "01JQ0000000000000000000001", "a/b", "x" * 26 + "\n", "0" * 27])
def test_only_ulids_are_minted(bad: str) -> None:
    with pytest.raises(ValueError, match="ULIDs"):
        mint_message_id(RING, TENANT, bad, MAIL, "x.example")


@pytest.mark.parametrize(
    ("current", "keys", "why"),
    [("k2", {"k1": b"x" * 32}, "no key 'k2'"), ("K", {"K": b"x" * 32}, "key id"), ("k", {"k": b"short"}, "shorter")],
)
def test_a_ring_that_cannot_work_is_refused(current: str, keys: dict[str, bytes], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        KeyRing(current, keys)


def tag_of(address: str) -> str:
    return address.rpartition("@")[0].rpartition("+")[2]


def test_an_address_with_a_tag_names_its_conversation_and_keeps_its_mailbox() -> None:
    address = plus_address(RING, TENANT, CONVERSATION, "Help@example.org")
    assert address.startswith(f"Help+{CONVERSATION}.")
    assert address.endswith("@example.org")
    assert len(tag_of(address)) == LONGEST_TAG
    for tag in (tag_of(address), tag_of(address).upper()):
        assert read_plus_tag(RING, TENANT, tag) == Token(CONVERSATION, None, "k2")
        assert not is_forged_plus_tag(RING, TENANT, tag)
        assert is_forged_plus_tag(RING, "other", tag)
    assert read_token(RING, TENANT, tag_of(address)) is None


def test_a_tag_under_a_retired_key_is_still_read_and_one_under_a_removed_key_is_not() -> None:
    old = tag_of(plus_address(KeyRing("k1", RING.keys), TENANT, CONVERSATION, "help@example.org"))
    assert read_plus_tag(RING, TENANT, old) == Token(CONVERSATION, None, "k1")
    assert read_plus_tag(KeyRing("k2", {"k2": RING.keys["k2"]}), TENANT, old) is None


@pytest.mark.parametrize(
    ("local", "has_room"), [("a" * 20, True), ("a" * 21, False), ("ü" * 10, True), ("ü" * 11, False)]
)
def test_a_local_part_without_room_for_a_tag_stays_as_it_is(local: str, has_room: bool) -> None:
    address = plus_address(RING, TENANT, CONVERSATION, f"{local}@example.org")
    assert (address != f"{local}@example.org") is has_room
    assert len(address.rpartition("@")[0].encode()) <= 64


def test_an_id_of_ours_behind_a_plus_is_read_as_what_it_is() -> None:
    local = MINTED.partition("@")[0]
    assert read_plus_tag(RING, TENANT, local) == Token(CONVERSATION, MAIL, "k2")
    assert is_forged_plus_tag(RING, TENANT, local[:-1] + ("b" if local[-1] != "b" else "c"))


@given(st.text(max_size=80) | st.from_regex(r"[0-9a-z]{26}\.[a-z2-7]{16}", fullmatch=True))
def test_no_tag_is_read_that_was_not_minted(tag: str) -> None:
    assert read_plus_tag(RING, TENANT, tag) is None
