from __future__ import annotations

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.transfer import base64_octets, decode_transfer


def decoded(raw: bytes, encoding: str) -> bytes:
    return b"".join(decode_transfer(raw, 0, len(raw), encoding))


@pytest.mark.parametrize(
    ("raw", "octets"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"aGVsbG8", b"hello"),
        (b"aGVs!!bG8=", b"hello"),
        (b"aGVsbG8=\r\n-- \r\nA footer", b"hello"),
        (b"aGVsbG8h!", b"hello!"),
        (b"a", b""),
        (b"", b""),
    ],
)
def test_base64_gives_what_can_be_read_of_it(raw: bytes, octets: bytes) -> None:
    assert base64_octets(raw) == octets


def test_large_parts_come_in_pieces_and_whole() -> None:
    data = bytes(range(256)) * 20_000
    coded = base64.encodebytes(data)
    assert len(list(decode_transfer(coded, 0, len(coded), "base64"))) > 3
    assert decoded(coded, "base64") == data
    assert decoded(data, "8bit") == data
    printable = binascii.b2a_qp(data[:1_500_000], istext=False)
    assert decoded(printable, "quoted-printable") == data[:1_500_000]


def test_quoted_printable_is_lenient() -> None:
    assert decoded(b"caf=C3=A9=\r\n!=ZZ=", "quoted-printable") == "café!=ZZ".encode()


def test_an_unknown_encoding_leaves_the_octets() -> None:
    assert decoded(b"x=41", "x-nobody") == b"x=41"


def test_uuencoded_text_gives_its_first_file() -> None:
    lines = [binascii.b2a_uu(b"hello world, this is text"), b"`\n"]
    raw = b"intro\r\nbegin 644 a b.txt\r\n" + b"".join(lines).replace(b"\n", b"\r\n") + b"end\r\n"
    assert decoded(raw, "x-uuencode") == b"hello world, this is text"
    assert decoded(b"no file here, begin as you like", "uuencode") == b"no file here, begin as you like"
    assert decoded(b"begin 644 a\n#86)C", "uuencode") == b"abc"
    assert decoded(b"begin 644 a\n#86)CZZ\n\xff\xff\n\nrest", "uuencode") == b"abc"


@given(st.binary(max_size=300), st.sampled_from(["base64", "quoted-printable", "uuencode", "7bit", "x"]))
def test_undoing_an_encoding_never_raises(raw: bytes, encoding: str) -> None:
    assert isinstance(decoded(raw, encoding), bytes)


@given(st.binary(max_size=300), st.integers(1, 80))
def test_base64_is_read_back_however_it_is_wrapped(data: bytes, width: int) -> None:
    coded = base64.b64encode(data)
    wrapped = b"\r\n".join(coded[at : at + width] for at in range(0, len(coded), width))
    assert base64_octets(wrapped) == data


@pytest.mark.parametrize("shift", range(4))
def test_a_line_without_end_is_decoded_in_pieces_and_no_character_is_cut(shift: int) -> None:
    raw = b"x" * shift + b"=41" * 1_500_000
    pieces = list(decode_transfer(raw, 0, len(raw), "quoted-printable"))
    assert len(pieces) > 1
    assert b"".join(pieces) == b"x" * shift + b"A" * 1_500_000
