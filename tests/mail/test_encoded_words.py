from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.encoded_words import decode_words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?caf=C3=A9_au_lait?=", "café au lait"),
        ("=?UTF-8?B?4oI=?= =?utf-8?b?rA==?=", "€"),
        ("=?utf-8?b?4oI=?=\r\n =?utf-8?b?rA==?= x", "€ x"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= =?iso-8859-1?q?=E4?=", "aä"),
        ("=?utf-8?q?a?= and =?utf-8?q?b?=", "a and b"),
        ("a =?us-ascii?q?=E4?=", "a ä"),
        ("=?utf-8?b?YWJ?=", "ab"),
        ("=?utf-8?b?Y!W#J*j?=", "abc"),
        ("=?utf-8*en?q?a?=", "a"),
        ("=?gb2312?B?1uzpRrv5?=", "朱镕基"),
        ("=?x-unknown?q?=C3=A9?=", "é"),
        ("=?utf-8?q?what? why?=", "what? why"),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-7?q?+ADw-?=", "+ADw-"),
        ('"=?utf-8?q?=C3=A4?="', '"ä"'),
    ],
)
def test_words_are_read_as_mail_programs_mean_them(value: str, text: str) -> None:
    assert decode_words(value) == text


def test_twenty_thousand_words_that_split_every_character_are_joined() -> None:
    halves = [base64.b64encode(bytes([octet])).decode() for octet in "é".encode() * 10_000]
    value = " ".join(f"=?utf-8?b?{half}?=" for half in halves)
    assert decode_words(value) == "é" * 10_000


def test_a_hundred_thousand_openings_without_an_end_are_left_as_they_are() -> None:
    value = "=?utf-8?q?a " * 100_000
    assert decode_words(value) == value


@given(st.text())
def test_reading_words_never_raises(value: str) -> None:
    assert isinstance(decode_words(value), str)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1))
def test_what_is_coded_in_pieces_of_any_size_is_read_back(text: str) -> None:
    octets = text.encode()
    words = [f"=?utf-8?b?{base64.b64encode(octets[at : at + 3]).decode()}?=" for at in range(0, len(octets), 3)]
    assert decode_words(" ".join(words)) == text.removeprefix("\ufeff")
