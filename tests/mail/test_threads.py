from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from postroom.mail.message import DeliveryReport, Message
from postroom.mail.threads import Arrival, Candidate, FoundBy, ThreadKeys, ThreadMatch, match, thread_keys
from postroom.mail.tokens import Token, anchor_message_id, mint_message_id
from tests.mail.mails import CONVERSATION, MAIL, NOW, OTHER_CONVERSATION, RING, TENANT, addresses, mail

TOKEN = mint_message_id(RING, TENANT, CONVERSATION, MAIL, "example.org")
OTHER = mint_message_id(RING, TENANT, OTHER_CONVERSATION, MAIL, "example.org")
ANCHOR = anchor_message_id(RING, TENANT, CONVERSATION, "example.org")
FORGED = TOKEN.replace(CONVERSATION, OTHER_CONVERSATION)
HERE = Arrival(tenant=TENANT, channel="support", gateway="box")
ANN = frozenset({"ann@customer.example"})


def keys(message: Message) -> ThreadKeys:
    return thread_keys(message, RING, TENANT)


def candidate(found_by: FoundBy, key: str, conversation: str = CONVERSATION) -> Candidate:
    return Candidate(
        conversation=conversation,
        key=key,
        found_by=found_by,
        tenant=TENANT,
        channel="support",
        gateway="box",
        participants=ANN,
        last_mail_at=NOW - timedelta(days=1),
    )


def chosen(message: Message, *candidates: Candidate, arrival: Arrival = HERE) -> ThreadMatch:
    return match(keys(message), candidates, message, arrival, NOW)


def test_in_reply_to_comes_before_references_and_newer_before_older() -> None:
    found = keys(mail(("References", f"<{ANCHOR}> <old@x> <{OTHER}> <new@x>"), ("In-Reply-To", f"<{TOKEN}> <irt@x>")))
    assert found.tokens == (
        Token(CONVERSATION, MAIL, "k2"),
        Token(OTHER_CONVERSATION, MAIL, "k2"),
        Token(CONVERSATION, None, "k2"),
    )
    assert found.message_ids == ("irt@x", "new@x", "old@x")
    assert found.forged == 0


def test_forged_tokens_are_counted_and_lead_nowhere() -> None:
    found = keys(mail(("In-Reply-To", f"<{FORGED}>")))
    assert (found.tokens, found.message_ids, found.forged) == ((), (), 1)


def test_a_token_in_a_recipient_is_a_key() -> None:
    local = TOKEN.partition("@")[0]
    found = keys(replace(mail(), to=addresses(f"reply+{local}@in.example.org", f"reply+{FORGED}", "a+b@x.example")))
    assert ([token.conversation for token in found.tokens], found.forged) == ([CONVERSATION], 1)


def test_a_report_is_keyed_by_the_mail_it_returns() -> None:
    report = DeliveryReport(recipients=(), original_message_id=TOKEN, original_references=(ANCHOR, "x@y"))
    found = keys(replace(mail(), report=report))
    assert [token.mail for token in found.tokens] == [MAIL, None]
    assert found.message_ids == ("x@y",)
    assert keys(replace(mail(), report=replace(report, original_message_id=None))).tokens[0].mail is None


def test_the_tag_of_the_subject_is_a_key_of_its_own() -> None:
    assert keys(mail(("Subject", "Re: [#a1b2c3] x [#1] [#TOOLONGTOBEATAG1]"))).tags == ("A1B2C3",)


REPLY = mail(("In-Reply-To", f"<{TOKEN}>"), ("References", "<r@x>"), ("Subject", "Re: x [#A1B2C3]"))
BY_TOKEN = candidate(FoundBy.TOKEN, CONVERSATION)
BY_REFERENCE = candidate(FoundBy.REFERENCE, "r@x")
BY_TAG = candidate(FoundBy.TAG, "A1B2C3")


def test_a_participant_with_a_token_is_threaded_whatever_its_age() -> None:
    found = chosen(REPLY, replace(BY_TOKEN, last_mail_at=NOW - timedelta(days=2_000)))
    assert (found.conversation, found.new_participant, found.flagged) == (CONVERSATION, False, False)


def test_a_stranger_with_a_token_is_a_new_participant() -> None:
    found = chosen(REPLY, replace(BY_TOKEN, participants=frozenset({"bob@x.example"})))
    assert (found.conversation, found.new_participant) == (CONVERSATION, True)
    nobody = replace(REPLY, from_=())
    assert chosen(nobody, BY_TOKEN).new_participant


def test_a_token_of_a_merged_conversation_leads_to_the_one_that_lives_on() -> None:
    merged = candidate(FoundBy.TOKEN, CONVERSATION, OTHER_CONVERSATION)
    assert chosen(REPLY, merged).conversation == OTHER_CONVERSATION


def test_a_failed_check_of_the_sender_flags_what_a_token_threads() -> None:
    assert chosen(REPLY, BY_TOKEN, arrival=replace(HERE, verified=False)).flagged


def test_a_reference_threads_a_participant_for_ninety_days_in_its_gateway() -> None:
    fresh = replace(BY_REFERENCE, last_mail_at=NOW - timedelta(days=90))
    assert chosen(REPLY, fresh).conversation == CONVERSATION
    for changed in (
        replace(fresh, last_mail_at=NOW - timedelta(days=90, seconds=1)),
        replace(fresh, participants=frozenset({"bob@x.example"})),
        replace(fresh, gateway="another"),
    ):
        assert chosen(REPLY, changed) == ThreadMatch(
            evidence="no key carried: the conversations it names are related", related=(CONVERSATION,)
        )


