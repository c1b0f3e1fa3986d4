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
        ("=?utf-8?q?a?=\t=?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a_?= =?utf-8?q?b?=", "a b"),
        ("=?utf-8?q?a=20b__c?=", "a b  c"),
        ("=?utf-8?q?a b?=", "a b"),
        ("=?utf-8?b?YQ?= =?utf-8?b?Yg?=", "ab"),
        ("=?utf-8?b?YQ===?=", "a"),
        ("=?utf-8?b?YWI?= c", "ab c"),
        ("=?utf-8?b?w6?==?utf-8?b?Q=?=", "Ã"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "ä"),
        ("=?utf-8?q?=C3?= x =?utf-8?q?=A4?=", "Ã x ¤"),
        ("=?utf-8?q?=c3=a4?=", "ä"),
        ("=?utf-8?q?100=?=", "100"),
        ("=?utf-8?q?=ZZ?=", "=ZZ"),
        ("=?utf-8?b??=x", "x"),
        ("=?utf-8?q??= y", " y"),
        ("=?utf-8?Q?a?=b", "ab"),
        ("x=?utf-8?q?a?=", "xa"),
        ("(=?utf-8?q?a?=)", "(a)"),
        ("=?iso-2022-jp?b?GyRCJEsbKEI=?= =?iso-2022-jp?b?GyRCJFsbKEI=?=", "にほ"),
        ("=?gb18030?b?gTCBMA==?=", "\x80"),
        ("=?iso-8859-1?q?=93a=94?=", "“a”"),
        ("=?windows-1251?q?=CF=F0?=", "Пр"),
        ("=?utf-8?q?=F0=9F=98?= =?utf-8?q?=80?=", "😀"),
        ("=?utf8?q?=C3=A4?=", "ä"),
        ("=?=?utf-8?q?a?=?=", "=?a?="),
        ("= ?utf-8?q?a?=", "= ?utf-8?q?a?="),
        ("=?utf-8?q?a", "=?utf-8?q?a"),
        ("=??q?a?=", "=??q?a?="),
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
