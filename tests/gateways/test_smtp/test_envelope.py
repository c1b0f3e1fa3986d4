from __future__ import annotations

import pytest

from postroom.gateways.smtp.envelope import Envelope, Extensions, plan, read_extensions

ALL = Extensions(size=None, size_known=True, eight_bit=True, smtputf8=True)
NONE = Extensions()


def envelope(*recipients: str, **more: object) -> Envelope:
    fields: dict[str, object] = {"sender": "desk@example.com", "size": 100, "recipients": recipients, **more}
    return Envelope(**fields)  # type: ignore[arg-type] # the fields are named by each test


def refusals(asked: Envelope, offered: Extensions) -> dict[str, int]:
    return {result.address: result.code for result in plan(asked, offered).refused}


def test_the_null_sender_is_an_empty_path() -> None:
    assert plan(envelope("a@example.org", sender=""), NONE).mail == (b"FROM:<>",)


def test_mail_says_the_size_only_to_a_server_that_announced_size() -> None:
    assert plan(envelope("a@example.org"), ALL).mail == (b"FROM:<desk@example.com>", b"SIZE=100")
    assert plan(envelope("a@example.org"), NONE).mail == (b"FROM:<desk@example.com>",)


def test_a_mail_over_the_announced_size_is_refused_for_everybody_without_asking() -> None:
    small = Extensions(size=99, size_known=True)
    asked = envelope("a@example.org", "b@example.org")
    assert refusals(asked, small) == {"a@example.org": 552, "b@example.org": 552}
    assert plan(asked, small).recipients == ()
    assert "at most 99" in plan(asked, small).refused[0].words


def test_a_mail_of_exactly_the_announced_size_goes() -> None:
    assert plan(envelope("a@example.org"), Extensions(size=100, size_known=True)).refused == ()


@pytest.mark.parametrize("announced", ["", "0", "-5", "many", "9" * 40, "٣"])
def test_a_size_that_is_no_limit_limits_nothing(announced: str) -> None:
    assert read_extensions({"size": announced}).size is None


def test_only_the_recipient_that_needs_smtputf8_is_refused_where_it_is_not_offered() -> None:
    asked = envelope("plain@example.org", "jürgen@example.org")
    assert refusals(asked, NONE) == {"jürgen@example.org": 553}
    assert plan(asked, NONE).recipients == ("plain@example.org",)


def test_smtputf8_is_asked_for_when_an_address_needs_it() -> None:
    assert b"SMTPUTF8" in plan(envelope("jürgen@example.org"), ALL).mail
    assert b"SMTPUTF8" not in plan(envelope("plain@example.org"), ALL).mail


def test_a_sender_that_needs_smtputf8_refuses_the_whole_mail_where_it_is_not_offered() -> None:
    assert refusals(envelope("a@example.org", sender="büro@example.com"), NONE) == {"a@example.org": 553}


def test_eight_bit_content_needs_8bitmime() -> None:
    asked = envelope("a@example.org", eight_bit_body=True)
    assert refusals(asked, NONE) == {"a@example.org": 554}
    assert b"BODY=8BITMIME" in plan(asked, ALL).mail


def test_a_header_that_is_not_ascii_needs_smtputf8() -> None:
    asked = envelope("a@example.org", eight_bit_body=True, eight_bit_header=True)
    assert refusals(asked, Extensions(eight_bit=True)) == {"a@example.org": 554}
    assert plan(asked, ALL).mail[1:] == (b"SIZE=100", b"BODY=8BITMIME", b"SMTPUTF8")


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "nobody",
        "@example.org",
        "a@",
        "a@example.org>\r\nRCPT TO:<b@evil.example",
        "a@example.org\nDATA",
        "a@example.org\x00",
        "a b@example.org",
        "<a@example.org>",
        "a@example.org> SIZE=1",
        "a\x7f@example.org",
        "a\u2028b@example.org",
        "a\x85b@example.org",
        "\ud800@example.org",
        "a" * 300 + "@example.org",
    ],
)
def test_an_address_that_could_say_more_than_an_address_is_never_sent(hostile: str) -> None:
    asked = envelope(hostile, "good@example.org")
    assert refusals(asked, ALL) == {hostile: 553}
    assert plan(asked, ALL).recipients == ("good@example.org",)
    assert refusals(envelope("good@example.org", sender=hostile or "\r\n"), ALL) == {"good@example.org": 553}
