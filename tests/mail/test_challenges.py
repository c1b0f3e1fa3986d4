"""Mails that ask us to prove that a person wrote: none is answered, and no person's mail is taken for one."""

from __future__ import annotations

import pytest

from postroom.mail.classify import Classification, classify
from postroom.mail.mail_class import MailClass, Service
from postroom.mail.parse import parse
from tests.mail.corpus import files, needs_corpus
from tests.mail.mails import IDENTITY, NOW, mail

Change = tuple[str, str | None]
AUTOMATIC = ("Auto-Submitted", "auto-replied")
NULL = ("Return-Path", "<>")
NO_REPLY = ("From", "no-reply@guard.example")

TMDA = (
    "This message was created automatically by mail delivery software (TMDA).\r\n\r\nYour message attached below is"
    " being held because the address <help@example.org> has not been\r\nverified. To release your message for delivery,"
    " please send an empty message to the following address.\r\n"
)
BOXBE = (
    'Hello Support,\r\n\r\nYour message about "My order" was waitlisted.\r\n\r\nPlease add yourself to my Guest List so'
    " your messages will be delivered to my Inbox. Use the link below.\r\n\r\nhttps://www.boxbe.com/crs?confirm=1\r\n"
)
ARREST = (
    "I'm protecting myself from junk mail. Just this once, click the link below so I can receive your emails.\r\n"
    "You won't have to do this again.\r\n\r\nhttps://www.spamarrest.com/a2?x\r\n"
)
LISTED = (
    "I apologize for this automatic reply to your email.\r\n\r\nTo control spam, I now allow incoming messages"
    " only from senders I have approved beforehand.\r\n\r\nTo be added to my list of approved senders, please"
    " fill out the short request form.\r\n"
)
KILLER = "This is the first time you write to me. Your mail is being held. Simply reply, and it will be delivered.\r\n"
GERMAN = "Ihre Nachricht wurde zurückgehalten. Bitte bestätigen Sie, dass Sie der Absender sind.\r\n"
FRENCH = "Votre message a été mis en attente. Cliquez sur le lien pour le confirmer.\r\n"
SPANISH = "Su mensaje ha sido retenido. Haga clic para confirmar.\r\n"
PORTUGUESE = "Para que sua mensagem seja entregue, clique no link.\r\n"
ITALIAN = "Il suo messaggio è in attesa. Faccia clic o cliccare qui: clicca.\r\n"
DUTCH = "Uw bericht wordt vastgehouden. Bevestig uw adres.\r\n"

CHALLENGES: dict[str, tuple[str, tuple[Change, ...]]] = {
    "TMDA, by its address": ("x", (("From", "ann-confirm-1772456280.4711.a1b2c3d4@customer.example"),)),
    "TMDA, answers to its address": ("x", (("Reply-To", "ann+confirm+1772456280.4711.a1b2c3@customer.example"),)),
    "TMDA, by its words": (TMDA, (AUTOMATIC, ("Subject", "Please confirm your message"))),
    "by its subject alone": ("See the picture.", (AUTOMATIC, ("Subject", "Please confirm your message"))),
    "Boxbe": (BOXBE, (("From", "Ann <notify@boxbe.com>"), ("Subject", "Re: My order (Action Required)"))),
    "Spam Arrest": (ARREST, (("From", "ann@spamarrest.com"), ("Subject", "Re: My order (verification required)"))),
    "list of approved senders": (LISTED, (NULL, ("Subject", "Re: My order (automated response)"))),
    "asks to reply": (KILLER, (("Precedence", "bulk"), ("Subject", "Please confirm (conf#abc)"))),
    "no reply": (KILLER, (NO_REPLY,)),
    "by a field of responders": (KILLER, (("X-Autoreply", "yes"),)),
    "German": (GERMAN, (AUTOMATIC,)),
    "French": (FRENCH, (AUTOMATIC,)),
    "Spanish": (SPANISH, (AUTOMATIC,)),
    "Portuguese": (PORTUGUESE, (AUTOMATIC,)),
    "Italian": (ITALIAN, (AUTOMATIC,)),
    "Dutch": (DUTCH, (AUTOMATIC,)),
}

OTHERS: dict[str, tuple[MailClass, str, tuple[Change, ...]]] = {
    "a person who asks us to": (MailClass.HUMAN, "Did it come?", (("Subject", "Please confirm your message"),)),
    "a person who wonders": (MailClass.HUMAN, f"What is this?\r\n\r\n> {KILLER}", (("Subject", "Action required"),)),
    "a person about a parcel": (MailClass.HUMAN, "My parcel is being held. Your mail says: click here.", ()),
    "a person whose envelope sender was blanked": (
        MailClass.NULL_SENDER, "Did it come?", (NULL, ("Subject", "Please confirm your message"))),
    "a person who quotes it unmarked": (MailClass.HUMAN, TMDA, ()),
    "words and subject without a machine": (MailClass.SUSPECT, KILLER, (("Subject", "Verification required"),)),
    "an absence": (MailClass.AUTOMATIC_RESPONSE, "I will read your message on Monday.", (AUTOMATIC,)),
    "a confirmation of receipt": (
        MailClass.AUTOMATIC_RESPONSE, "We have your message. Click here to see it.", (AUTOMATIC,)),
    "an account to be verified": (
        MailClass.AUTOMATIC, "Click to verify your email address.", (NO_REPLY, ("Subject", "Verification required"))),
    "an invitation": (
        MailClass.AUTOMATIC, "The party is being held in May. You are on the guest list. Click.", (NO_REPLY,)),
    "a list that asks its moderator": (
        MailClass.BULK,
        "Your mail to 'Lamps' is being held until the moderator can review it.\r\nhttps://x.example/confirm/lamps/1",
        (("Precedence", "bulk"),)),
    "a list that asks to subscribe": (
        MailClass.HUMAN, "Reply to be subscribed.", (("From", "lamps-confirm+0a1b2c3d@lists.example"),)),
    "a parcel that waits": (MailClass.AUTOMATIC, "Votre colis est en attente. Cliquez ici.", (NO_REPLY,)),
}  # fmt: skip


def judged(body: str, changes: tuple[Change, ...]) -> Classification:
    return classify(mail(*changes, body=body), IDENTITY, NOW, NOW)


@pytest.mark.parametrize(("body", "changes"), CHALLENGES.values(), ids=CHALLENGES)
def test_a_challenge_is_told_apart_filed_and_never_answered(body: str, changes: tuple[Change, ...]) -> None:
    found = judged(body, changes)
    assert (found.kind, found.kind.service, found.answerable) == (MailClass.CHALLENGE, Service.FILED, False)


@pytest.mark.parametrize(("kind", "body", "changes"), OTHERS.values(), ids=OTHERS)
def test_what_only_looks_like_one_is_what_it_is(kind: MailClass, body: str, changes: tuple[Change, ...]) -> None:
    assert judged(body, changes).kind is kind


@needs_corpus
def test_no_mail_of_the_corpus_is_taken_for_one() -> None:
    found = [
        path.name
        for folder in ("bounces", "mail-gem", "mail-parser", "replies-talon", "replies-crisp", "replies-alfonsrv")
        for path in files(folder)
        if classify(parse(path.read_bytes()), IDENTITY, NOW, NOW).kind is MailClass.CHALLENGE
    ]
    assert found == []
