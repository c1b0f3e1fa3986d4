from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail import charsets


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("gb2312", "朱镕基".encode("gbk"), "朱镕基"),
        ("us-ascii", b"caf\xe9 \x80", "café €"),
        ("us-ascii", "café".encode(), "café"),
        ("iso-8859-1", b"\x93quoted\x94", "“quoted”"),
        ("latin-1", b"\x80", "€"),
        ("shift_jis", "①高".encode("cp932"), "①高"),
        ("ks_c_5601-1987", "똠방".encode("cp949"), "똠방"),
        ("iso-2022-jp", "にほん".encode("iso2022-jp"), "にほん"),
        ("big5", "您好".encode("big5"), "您好"),
        ('"UTF-8"', "ü".encode(), "ü"),
        ("utf-8*de", "ü".encode(), "ü"),
        ("utf-16", "ü".encode("utf-16"), "ü"),
        ("utf-8", b"\xef\xbb\xbfx", "x"),
        ("utf-8", b"gr\xfc\xdfe", "grüße"),
        ("utf-8", "ä€ü".encode() + b"\xff", "ä€ü\ufffd"),
        ("nobody-knows", "ü".encode(), "ü"),
        ("nobody-knows", b"\xfc", "ü"),
        ("", b"plain", "plain"),
    ],
)
def test_text_is_read_under_the_charset_the_mail_means(label: str, data: bytes, text: str) -> None:
    assert charsets.decode(data, label) == text


def test_utf_7_is_refused_and_read_as_what_it_looks_like() -> None:
    assert charsets.codec_of("UTF-7") is None
    assert charsets.decode(b"+ADw-script+AD4-", "utf-7") == "+ADw-script+AD4-"


def test_every_alias_names_a_codec_of_this_python() -> None:
    assert all(b"abc".decode(codec, "replace") for codec in set(charsets._ALIASES.values()))


@given(st.binary(max_size=200), st.sampled_from(sorted(charsets._ALIASES)) | st.text(max_size=20))
def test_decoding_never_raises_and_clean_text_can_be_stored(data: bytes, label: str) -> None:
    text = charsets.clean(charsets.decode(data, label))
    assert text.encode("utf-8").decode("utf-8") == text
    assert not any(char in text for char in "\0\r\x1b")


def test_a_raw_header_may_be_utf_8_or_what_old_mailers_wrote() -> None:
    assert charsets.decode_header("Jörg".encode()) == "Jörg"
    assert charsets.decode_header(b"J\xf6rg") == "Jörg"


def test_one_line_holds_no_line_end_and_no_control() -> None:
    assert charsets.one_line("a\r\n\tb\0 \x1bc  d") == "a b c d"


def test_a_lone_surrogate_is_shown_as_what_cannot_be_read() -> None:
    assert charsets.clean("a\ud800b\n") == "a\ufffdb\n"