def test_a_tag_threads_a_verified_participant_for_thirty_days() -> None:
    assert chosen(REPLY, BY_TAG).evidence == "the tag in the subject"
    assert chosen(REPLY, BY_TAG, arrival=replace(HERE, verified=False)).conversation is None
    assert chosen(REPLY, replace(BY_TAG, last_mail_at=NOW - timedelta(days=31))).conversation is None
    assert chosen(REPLY, replace(BY_TAG, participants=frozenset())).conversation is None


def test_another_channel_is_a_new_conversation_with_a_link() -> None:
    found = chosen(REPLY, replace(BY_TOKEN, channel="sales"))
    assert (found.conversation, found.related) == (None, (CONVERSATION,))


def test_another_tenant_is_never_seen_and_an_erased_conversation_never_named() -> None:
    nothing = ThreadMatch()
    assert chosen(REPLY, replace(BY_TOKEN, tenant="other")) == nothing
    assert chosen(REPLY, replace(BY_TOKEN, erased=True)) == nothing
    assert chosen(REPLY) == nothing


def test_a_candidate_no_key_of_the_mail_names_is_left_out() -> None:
    assert chosen(mail(), BY_TOKEN, BY_REFERENCE, BY_TAG) == ThreadMatch()


def test_of_tokens_that_disagree_in_reply_to_wins_and_it_is_flagged() -> None:
    message = mail(("In-Reply-To", f"<{TOKEN}>"), ("References", f"<{OTHER}>"))
    found = chosen(message, candidate(FoundBy.TOKEN, OTHER_CONVERSATION, OTHER_CONVERSATION), BY_TOKEN)
    assert (found.conversation, found.flagged, found.related) == (CONVERSATION, True, (OTHER_CONVERSATION,))
    assert "another token" in found.evidence


def test_a_token_beats_a_reference_and_a_reference_a_tag() -> None:
    reference = replace(BY_REFERENCE, conversation=OTHER_CONVERSATION)
    assert chosen(REPLY, BY_TAG, reference, BY_TOKEN).conversation == CONVERSATION
    found = chosen(REPLY, BY_TAG, reference)
    assert (found.conversation, found.related, found.flagged) == (OTHER_CONVERSATION, (CONVERSATION,), False)


def test_what_does_not_carry_gives_way_to_what_does() -> None:
    found = chosen(REPLY, replace(BY_TOKEN, erased=True), BY_REFERENCE)
    assert found.evidence == "a reference to a mail of his"


def test_equal_subjects_and_quoted_ids_never_thread() -> None:
    quoting = mail(("Subject", "Re: My order"), body=f"> Message-ID: <{TOKEN}>\r\n")
    assert keys(quoting) == ThreadKeys(own_id="1@customer.example")


TIES = mail(("In-Reply-To", "<r@x>"), ("Message-ID", "<late@x>"))
HALF = candidate(FoundBy.EXPECTED, "late@x", OTHER_CONVERSATION)


def test_a_late_mail_that_two_conversations_of_the_same_people_name_makes_them_one() -> None:
    found = chosen(TIES, BY_REFERENCE, HALF)
    assert (found.conversation, found.joins) == (CONVERSATION, (OTHER_CONVERSATION,))
    answers_us = mail(("In-Reply-To", f"<{TOKEN}>"), ("Message-ID", "<late@x>"))
    assert chosen(answers_us, BY_TOKEN, HALF).joins == (OTHER_CONVERSATION,)


def test_what_is_of_other_people_or_was_set_apart_or_is_odd_is_only_related() -> None:
    bob = ANN | {"bob@x.example"}
    for first, other, arrival in (
        (BY_REFERENCE, replace(HALF, participants=bob), HERE),
        (replace(BY_REFERENCE, participants=bob), HALF, HERE),
        (BY_REFERENCE, replace(HALF, gateway="another"), HERE),
        (BY_REFERENCE, replace(HALF, channel="sales"), HERE),
        (BY_REFERENCE, replace(HALF, last_mail_at=NOW - timedelta(days=91)), HERE),
        (BY_REFERENCE, replace(HALF, related=CONVERSATION), HERE),
        (replace(BY_REFERENCE, related=OTHER_CONVERSATION), HALF, HERE),
        (BY_REFERENCE, HALF, replace(HERE, verified=False)),
    ):
        found = chosen(TIES, first, other, arrival=arrival)
        assert (found.conversation, found.related, found.joins) == (CONVERSATION, (OTHER_CONVERSATION,), ())


def test_a_stranger_or_tokens_that_disagree_join_nothing() -> None:
    answers_us = mail(("In-Reply-To", f"<{TOKEN}>"), ("References", f"<{OTHER}>"), ("Message-ID", "<late@x>"))
    stranger = replace(BY_TOKEN, participants=frozenset({"bob@x.example"}))
    assert chosen(answers_us, stranger, HALF).joins == ()
    assert chosen(answers_us, BY_TOKEN, candidate(FoundBy.TOKEN, OTHER_CONVERSATION, OTHER_CONVERSATION)).joins == ()
