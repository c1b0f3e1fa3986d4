"""Texts of mails under the charsets they name rightly, wrongly, or not at all."""

from __future__ import annotations

import codecs

import pytest

from postroom.mail.bodies import UNKNOWN_CHARSET, WRONG_CHARSET
from postroom.mail.parse import parse
from tests.mail.mails import changed, raw_mail

HIDDEN = b"+ADw-script+AD4-"

TEXTS: list[tuple[str, str, bytes, str, str]] = [
    # what                           named             octets                          text           defect
    ("rightly named",                "utf-8",          "Grüße".encode(),               "Grüße",       ""),
    ("in another case, in quotes",   '"Utf-8"',        "Grüße".encode(),               "Grüße",       ""),
    ("with a BOM",                   "utf-8",          codecs.BOM_UTF8 + b"a",         "a",           ""),
    ("with the other BOM",           "utf-16",         "ä".encode("utf-16"),           "ä",           ""),
    ("UTF-16 without BOM",           "utf-16be",       "äb".encode("utf-16-be"),       "äb",          ""),
    ("UTF-16 with BOM, byte order named", "utf-16le",  codecs.BOM_UTF16_LE + b"a\0",   "a",           ""),
    ("UTF-16 cut in a character",    "utf-16le",       b"a\0b",                        "a\ufffd",     WRONG_CHARSET),
    ("UTF-8 that is windows-1252",   "utf-8",          b"Gr\xfc\xdfe",                 "Grüße",       WRONG_CHARSET),
    ("UTF-8 cut in a character",     "utf-8",          "äöüß".encode()[:-1],           "äöü\ufffd",   WRONG_CHARSET),
    ("overlong UTF-8",               "utf-8",          b"\xc0\xbc" + "äöü".encode(), "\ufffd\ufffdäöü", WRONG_CHARSET),
    ("ASCII that is UTF-8",          "us-ascii",       "Grüße".encode(),               "Grüße",       WRONG_CHARSET),
    ("ASCII that is windows-1252",   "us-ascii",       b"Gr\xfc\xdfe \x80",            "Grüße €",     WRONG_CHARSET),
    ("nothing named, UTF-8",         "",               "Grüße".encode(),               "Grüße",       WRONG_CHARSET),
    ("nothing named, windows-1252",  "",               b"Gr\xfc\xdfe",                 "Grüße",       WRONG_CHARSET),
    ("nothing named, plain",         "",               b"hello",                       "hello",       ""),
    ("Latin 1 that is windows-1252", "iso-8859-1",     b"\x93a\x94 \x80",              "“a” €",       ""),
    ("Latin 1 by an old name",       "iso_8859-1",     b"\xe9",                        "é",           ""),
    ("Latin 5 that is windows-1254", "iso-8859-9",     b"\xfe\x93",                    "ş“",          ""),
    ("no character of windows-1252", "windows-1252",   b"a\x81",                       "a\ufffd",     WRONG_CHARSET),
    ("windows-1250",                 "windows-1250",   "Žluť".encode("cp1250"),        "Žluť",        ""),
    ("windows-1251",                 "cp1251",         "Привет".encode("cp1251"),      "Привет",      ""),
    ("KOI8",                         "koi8-r",         "Привет".encode("koi8-r"),      "Привет",      ""),
    ("gb2312 that is GBK",           "gb2312",         "朱镕基".encode("gbk"),         "朱镕基",      ""),
    ("GB 18030 of four octets",      "gb18030",        "😀".encode("gb18030"),         "😀",          ""),
    ("Big5",                         "big5",           "您好".encode("big5"),          "您好",        ""),
    ("Japanese that shifts",         "iso-2022-jp",    "にほん".encode("iso2022-jp"),  "にほん",      ""),
    ("Japanese of half width",       "iso-2022-jp",    b"\x1b(I1\x1b(B",               "ｱ",           ""),
    ("Japanese of one maker",        "shift_jis",      "①".encode("cp932"),           "①",          ""),
    ("Korean",                       "ks_c_5601-1987", "똠방".encode("cp949"),         "똠방",        ""),
    ("Thai",                         "tis-620",        "สวัสดี".encode("cp874"),         "สวัสดี",        ""),
    ("unknown, plain",               "x-nobody",       b"hello",                       "hello",       UNKNOWN_CHARSET),
    ("unknown, UTF-8",               "x-nobody",       "ü".encode(),                   "ü",           UNKNOWN_CHARSET),
    ("unknown, something else",      "unknown-8bit",   b"\xfc",                        "ü",           UNKNOWN_CHARSET),
    ("UTF-7, which hides markup",    "utf-7",          HIDDEN,                    HIDDEN.decode(), UNKNOWN_CHARSET),
    ("UTF-7 by another name",        "unicode-1-1-utf-7", HIDDEN,                 HIDDEN.decode(), UNKNOWN_CHARSET),
    ("a codec that is no charset",   "rot13",          b"uryyb",                       "uryyb",       UNKNOWN_CHARSET),
    ("a codec that unpacks",         "zlib",           b"x\x9c",                       "xœ",          UNKNOWN_CHARSET),
    ("another codec that is none",   "unicode_escape", rb"\u0041",                     r"\u0041",     UNKNOWN_CHARSET),
]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "octets", "text", "defect"), [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS]
)
def test_a_text_is_read_as_it_was_meant_and_what_is_wrong_is_said(
    label: str, octets: bytes, text: str, defect: str
) -> None:
    kind = f"text/plain; charset={label}" if label else "text/plain"
    message = parse(raw_mail(changed([("Content-Type", kind)]), "") + octets)
    assert (message.text, message.defects) == (text, (defect,) if defect else ())


@pytest.mark.parametrize(
    ("named", "inside", "text"),
    [
        ("", "koi8-r", "Привет"),
        ("koi8-r", "utf-8", "Привет"),
        ("koi8-r", "", "Привет"),
        ("", "utf-7", "ðÒÉ×ÅÔ"),
    ],
)
def test_what_html_says_of_itself_counts_only_where_its_part_says_nothing(named: str, inside: str, text: str) -> None:
    head = f'<meta charset="{inside}"><p>' if inside else "<p>"
    kind = f"text/html; charset={named}" if named else "text/html"
    octets = head.encode() + "Привет".encode("koi8-r")
    assert parse(raw_mail(changed([("Content-Type", kind)]), "") + octets).text == text
