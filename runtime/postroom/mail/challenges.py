"""The rule for challenges: a filter holds our mail back and writes to us until somebody proves that a person sent it.

Answering one by a program is what a challenge is meant to prevent, and answering it on a customer's behalf confirms
mail that may be forged; so it is filed, and agents see it beside the reply that is held.
"""

from __future__ import annotations

import re

from postroom.mail import automatic_headers, senders
from postroom.mail.mail_class import Case, Finding, MailClass, finding
from postroom.mail.quotes import new_text

_LOOKED_AT = 4_000
# TMDA writes from an address that says when the mail came and proves that the program wrote it.
_CONFIRM_ADDRESS = re.compile(r"[^@]{1,64}[-+]confirm[-+]\d{6,12}\.\d{1,9}\.[0-9a-f]{6,40}")
_URL = re.compile(r"https?://[^\s<>]{1,2000}")
_SUBJECTS = ("please confirm your message", "please confirm (conf#", "confirm your message to ",
             "confirm delivery of your message", "bitte bestätigen sie ihre nachricht",
             "veuillez confirmer votre message", "confirme su mensaje", "confirme sua mensagem")  # fmt: skip
_HINTS = ("verification required", "action required", "sender verification", "verify your message",
          "confirmation required", "confirmation request", "message held")  # fmt: skip
_MAIL = (
    r"(?:your (?:messages?|e-?mails?|mail)|ihre (?:nachricht|e-mail|mail)|votre (?:message|courriel|e-mail)"
    r"|su (?:mensaje|correo)|sua mensagem|seu e-mail|il suo messaggio|uw (?:bericht|e-mail))"
)
_FATE = (
    r"(?:(?:is|are|was|were|been) (?:being )?(?:held|waitlisted|quarantined)|not (?:yet )?been delivered"
    r"|be delivered (?:until|once|after|as soon as|to my)|zurückgehalten|noch nicht zugestellt|en attente|retenue?"
    r"|retenido|retid[ao]|seja entregue|in attesa|vastgehouden)"
)
# Parcels are held too, and meetings: both words are looked for in one breath.
_HELD = re.compile(rf"{_MAIL}\b[^!?]{{0,120}}?\b{_FATE}")
_ALLOWED = (
    "approved senders",
    "senders i have approved",
    "my guest list",
    "so i can receive your",
    "so i may receive your",
)
_ASKED = (
    "confirm", "verif", "authenticate", "prove that you", "click", "reply to this", "simply reply", "hit reply",
    "empty message", "request form", "add yourself", "bestätigen", "klicken", "cliquez", "cliquer", "haga clic",
    "clique", "clicca", "bevestig", "responda",
)  # fmt: skip
_SERVICES = frozenset({"boxbe.com", "spamarrest.com", "knowspam.net", "mailblocks.com", "spamlion.com"})


def challenge(case: Case) -> tuple[Finding, ...]:
    """A machine that asks whoever wrote to it to confirm his mail; without a mark of a machine it is a suspicion."""
    for name, address in _addresses(case):
        if _CONFIRM_ADDRESS.fullmatch(address.rpartition("@")[0]):
            return finding(MailClass.CHALLENGE, "challenge", name, address)
    subject = " ".join(case.message.subject.casefold().split())
    responds, machine = _responds(case), _is_machine(case)
    said = next((phrase for phrase in _SUBJECTS if phrase in subject), "")
    if responds and said:
        return finding(MailClass.CHALLENGE, "challenge", "Subject", said)
    if not (responds or machine or said or any(phrase in subject for phrase in _HINTS)):
        return ()
    held = _held(case)
    kind = MailClass.CHALLENGE if responds or machine else MailClass.SUSPECT
    return finding(kind, "challenge", "", held) if held else ()


def _addresses(case: Case) -> list[tuple[str, str]]:
    message = case.message
    return [("From", one.key) for one in message.from_] + [("Reply-To", one.key) for one in message.reply_to]


def _responds(case: Case) -> bool:
    return bool(automatic_headers.auto_submitted(case) or automatic_headers.responder_fields(case))


def _is_machine(case: Case) -> bool:
    """By signs that a person's mail may bear as well, when servers on the way change it."""
    return bool(
        automatic_headers.precedence(case)
        or senders.null_sender(case)
        or senders.nobody(case)
        or any(address.domain in _SERVICES for address in case.message.from_)
    )


def _held(case: Case) -> str:
    """What says that our mail is held until we do something; none where its own words do not say all of that."""
    text = _URL.sub(" ", new_text(case.message.text[:_LOOKED_AT]).new)
    words = " ".join(text.casefold().split())
    if not any(phrase in words for phrase in _ASKED):
        return ""
    held = _HELD.search(words)
    return held[0] if held else next((phrase for phrase in _ALLOWED if phrase in words), "")
