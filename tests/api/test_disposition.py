"""Names of files, made harmless."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.api.disposition import attachment_disposition
from postroom.mail.file_names import LONGEST, harmless_name

# RFC 6266 §4.1: a quoted-string of plain characters, then the extended value of RFC 8187
FIELD = re.compile(r"attachment; filename=\"([ !#-\[\]-~]+)\"; filename\*=UTF-8''([A-Za-z0-9!#$&+\-.^_`|~%]+)")


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("Rechnung für Zoë.pdf", "Rechnung für Zoë.pdf"),
        ("報告書.docx", "報告書.docx"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\cmd.exe", "cmd.exe"),
        ("/etc/shadow", "shadow"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("a\r\nSet-Cookie: x=1", "a Set-Cookie_ x=1"),
        ("a\x00b.txt", "ab.txt"),
        ('quo"te.txt', "quo_te.txt"),
        ("semi;colon.txt", "semi;colon.txt"),
        ("per%cent%22.txt", "per_cent_22.txt"),
        ("star*q?.txt", "star_q_.txt"),
        ("\u202efdp.exe", "fdp.exe"),
        ("in\u202evoice\u202c.exe", "invoice.exe"),
        ("\u2066a\u2069.txt", "a.txt"),
        ("a\u2028b.txt", "ab.txt"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ("con", "_con"),
        ("CON.txt", "_CON.txt"),
        ("nul .txt", "_nul .txt"),
        ("com1.log", "_com1.log"),
        ("LPT9", "_LPT9"),
        ("common.txt", "common.txt"),
        ("", "attachment"),
        (".", "attachment"),
        ("..", "attachment"),
        ("   ", "attachment"),
        ("\x00", "attachment"),
        ("folder/", "attachment"),
        (".htaccess", "htaccess"),
        ("trailing. ", "trailing"),
        ("a  b\tc.txt", "a b c.txt"),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_a_name_loses_what_could_do_harm(name: str, harmless: str) -> None:
    assert harmless_name(name) == harmless


def test_a_long_name_keeps_its_extension() -> None:
    found = harmless_name("ü" * 400 + ".pdf")
    assert found.endswith("ü.pdf")
    assert len(found.encode()) <= LONGEST


def test_a_long_name_without_an_extension_is_cut() -> None:
    assert harmless_name("x" * 400) == "x" * LONGEST
    assert len(harmless_name("a." + "x" * 400).encode()) <= LONGEST


@given(st.text(max_size=400))
def test_no_name_breaks_out_of_its_field_or_its_folder(name: str) -> None:
    match = FIELD.fullmatch(attachment_disposition(name))
    assert match is not None
    harmless = unquote(match.group(2))
    assert harmless == harmless_name(name)
    assert 1 <= len(harmless.encode()) <= LONGEST
    assert not set(harmless) & set('/\\"\r\n\x00')
    assert harmless not in {".", ".."}


@given(st.text(max_size=400))
def test_a_harmless_name_stays_as_it_is(name: str) -> None:
    once = harmless_name(name)
    assert harmless_name(once) == once
