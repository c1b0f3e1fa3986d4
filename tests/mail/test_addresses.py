from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.addr_spec import ascii_domain, needs_smtputf8, recipient
from postroom.mail.addresses import parse_addresses
from postroom.mail.message import Address


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("ann@x.example", [("ann@x.example", "")]),
        ("Ann Bee <ann@x.example>", [("ann@x.example", "Ann Bee")]),
        ('"Bee, Ann" <ann@x.example>, bob@x.example', [("ann@x.example", "Bee, Ann"), ("bob@x.example", "")]),
        ("ann@x.example (Ann (the) Bee)", [("ann@x.example", "Ann the Bee")]),
        ("<ann@x.example> (Ann)", [("ann@x.example", "Ann")]),
        (
            "Team: ann@x.example, Bob <bob@x.example>; eve@x.example",
            [("ann@x.example", ""), ("bob@x.example", "Bob"), ("eve@x.example", "")],
        ),
        ("undisclosed-recipients:;", []),
        ("ann@x.example; bob@x.example", [("ann@x.example", ""), ("bob@x.example", "")]),
        ("=?utf-8?q?Bee=2C_Ann?= <ann@x.example>", [("ann@x.example", "Bee, Ann")]),
        ('"=?utf-8?b?w4Q=?=" <ann@x.example>', [("ann@x.example", "Ä")]),
        ('"a \\"b\\" c" <ann@x.example>', [("ann@x.example", 'a "b" c')]),
        ('"\\\\" <ann@x.example>', [("ann@x.example", "\\")]),
        ('"a\\\\\\"b" <ann@x.example>', [("ann@x.example", 'a\\"b')]),
        ("<@a.example,@b.example:ann@x.example>", [("ann@x.example", "")]),
        ("Ann ann@x.example", [("ann@x.example", "Ann")]),
        ("a@x.example b@x.example", [("a@x.example b@x.example", "")]),
        ("MAILER-DAEMON", [("MAILER-DAEMON", "")]),
        ("MAILER-DAEMON <>", []),
        ("Ann <ann@x.example> <bob@x.example>", [("ann@x.example", "Ann"), ("bob@x.example", "")]),
        ("Ann <ann@x.example", [("ann@x.example", "Ann")]),
        ("Ann <ann@x.example, bob@x.example", [("ann@x.example", "Ann"), ("bob@x.example", "")]),
        ("ann @ x.example", [("ann @ x.example", "")]),
        ("Ann <ann @x.example>", [("ann@x.example", "Ann")]),
        ("(a\\)b) ann@x.example", [("ann@x.example", "a\\)b")]),
        (",,ann@x.example,", [("ann@x.example", "")]),
        ("Ann: <a:b@x.example>", [("a:b@x.example", "")]),
        ("", []),
    ],
)
def test_address_fields_are_read_as_they_come(value: str, found: list[tuple[str, str]]) -> None:
    assert [(address.addr, address.name) for address in parse_addresses(value)] == found


def test_an_encoded_word_never_makes_another_address_of_it() -> None:
    (smuggled,) = parse_addresses("=?utf-8?q?a=40evil.example=3E?=@x.example")
    assert recipient(smuggled.addr) is None or smuggled.addr.endswith("@x.example")
    (broken,) = parse_addresses("=?utf-8?q?x=0D=0ABcc=3A_v=40e.example?= <c@x.example>")
    assert (broken.addr, "\n" in broken.name) == ("c@x.example", False)


def test_an_address_that_reads_two_ways_is_nobody_mail_is_sent_to() -> None:
    (odd,) = parse_addresses("alice@example.org)bob@example.org")
    assert recipient(odd.addr) is None


def test_at_most_the_limit_is_read() -> None:
    assert len(parse_addresses("a@x.example, " * 5_000, 1_000)) == 1_000


@pytest.mark.parametrize(
    "value", ["(" * 50_000, '"' * 50_001, "<" * 50_000, "\\" * 50_001, "a:" * 50_000, '"\\' * 50_000]
)
def test_runs_of_special_characters_are_read_in_one_pass(value: str) -> None:
    assert len(parse_addresses(value)) <= 1_000


