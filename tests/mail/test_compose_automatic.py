"""An automatic reply as bytes: what it must carry (RFC 3834), and what it must never carry (S21)."""

from __future__ import annotations

import email
import email.policy

import pytest
from msgspec import structs

from postroom.mail.answering import Answering, answering
from postroom.mail.automatic_subjects import usual_subject
from postroom.mail.classify import classify
from postroom.mail.compose import compose
from postroom.mail.compose_automatic import AutomaticText, Ours, automatic_mail, in_language
from postroom.mail.identity import Identity
from postroom.mail.message import Address
from postroom.mail.parse import parse
from postroom.mail.tokens import anchor_message_id, mint_message_id, read_token
from tests.mail.mails import CONVERSATION, IDENTITY, MAIL, NOW, RING, TENANT, mail

OURS = Ours(
    from_=Address("help@example.org", "Help"),
    answers_to="help@example.org",
    message_id=mint_message_id(RING, TENANT, CONVERSATION, MAIL, "reply.example.org"),
    anchor=anchor_message_id(RING, TENANT, CONVERSATION, "reply.example.org"),
    date=NOW,
)
TEXT = AutomaticText(language="en", text="Hello from {channel_name}.\n", html="<p>Hello from {channel_name}.</p>")
VALUES = {"channel_name": "<Help & more>"}
EVIL = "Buy at https://evil.example/ now"


def answering_of(*changes: tuple[str, str | None]) -> Answering:
    message = mail(*changes)
    return answering(message, classify(message, IDENTITY, NOW, NOW), IDENTITY)


def composed(text: AutomaticText = TEXT, of: Answering | None = None, *, is_reminder: bool = False) -> bytes:
    found = of or answering_of()
    return compose(automatic_mail(text, VALUES, found, OURS, is_reminder=is_reminder))


def test_it_carries_what_tells_every_machine_not_to_answer() -> None:
    found = email.message_from_bytes(composed(), policy=email.policy.default)
    assert found["Auto-Submitted"] == "auto-replied"
    assert found["X-Auto-Response-Suppress"] == "All"
    assert found["Precedence"] == "bulk"
    assert found["X-Loop"] == "help@example.org"
    assert found["In-Reply-To"] == "<1@customer.example>"
    assert found["References"] == f"<{OURS.anchor}> <1@customer.example>"
    assert read_token(RING, TENANT, found["Message-ID"]) is not None
    assert found["To"] == "ann@customer.example"
    assert (found["Cc"], found["Reply-To"]) == (None, None)


def test_values_are_escaped_for_the_part_they_land_in() -> None:
    found = parse(composed())
    assert found.text.strip() == "Hello from <Help & more>."
    assert (found.html or "").strip() == "<p>Hello from &lt;Help &amp; more&gt;.</p>"


def test_a_text_without_html_is_plain() -> None:
    assert parse(composed(AutomaticText(language="en", text="Hello"))).html is None


def test_nothing_the_sender_wrote_is_in_it() -> None:
    evil = answering_of(
        ("From", f'"{EVIL}" <ann@customer.example>'),
        ("Subject", EVIL),
        ("Reply-To", f'"{EVIL}" <ann.bee@customer.example>'),
        ("Content-Language", EVIL),
    )
    raw = composed(of=evil)
    assert b"evil" not in raw
    found = parse(raw)
    assert found.to == (Address("ann.bee@customer.example"),)


def test_the_references_are_at_most_twenty_and_the_anchor_is_first() -> None:
    many = answering_of(("References", " ".join(f"<{number}@x>" for number in range(200)) + f" <{OURS.anchor}>"))
    references = parse(composed(of=many)).references
    assert len(references) == 20
    assert references[0] == OURS.anchor
    assert references.count(OURS.anchor) == 1
    assert references[-1] == "1@customer.example"


def test_the_subject_never_grows_however_long_two_machines_talk() -> None:
    raw = composed()
    for _ in range(50):
        back = parse(raw)
        raw = composed(of=answering(back, classify(back, Identity(), NOW, NOW), Identity()))
    assert parse(raw).subject == usual_subject("en", is_reminder=False)


def test_another_of_us_does_not_answer_it_and_we_know_it_again() -> None:
    there = parse(composed())
    assert not classify(there, Identity(own_addresses=("ann@customer.example",)), NOW, NOW).answerable
    assert classify(there, IDENTITY, NOW, NOW).kind.value == "own"


@pytest.mark.parametrize(
    ("language", "is_reminder", "subject"),
    [
        ("de-AT", False, "Wir haben Ihre Nachricht erhalten"),
        ("de", True, "Wir warten auf Ihre Antwort"),
        ("tlh", False, "We have received your message"),
    ],
)
def test_a_text_without_a_subject_has_the_usual_one(language: str, is_reminder: bool, subject: str) -> None:
    assert parse(composed(AutomaticText(language=language, text="x"), is_reminder=is_reminder)).subject == subject


def test_a_subject_of_its_own_has_its_names_filled_in() -> None:
    own = AutomaticText(language="en", text="x", subject="{channel_name}: thank you")
    assert parse(composed(own)).subject == "<Help & more>: thank you"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("de", "de"), ("DE-at", "de"), ("pt-BR", "pt-BR"), ("pt", "pt-BR"), ("pt-AO", "pt-BR"), ("fr", "en"), ("", "en")],
)
def test_the_text_is_the_nearest_to_the_language_wanted_else_the_first(wanted: str, found: str) -> None:
    texts = [AutomaticText(language=language, text="x") for language in ("en", "de", "pt-BR")]
    chosen = in_language(texts, wanted)
    assert chosen is not None
    assert chosen.language == found


def test_a_text_for_all_others_goes_before_the_first() -> None:
    texts = [AutomaticText(language=language, text="x") for language in ("de", "")]
    assert in_language(texts, "fr") is texts[1]
    assert in_language(texts, "") is texts[1]
    assert in_language(texts, "de-CH") is texts[0]


def test_where_there_is_no_text_none_is_chosen() -> None:
    assert in_language((), "en") is None


def test_answers_come_where_they_shall() -> None:
    found = answering_of()
    tagged = structs.replace(OURS, answers_to="help+tag@example.org")
    raw = compose(automatic_mail(TEXT, VALUES, found, tagged, is_reminder=False))
    assert [one.addr for one in parse(raw).reply_to] == ["help+tag@example.org"]
    assert parse(composed()).reply_to == ()
