from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.routing.blocklist import Blocklist

LIST = Blocklist.of(
    ("Mallory@Evil.example", "anna@straße.example"), ("spam.example", "@Ads.example"), (r"^noise\d+@", "lottery")
)


@pytest.mark.parametrize(
    ("address", "entry"),
    [
        ("mallory@evil.example", "mallory@evil.example"),
        ("MALLORY@EVIL.EXAMPLE", "mallory@evil.example"),
        ("x@spam.example", "spam.example"),
        ("x@mail.of.SPAM.example", "spam.example"),
        ("x@ads.example", "ads.example"),
        ("Noise12@friend.example", r"^noise\d+@"),
        ("the-lottery@friend.example", "lottery"),
    ],
)
def test_who_is_listed_is_named_with_the_entry(address: str, entry: str) -> None:
    assert LIST.entry(address) == entry
    assert LIST.entry_of_any(("ann@friend.example", address)) == entry


@pytest.mark.parametrize(
    "address",
    [
        "ann@friend.example",
        "mallory@friend.example",
        "x@notspam.example",
        "spam.example@friend.example",
        "anna@strasse.example",
        "a-noise1@friend.example",
        "",
        "@",
    ],
)
def test_who_only_resembles_an_entry_is_not_listed(address: str) -> None:
    assert LIST.entry(address) == ""
    assert LIST.entry_of_any((address,)) == ""


@given(st.text(max_size=400))
def test_any_address_is_judged_and_an_empty_list_lists_nobody(address: str) -> None:
    assert isinstance(LIST.entry(address), str)
    assert Blocklist().entry(address) == ""
    assert Blocklist().entry_of_any(()) == ""
