"""Whatever octets come, they are a mail that was read, and judged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.bounce_recipients import guess_recipients
from postroom.mail.classify import classify
from postroom.mail.limits import LIMITS
from postroom.mail.parse import attachment_bytes, parse
from postroom.mail.threads import thread_keys
from tests.fuzz.mutated import mutated
from tests.mail.mails import IDENTITY, NOW, RING, TENANT

WORDS = st.sampled_from(["a@x.example", "<b@y.example>:", "550 5.1.1 ", "user unknown", "\n", "RCPT TO:", "@", "<"])


@given(mutated() | st.binary(max_size=500))
def test_reading_never_raises_is_bounded_and_says_the_same_twice(raw: bytes) -> None:
    message = parse(raw)
    assert message == parse(raw)
    assert len(message.text.encode("utf-8")) <= 4 * LIMITS.text
    assert len(message.references) <= LIMITS.ids
    assert message.report is None or len(message.report.recipients) <= LIMITS.reported_recipients
    for attachment in message.attachments:
        assert len(attachment_bytes(raw, attachment.index) or b"") == attachment.size


@given(mutated())
def test_every_mail_has_one_class_and_no_token_by_chance(raw: bytes) -> None:
    message = parse(raw)
    judged = classify(message, IDENTITY, NOW, NOW)
    assert judged.answerable is not bool(judged.why_not)
    assert thread_keys(message, RING, TENANT).tokens == ()


@given(st.lists(WORDS | st.text(max_size=10), max_size=60).map("".join))
def test_a_guess_names_only_addresses_that_stand_in_the_text(text: str) -> None:
    for one in guess_recipients(text, frozenset()):
        assert one.address.casefold() in text.casefold()
        assert one.status[:2] in {"2.", "4.", "5."}
