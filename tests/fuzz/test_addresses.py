"""Addresses, encoded words, ids and tokens of any shape: total, bounded, and stable where they are read again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.addr_spec import recipient
from postroom.mail.addresses import parse_addresses
from postroom.mail.encoded_words import decode_words
from postroom.mail.ids import message_ids
from postroom.mail.limits import LIMITS
from postroom.mail.tokens import read_token
from tests.mail.mails import RING, TENANT

PIECES = [
    *'a@.<>,;:"\\() \t\0[]',
    "\r\n ",
    "x.example",
    "=?utf-8?q?",
    "=?iso-2022-jp?b?",
    "=41",
    "?=",
    "\u212a",
    "\u202e",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=60).map("".join)


@given(TEXTS)
def test_a_list_of_addresses_is_read_whatever_it_is(value: str) -> None:
    assert len(parse_addresses(value)) <= LIMITS.addresses


@given(TEXTS)
def test_an_address_that_may_be_written_to_stays_one_and_holds_nothing_that_ends_it(value: str) -> None:
    address = recipient(value, smtputf8=True)
    if address is not None:
        assert recipient(address, smtputf8=True) == address
        assert not set(address) & set('\r\n\0 \t<>,;:()"\\')


@given(TEXTS)
def test_words_are_decoded_and_ids_are_whole_and_none_is_a_token_of_ours(value: str) -> None:
    assert len(decode_words(value)) <= 4 * len(value) + 4
    found = message_ids(value)
    assert len(found) == len(set(found)) <= LIMITS.ids
    assert all(not set(one) & set("<> \r\n\0") for one in found)
    assert read_token(RING, TENANT, value) is None
