from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.address_key import address_key
from postroom.mail.identity import Identity, untagged


def test_letter_case_does_not_matter() -> None:
    assert address_key("Ann.BEE@Customer.Example") == "ann.bee@customer.example"
    assert address_key("MÜLLER@Käse.example") == address_key("müller@kÄSE.example") == "müller@käse.example"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@straße.example", "ann@strasse.example"),
        ("an\u212a@x.example", "ank@x.example"),
        ("mi\u017fs@x.example", "miss@x.example"),
        ("\u0130x@x.example", "ix@x.example"),
        ("\ufb01x@x.example", "fix@x.example"),
        ("\u0430nn@x.example", "ann@x.example"),
    ],
)
def test_addresses_that_only_look_or_fold_alike_are_two(one: str, other: str) -> None:
    assert address_key(one) != address_key(other)


@given(st.text(max_size=60))
def test_the_key_of_a_key_is_itself_and_as_long_as_the_address(text: str) -> None:
    key = address_key(text)
    assert (address_key(key), len(key)) == (key, len(text))
    assert [char.isascii() for char in key] == [char.isascii() for char in text]


def test_nobody_takes_a_look_alike_for_another() -> None:
    ours = Identity(own_addresses=("help@straße.example",), forms=("form@straße.example",))
    assert ours.is_own("HELP+tag@straße.example")
    assert not ours.is_own("help@strasse.example")
    assert not ours.is_form("form@strasse.example")
    both = ("ann@straße.example", "ann@strasse.example")
    assert len({untagged(address) for address in both}) == 2
