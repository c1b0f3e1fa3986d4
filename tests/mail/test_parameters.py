from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.comments import at_semicolons, without_comments
from postroom.mail.parameters import media_type, parse_parameters


@pytest.mark.parametrize(
    ("value", "head", "parameters"),
    [
        ("text/plain", "text/plain", {}),
        ('Text/Plain; Charset="UTF-8"', "text/plain", {"charset": "UTF-8"}),
        ("a/b; x=\"1;2\"; y='z'", "a/b", {"x": "1;2", "y": "'z'"}),
        ("a/b (comment; x=1); y=2", "a/b", {"y": "2"}),
        ('a/b; x="a(b)"', "a/b", {"x": "a(b)"}),
        ("a/b; x=1; x=2", "a/b", {"x": "1"}),
        ('a/b; x="open', "a/b", {"x": "open"}),
        ('a/b; x="q\\"q"', "a/b", {"x": 'q"q'}),
        ("multipart/mixed boundary=b", "multipart/mixed", {"boundary": "b"}),
        ("a; name*=utf-8'en'%e2%82%ac", "a", {"name": "€"}),
        ("a; name*0*=utf-8''%e2%82; name*1*=%ac; name*2=.txt", "a", {"name": "€.txt"}),
        ("a; name*1=b; name*0=a", "a", {"name": "ab"}),
        ("a; name=plain; name*=utf-8''%C3%A4", "a", {"name": "ä"}),
        ("a; name*=nothing%41", "a", {"name": "nothingA"}),
        ('a; name="=?utf-8?b?4oI=?= =?utf-8?b?rA==?="', "a", {"name": "€"}),
        ("a; n*2=c; n*0=a; n*1=b", "a", {"n": "abc"}),
        ("a; n*0=a; n*2=c", "a", {"n": "ac"}),
        ("a; n*1=b; n*2=c", "a", {"n": "bc"}),
        ("a; n*0=a; n*0=z", "a", {"n": "a"}),
        ("a; n*00=a; n*01=b", "a", {"n": "ab"}),
        ("a; n*0*=utf-8''%C3; n*1*=%A4; n*2=%41", "a", {"n": "ä%41"}),
        ("a; n*0=plain; n*1*=%C3%A4", "a", {"n": "plainä"}),
        ("a; n*0*=iso-8859-1'de'%E4; n*1=\"; b\"", "a", {"n": "ä; b"}),
        ("a; n*=utf-8''%zz%4", "a", {"n": "%zz%4"}),
        ("a; n*=utf-8''%C3", "a", {"n": "Ã"}),
        ("a; n*=''%C3%A4", "a", {"n": "ä"}),
        ("a; n*=utf-8'%C3%A4", "a", {"n": "utf-8'ä"}),
        ("a; n*=utf-8'en'it's", "a", {"n": "it's"}),
        ("a; n*=x-nobody'en'%C3%A4", "a", {"n": "ä"}),
        ("a; n*=utf-7''+ADw-", "a", {"n": "+ADw-"}),
        ("a; n*=gb18030''%C4%E3", "a", {"n": "你"}),
        ("a; n*=\"utf-8''%C3%A4\"", "a", {"n": "ä"}),
        ("a; n*=utf-8''; n=plain", "a", {"n": "plain"}),
        ("a; n*=utf-8''", "a", {"n": ""}),
        ("a; n*=utf-8''%C3%A4; n=plain; n*0=third", "a", {"n": "ä"}),
        ('a; n*0="=?utf-8?q?=C3"; n*1="=A4?="', "a", {"n": "ä"}),
        ('a; n="=?utf-8?q?=C3=A4?= (1).txt"', "a", {"n": "ä (1).txt"}),
        ("a; n==?utf-8?q?=C3=A4?=", "a", {"n": "ä"}),
        ("a; n*=utf-8''a%0d%0ab", "a", {"n": "a b"}),
        ("a; n*x=1", "a", {}),
        ("; x=1", "", {"x": "1"}),
        ("a; flag; =x; *=y", "a", {"": "x"}),
        ("", "", {}),
    ],
)
def test_values_with_parameters_are_read(value: str, head: str, parameters: dict[str, str]) -> None:
    assert parse_parameters(value) == (head, parameters)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text/HTML; charset=x", "text/html"),
        ("text / html", "text/html"),
        ("text", "text/plain"),
        ("", "text/plain"),
        ("/", "text/plain"),
        ("multipart/mixed\tboundary=x", "multipart/mixed"),
    ],
)
def test_what_is_no_media_type_is_plain_text(value: str, kind: str) -> None:
    assert media_type(value) == kind


@pytest.mark.parametrize(
    ("value", "bare"),
    [
        ("no (c)", "no "),
        ("a(b(c)d)e", "ae"),
        ('"(kept)" (gone)', '"(kept)" '),
        ("a(b\\)c)d", "ad"),
        ("a(open", "a"),
        ("a)b(c)", "a)b"),
        ('a("x)y', "ay"),
        ('"a\\"(b)"(c)', '"a\\"(b)"'),
    ],
)
def test_comments_are_taken_out(value: str, bare: str) -> None:
    assert without_comments(value) == bare


@given(st.text(alphabet="ab;=\"()\\*0%'", max_size=100))
def test_reading_parameters_never_raises(value: str) -> None:
    head, parameters = parse_parameters(value)
    assert isinstance(head, str)
    assert all("\n" not in text for text in parameters.values())
    assert isinstance(without_comments(value), str)
    assert "".join(at_semicolons(value)).replace(";", "").count('"') == value.count('"')


def test_too_many_parameters_are_left_unread() -> None:
    assert len(parse_parameters("a;" + ";".join(f"p{n}=1" for n in range(5_000)))[1]) == 100
