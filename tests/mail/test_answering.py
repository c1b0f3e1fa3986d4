"""Whom an automatic reply would go to, and what it would need of the mail it answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.answering import Answering, answering, is_same_organisation
from postroom.mail.classify import classify
from tests.mail.mails import IDENTITY, NOW, mail

Change = tuple[str, str | None]


def answering_of(*changes: Change) -> Answering:
    message = mail(*changes)
    return answering(message, classify(message, IDENTITY, NOW, NOW), IDENTITY)


@pytest.mark.parametrize(
    ("reply_to", "recipient"),
    [
        (None, "ann@customer.example"),
        ("ann.bee@customer.example", "ann.bee@customer.example"),
        ("desk@mail.customer.example", "desk@mail.customer.example"),
        ("victim@elsewhere.example", "ann@customer.example"),
        ("victim@notcustomer.example", "ann@customer.example"),
        ("one@customer.example, two@customer.example", "ann@customer.example"),
        ("not an address", "ann@customer.example"),
    ],
)
def test_the_reply_to_is_answered_only_where_it_is_of_the_authors_organisation(
    reply_to: str | None, recipient: str
) -> None:
    assert answering_of(("Reply-To", reply_to)).recipient == recipient


@pytest.mark.parametrize("local", ["postmaster", "MAILER-DAEMON", "owner-l", "l-request", "no-reply", "l-bounces+x=y"])
def test_no_program_list_or_role_is_ever_the_recipient(local: str) -> None:
    assert not answering_of(("Reply-To", f"{local}@customer.example")).recipient
    assert not answering_of(("From", f"{local}@customer.example")).recipient
    form = (("From", "webform@example.org"), ("Reply-To", f"{local}@customer.example"))
    assert not answering_of(*form).recipient


def test_we_never_answer_ourselves() -> None:
    assert not answering_of(("From", "webform@example.org"), ("Reply-To", "help+x@example.org")).recipient


def test_a_listed_form_is_answered_at_its_reply_to() -> None:
    found = answering_of(("From", "webform@example.org"), ("Reply-To", "ann@customer.example"))
    assert (found.recipient, found.why_not) == ("ann@customer.example", "")


@pytest.mark.parametrize("changes", [[("From", None)], [("From", "a@x.example, b@x.example")]])
def test_a_mail_without_one_author_names_nobody(changes: list[Change]) -> None:
    found = answering_of(*changes)
    assert not found.recipient
    assert found.why_not


def test_an_address_that_nothing_can_be_sent_to_is_nobody() -> None:
    assert not answering_of(("From", '"ann bee"@customer.example')).recipient


def test_the_return_path_of_a_service_or_forwarder_is_not_written_to() -> None:
    assert answering_of(("Return-Path", "<0100-abc@bounces.esp.example>")).recipient == "ann@customer.example"


def test_it_keeps_the_thread_and_why_it_is_not_answered() -> None:
    found = answering_of(("References", "<a@x> <b@x>"), ("In-Reply-To", "<b@x>"), ("Precedence", "bulk"))
    assert found.in_reply_to == "1@customer.example"
    assert found.references == ("a@x", "b@x", "1@customer.example")
    assert found.why_not == "bulk: precedence"


def test_a_thread_of_thousands_is_kept_as_its_newest_twenty() -> None:
    many = " ".join(f"<{number}@x>" for number in range(5_000))
    assert answering_of(("References", many)).references[-2:] == ("4999@x", "1@customer.example")
    assert len(answering_of(("References", many)).references) == 20


@pytest.mark.parametrize(
    ("header", "language"),
    [("de", "de"), ("pt-BR, en", "pt-BR"), (" fr ,de", "fr"), ("x" * 300, ""), ("{agent_name}", ""), ("", "")],
)
def test_the_language_is_what_the_mail_says_of_itself(header: str, language: str) -> None:
    assert answering_of(("Content-Language", header)).language == language


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("shop.example", "SHOP.example", True),
        ("mail.shop.example", "shop.example", True),
        ("shop.example", "mail.shop.example", True),
        ("a.shop.example", "b.shop.example", False),
        ("myshop.example", "shop.example", False),
        ("shop.example.evil.example", "shop.example", False),
        ("one.co.uk", "two.co.uk", False),
        ("", "shop.example", False),
        ("shop.example", "", False),
    ],
)
def test_an_organisation_is_a_domain_and_what_is_below_it(one: str, other: str, same: bool) -> None:
    assert is_same_organisation(one, other) is same


@given(st.text(alphabet="ab.", max_size=12), st.text(alphabet="ab.", max_size=12))
def test_being_of_one_organisation_is_mutual(one: str, other: str) -> None:
    assert is_same_organisation(one, other) is is_same_organisation(other, one)
