from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.authentication import Verification, verification
from postroom.mail.classify import ORDER, Classification, classify
from postroom.mail.identity import Identity, SpamHeader
from postroom.mail.mail_class import Caveat, MailClass, Service
from postroom.mail.message import Message
from postroom.mail.parse import header_only, parse
from tests.mail.mails import IDENTITY, NOW, changed, mail, raw_mail


def judged(message: Message, identity: Identity = IDENTITY) -> Classification:
    return classify(message, identity, NOW, NOW)


def test_each_class_is_served_as_the_table_says() -> None:
    by_service = {service: {kind.value for kind in MailClass if kind.service is service} for service in Service}
    assert by_service == {
        Service.STARTS: {"human", "form"},
        Service.BY_CHANNEL: {"list", "bulk", "automatic", "null_sender", "suspect", "malformed"},
        Service.FILED: {"automatic_response", "dsn", "mdn", "arf", "calendar", "challenge", "own", "loop"},
    }


def test_every_class_but_human_has_its_place_in_the_order() -> None:
    assert set(ORDER) == set(MailClass) - {MailClass.HUMAN}
    assert len(ORDER) == len(set(ORDER))


def test_evidence_names_rule_field_and_value() -> None:
    found = judged(mail(("Auto-Submitted", "auto-replied " + "x" * 500)))
    (evidence,) = [item for item in found.evidence if item.header == "Auto-Submitted"]
    assert evidence.rule == "auto-submitted"
    assert len(evidence.value) == 120
    assert "auto-submitted" in found.why_not


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: your order",
        "Out of Office",
        "Out of Office AutoReply: x",
        "AUTO: away",
        "Abwesenheitsnotiz",
        "Réponse automatique : x",
        "Respuesta automática: x",
        "Risposta automatica: x",
        "Resposta automática: x",
        "Automatisch antwoord: x",
        "Autosvar: x",
        "Automatiskt svar: x",
        "Automaattinen vastaus: x",
        "Odpowiedź automatyczna: x",
        "Automatická odpověď: x",
        "Automatikus válasz: x",
        "Răspuns automat: x",
        "Otomatik yanıt: x",
        "Αυτόματη απάντηση: x",
        "Автоматический ответ: x",
        "Автоответ: x",
        "رد تلقائي: x",
        "自动回复: x",
        "自動返信：x",
        "자동 회신: x",
        "[Automatic reply] x",
        "Undelivered Mail Returned to Sender",
        "Fwd: Returned mail: see transcript for details",
        "Mail delivery failed: returning message to sender",
    ],
)
def test_subjects_of_machines_in_many_languages_are_suspect(subject: str) -> None:
    found = judged(mail(("Subject", subject)))
    assert (found.kind, found.answerable) == (MailClass.SUSPECT, False)


@pytest.mark.parametrize(
    "subject",
    [
        "Out of office chairs arrived broken",
        "Re: Automatic reply: x",
        "Automatic reply function does not work",
        "Abwesenheit",
        "My delivery failure",
        "AW: Abwesenheitsnotiz",
        "Autoreifen",
        "Vacation booking 1234",
        "Auto kaufen",
    ],
)
def test_people_who_write_about_such_things_are_people(subject: str) -> None:
    expected = MailClass.SUSPECT if subject == "Abwesenheit" else MailClass.HUMAN
    assert judged(mail(("Subject", subject))).kind is expected


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("bounces+7@x.example", MailClass.AUTOMATIC),
        ("noreply@x.example", MailClass.AUTOMATIC),
        ("do_not_reply@x.example", MailClass.AUTOMATIC),
        ("orders-no-reply@x.example", MailClass.AUTOMATIC),
        ("news-bounces@x.example", MailClass.LIST),
        ("listserv@x.example", MailClass.LIST),
        ("Mail Delivery Subsystem <x@x.example>", MailClass.DSN),
        ("MAILER-DAEMON <>", MailClass.DSN),
        ("mailer_daemon@x.example", MailClass.DSN),
        ("noreplyson@x.example", MailClass.HUMAN),
        ("reply@x.example", MailClass.HUMAN),
        ("bounceback.boutique@x.example", MailClass.HUMAN),
    ],
)
def test_senders_are_known_by_their_names(sender: str, kind: MailClass) -> None:
    assert judged(mail(("From", sender))).kind is kind