@given(st.text(alphabet='ab@.,;:<>()"\\ \t=?é', max_size=80))
def test_reading_addresses_never_raises_and_gives_one_line_each(value: str) -> None:
    for address in parse_addresses(value):
        assert address.addr
        assert "\n" not in address.addr + address.name


@given(st.lists(st.tuples(st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True), st.text(max_size=10))))
def test_quoted_names_cannot_add_or_remove_a_mailbox(mailboxes: list[tuple[str, str]]) -> None:
    def quoted(name: str) -> str:
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'

    value = ", ".join(f"{quoted(name)} <{addr}>" for addr, name in mailboxes)
    assert [address.addr for address in parse_addresses(value)] == [addr for addr, _ in mailboxes]


GOOD = [
    "a@b.co",
    "first.last+tag@sub.example.org",
    "!#$%&'*+-/=?^_`{|}~@x.example",
    "a@xn--mnchen-3ya.de",
    "1@2.example",
]
BAD = [
    "",
    "a",
    "@x.example",
    "a@",
    "a@b",
    "a b@x.example",
    '"a"@x.example',
    "a(c)@x.example",
    "Ann <a@x.example>",
    "<a@x.example>",
    "a@x.example,b@x.example",
    "a@x.example;",
    "grp:a@x.example;",
    "@r.example:a@x.example",
    ".a@x.example",
    "a.@x.example",
    "a..b@x.example",
    "a@.x.example",
    "a@x..example",
    "a@x.example.",
    "a@-x.example",
    "a@x-.example",
    "a@[127.0.0.1]",
    "a@127.0.0.1",
    "a@x_y.example",
    "a@b@x.example",
    "a@x.example\r\nBcc: v@e.example",
    "a\0@x.example",
    "a@x.example\n",
    " a@x.example",
    "a@x.example ",
    "ä@x.example",
    "a@ä.example",
    "a" * 65 + "@x.example",
    "a@" + "x" * 64 + ".example",
    "a@" + "x." * 130 + "example",
    "a\\@x.example",
    "a@x,example",
    "a@x.example>",
    "a\t@x.example",
    "a@x\u3002example",
    "a@\uff58.example",
    "a\u200b@x.example",
    "a@x.exam\u00adple",
    "a\uff20x.example",
    "a@x.ex\u2028ample",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_bare_address_is_a_recipient(text: str) -> None:
    assert recipient(text) == text


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_no_recipient(text: str) -> None:
    assert recipient(text) is None


def test_letters_beyond_ascii_need_smtputf8_and_nothing_invisible_ever_passes() -> None:
    assert recipient("jörg@bücher.example", smtputf8=True) == "jörg@bücher.example"
    assert recipient("用户@例子.广告", smtputf8=True) == "用户@例子.广告"
    hidden = [
        "a\u200b@x.example",
        "a\u202e@x.example",
        "a@x\u3002example",
        "a@\uff58.example",
        "jo\u0308rg@x.example",
        "a@x.exam\u00adple",
        "a@-ü.example",
        "a@ü-.example",
        "ü..a@x.example",
        "ü@x.e\u2028x",
    ]
    assert [text for text in hidden if recipient(text, smtputf8=True)] == []


def test_the_domain_is_in_lower_case_and_the_local_part_as_written() -> None:
    assert recipient("Ann.Bee@EXAMPLE.Org") == "Ann.Bee@example.org"


def test_only_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    assert needs_smtputf8("jörg@x.example")
    assert not needs_smtputf8("a@bücher.example")
    assert ascii_domain("a@bücher.example") == "a@xn--bcher-kva.example"
    assert ascii_domain("a@x.example") == "a@x.example"
    assert ascii_domain("a@" + "ü" * 80 + ".example").endswith("ü.example")


@given(st.text(max_size=60))
def test_the_strict_grammar_never_raises_and_what_it_gives_it_takes_again(text: str) -> None:
    found = recipient(text, smtputf8=True)
    assert found is None or recipient(found, smtputf8=True) == found


def test_address_values_compare_without_case() -> None:
    assert (Address("A@X.Example").key, Address("A@X.Example").domain, Address("x").domain) == (
        "a@x.example",
        "x.example",
        "",
    )
