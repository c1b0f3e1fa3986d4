"""The rule for texts in which a mail server speaks: what bounces without any mark of a bounce have in common."""

from __future__ import annotations

import re

from postroom.mail.mail_class import Case, Finding, MailClass, finding

_LOOKED_AT = 4_000
# RFC 5321 §4.2 and RFC 3463 §2: a refusal's code with its enhanced code.
_CODES = re.compile(r"(?<!\d)5\d\d[ -]#?5\.\d{1,2}\.\d{1,3}(?!\d)")
_CODE = re.compile(r"(?<!\d)55[0-4][ -]")
_FIELDS = re.compile(r"^[> ]{0,6}(?:final-recipient|diagnostic-code|reporting-mta|remote-mta): ", re.MULTILINE)
_MARKS = ("-recipient: ", "-code: ", "-mta: ")
_WORDS = (
    "user unknown", "unknown user", "no such user", "invalid user", "invalid recipient", "mailbox unavailable",
    "mailbox full", "mailbox not found", "undeliverable", "could not be delivered", "couldn't be delivered",
    "not be delivered to", "delivery failed", "delivery has failed", "delivery to the following",
    "did not reach the following", "address rejected", "recipient rejected", "action not taken", "does not exist",
    "quota exceeded",
)  # fmt: skip


def bounce_text(case: Case) -> tuple[Finding, ...]:
    """A refusal in a server's own words is a suspicion: a person may be quoting it, who is served all the same."""
    text = case.message.text[:_LOOKED_AT].casefold()
    # What each pattern cannot do without is looked for first: a text without it, as nearly all are, costs nothing.
    code = _CODES.search(text) if "5." in text else None
    if code is None and any(mark in text for mark in _MARKS):
        code = _FIELDS.search(text)
    if code is None and "55" in text and _spoken(text):
        code = _CODE.search(text)
    return () if code is None else finding(MailClass.SUSPECT, "bounce text", "", code[0])


def refusal_words(text: str) -> str:
    """The words of a refusal in the text, or none."""
    return _spoken(text[:_LOOKED_AT].casefold())


def _spoken(text: str) -> str:
    return next((words for words in _WORDS if words in text), "")