def test_the_envelope_and_the_sender_field_count_too() -> None:
    assert judged(mail(("Return-Path", "<owner-news@x.example>"))).kind is MailClass.LIST
    assert judged(mail(("Sender", "mailer-daemon@x.example"))).kind is MailClass.DSN
    assert judged(mail(("Return-Path", "MAILER-DAEMON"))).kind is MailClass.DSN


def test_a_failure_notice_from_a_postmaster_is_a_bounce() -> None:
    found = judged(mail(("From", "postmaster@x.example"), ("Subject", "Undeliverable: hello")))
    assert (found.kind, found.caveats) == (MailClass.DSN, frozenset({Caveat.NO_ACK}))


def test_a_text_in_which_a_server_refuses_is_suspect() -> None:
    for text in ("host said: 550 5.1.1 <bob@x.example>", "Diagnostic-Code: smtp; x", "550 no such user here, sorry"):
        assert judged(mail(body=text)).kind is MailClass.SUSPECT
    assert judged(mail(body="I paid 550 pounds, and the user unknown to me signed")).kind is MailClass.SUSPECT
    assert judged(mail(body="I paid 550 pounds for it")).kind is MailClass.HUMAN


def test_complaints_are_known_without_their_structure() -> None:
    assert judged(mail(("Feedback-Type", "abuse"))).kind is MailClass.ARF
    assert judged(mail(("Subject", "complaint about message from 192.0.2.1"))).kind is MailClass.ARF


def test_our_own_loop_mark_makes_it_ours() -> None:
    assert judged(mail(("X-Loop", "help@example.org"))).kind is MailClass.OWN


def test_more_than_fifty_hops_are_a_loop_and_a_hundred_references_too_many() -> None:
    raw = b"Received: by x.example; x\r\n" * 51 + raw_mail(changed(()))
    assert judged(parse(raw)).kind is MailClass.LOOP
    found = judged(mail(("References", " ".join(f"<{n}@x>" for n in range(101)))))
    assert (found.kind, found.caveats) == (MailClass.HUMAN, frozenset({Caveat.HOPS}))


def test_responder_fields_are_read_by_value_where_they_have_one() -> None:
    assert judged(mail(("X-Autoreply", "no"))).kind is MailClass.HUMAN
    assert judged(mail(("X-Apple-Action", "vacation"))).kind is MailClass.AUTOMATIC_RESPONSE
    assert judged(mail(("Delivered-To", "autoresponder"))).kind is MailClass.AUTOMATIC_RESPONSE


def test_a_mail_of_which_only_the_header_was_read_is_not_answered() -> None:
    found = judged(header_only(raw_mail(changed(())), "too large"))
    assert (found.kind, found.answerable) == (MailClass.MALFORMED, False)


def test_spam_by_the_gateways_own_mark_is_not_answered() -> None:
    identity = Identity(spam_header=SpamHeader("X-Spam-Flag", "YES"))
    assert judged(mail(("X-Spam-Flag", "yes")), identity).caveats == {Caveat.SPAM}
    assert judged(mail(("X-Spam-Flag", "no")), identity).answerable
    assert judged(mail(("X-Spam-Flag", "yes"))).answerable


def test_invitations_are_filed_and_published_calendars_are_mail() -> None:
    assert judged(mail(("Content-Type", "text/calendar; method=REQUEST"))).kind is MailClass.CALENDAR
    assert judged(mail(("Content-Type", "text/calendar; method=PUBLISH"))).kind is MailClass.HUMAN


def test_a_gateway_may_answer_what_is_not_addressed_to_it() -> None:
    message = mail(("To", "ann@customer.example"))
    assert judged(message).caveats == {Caveat.NOT_ADDRESSED}
    assert judged(message, Identity(own_addresses=("help@example.org",), answer_when_not_addressed=True)).answerable
    assert judged(message, Identity()).answerable
    assert judged(mail(("To", "x@y.example"), ("Resent-To", "Help+7@Example.org"))).answerable


def test_a_form_is_answered_at_its_reply_to_and_only_when_listed() -> None:
    listed = judged(mail(("From", "webform@example.org"), ("Reply-To", "ann@customer.example")))
    assert (listed.answerable, listed.customer and listed.customer.addr) == (True, "ann@customer.example")
    nobody = judged(mail(("From", "webform@example.org")))
    assert (nobody.kind, nobody.answerable, nobody.why_not) == (MailClass.FORM, False, "there is nobody to answer")


def test_a_no_reply_form_of_ours_is_a_form() -> None:
    identity = Identity(own_addresses=("help@example.org",), forms=("no-reply@example.org",))
    found = judged(mail(("From", "no-reply@example.org"), ("Reply-To", "ann@customer.example")), identity)
    assert (found.kind, found.answerable) == (MailClass.FORM, True)


def test_an_author_nothing_can_be_sent_to_is_unverified() -> None:
    assert judged(mail(("From", "ann@[127.0.0.1]"))).caveats == {Caveat.UNVERIFIED}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("mx.example.org; dmarc=pass header.from=x", Verification.PASSED),
        ("mx.example.org 1; spf=pass; dmarc=fail", Verification.FAILED),
        ("MX.example.ORG; DMARC = FAIL (p=reject)", Verification.FAILED),
        ("mx.example.org; dmarc=permerror", Verification.FAILED),
        ("mx.example.org (dmarc=fail); dmarc=none", Verification.UNKNOWN),
        ("mx.example.org; spf=fail", Verification.UNKNOWN),
        ("mx.example.org; dmarc=", Verification.UNKNOWN),
        ("mx.example.org.evil.example; dmarc=pass", Verification.UNKNOWN),
        ("; dmarc=fail", Verification.UNKNOWN),
        ("mx.example.org", Verification.UNKNOWN),
    ],
)
def test_only_the_named_server_is_believed(value: str, found: Verification) -> None:
    assert verification(mail(("Authentication-Results", value)), "mx.example.org") is found
    assert verification(mail(("Authentication-Results", value)), "") is Verification.UNKNOWN


def test_only_the_topmost_result_is_believed() -> None:
    forged = (
        b"Authentication-Results: evil.example; dmarc=fail\r\nAuthentication-Results: mx.example.org; dmarc=pass\r\n"
    )
    assert verification(parse(forged + b"\r\n"), "mx.example.org") is Verification.UNKNOWN
    assert verification(parse(b"\r\n"), "mx.example.org") is Verification.UNKNOWN


def test_age_goes_by_receipt_and_never_by_the_date() -> None:
    message = mail(("Date", "Mon, 1 Jan 2001 00:00:00 +0000"))
    assert judged(message).answerable
    late = classify(message, IDENTITY, NOW - timedelta(hours=24, seconds=1), NOW)
    assert late.caveats == {Caveat.OLD}


def test_a_mail_first_seen_today_that_a_server_stamped_years_ago_is_old() -> None:
    imported = mail(("Received", "from a.example by mx.example.org; Mon, 1 Jan 2024 00:00:00 +0000"))
    assert judged(imported).caveats == {Caveat.OLD}
    tomorrow = mail(("Received", "from a.example by mx.example.org; Tue, 3 Mar 2026 11:59:00 +0000"))
    assert judged(tomorrow).answerable


MARKS = [
    ("Auto-Submitted", "auto-replied"),
    ("Precedence", "bulk"),
    ("Return-Path", "<>"),
    ("List-Id", "<a.b>"),
    ("X-Autoreply", "yes"),
    ("X-Loop", "x@y"),
    ("From", "MAILER-DAEMON@x.example"),
]


@given(
    st.sampled_from(MARKS),
    st.lists(st.tuples(st.from_regex(r"X-[A-Z][a-z]{1,8}", fullmatch=True), st.text(max_size=20))),
)
def test_no_further_field_makes_an_automatic_mail_answerable(
    mark: tuple[str, str], more: list[tuple[str, str]]
) -> None:
    fields = changed([mark]) + [(name, value.encode("ascii", "ignore").decode()) for name, value in more]
    raw = raw_mail([(name, value.replace("\r", "").replace("\n", "")) for name, value in fields])
    assert not judged(parse(raw)).answerable


@given(st.binary(max_size=500))
def test_any_octets_get_one_class_and_a_reason_or_an_answer(raw: bytes) -> None:
    found = judged(parse(raw))
    assert found.kind in MailClass
    assert found.answerable is (found.why_not == "")
