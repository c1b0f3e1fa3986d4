"""Attempts of a stranger to get into another customer's conversation: none gets in unseen, and none by unsigned words.

Let in with a true token, he is a new participant: no automatic reply, no history, and never an added recipient.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from postroom.mail.message import Message
from postroom.mail.threads import Arrival, Candidate, FoundBy, ThreadKeys, ThreadMatch, match, thread_keys
from postroom.mail.tokens import KeyRing, anchor_message_id, mint_message_id, plus_address
from tests.mail.mails import CONVERSATION, MAIL, NOW, OTHER_CONVERSATION, RING, TENANT, mail

TOKEN = mint_message_id(RING, TENANT, CONVERSATION, MAIL, "example.org")
ANCHOR = anchor_message_id(RING, TENANT, CONVERSATION, "example.org")
LOCAL = TOKEN.partition("@")[0]
BODY, MAC = LOCAL[:-32], LOCAL[-32:]
HERS = "1@customer.example"
"""The Message-ID of the mail by which Ann began; she let others see it."""
MALLORY = "mallory@evil.example"
FOREIGN = mint_message_id(RING, "globex", CONVERSATION, MAIL, "example.org")
REMOVED = mint_message_id(KeyRing("k0", {"k0": b"a key that was removed"}), TENANT, CONVERSATION, MAIL, "x.example")
OTHERS = mint_message_id(RING, TENANT, OTHER_CONVERSATION, MAIL, "x.example")

PLUS = plus_address(RING, TENANT, CONVERSATION, "reply@example.org")
TAG = PLUS.partition("@")[0].partition("+")[2]
OF_OTHERS = plus_address(RING, TENANT, OTHER_CONVERSATION, "r@x.example").partition("@")[0].partition("+")[2]
OF_GLOBEX = plus_address(RING, "globex", CONVERSATION, "r@x.example").partition("@")[0].partition("+")[2]
OF_K0 = plus_address(KeyRing("k0", {"k0": b"a key that was removed"}), TENANT, CONVERSATION, "r@x.example")

FORGED: Mapping[str, str] = {
    "truncated by one": LOCAL[:-1],
    "truncated to 64 bits": LOCAL[:-19],
    "without its MAC": BODY[:-1],
    "an empty MAC": BODY,
    "extended by one": LOCAL + "a",
    "a second MAC": f"{LOCAL}.{MAC}",
    "a word before it": "re." + LOCAL,
    "a guessed MAC": BODY + "a" * 32,
    "the MAC backwards": BODY + MAC[::-1],
    "one character changed": LOCAL[:-1] + ("b" if LOCAL[-1] != "b" else "c"),
    "the MAC of another conversation": BODY + OTHERS.partition("@")[0][-32:],
    "the MAC of the anchor": BODY + ANCHOR.partition("@")[0][-32:],
    "another mail under the same MAC": LOCAL.replace(MAIL, CONVERSATION),
    "the anchor under the mail's MAC": LOCAL.replace(f".{MAIL}.", ".0."),
    "another key id": LOCAL.replace(".k2.", ".k1."),
    "an unknown key id": LOCAL.replace(".k2.", ".k9."),
    "no key id": LOCAL.replace(".k2.", ".."),
    "another tenant's": FOREIGN.partition("@")[0],
    "under a removed key": REMOVED.partition("@")[0],
    "a Cyrillic look-alike": LOCAL.replace(".k2.", ".\u043a2."),
    "full-width letters": LOCAL.replace("k2", "\uff4b\uff12"),
    "a Kelvin sign": LOCAL.replace("k2", "\u212a2"),
    "a soft hyphen in it": LOCAL[:40] + "\u00ad" + LOCAL[40:],
    "an override in it": LOCAL[:40] + "\u202e" + LOCAL[40:],
    "percent-encoded": LOCAL.replace(".", "%2e"),
    "two at-signs": f"x@{LOCAL}",
    "a tag truncated by one": TAG[:-1],
    "a tag truncated to 40 bits": TAG[:-8],
    "a tag without its MAC": TAG[:-17],
    "a tag with an empty MAC": TAG[:-16],
    "a tag extended by one": TAG + "a",
    "a tag with a guessed MAC": TAG[:-16] + "a" * 16,
    "a tag with one character changed": TAG[:-1] + ("b" if TAG[-1] != "b" else "c"),
    "the conversation under another's tag": TAG[:-16] + OF_OTHERS[-16:],
    "a tag with the start of an id's MAC": TAG[:-16] + MAC[:16],
    "a tag with the start of the anchor's MAC": TAG[:-16] + ANCHOR.partition("@")[0][-32:][:16],
    "another tenant's tag": OF_GLOBEX,
    "a tag under a removed key": OF_K0.partition("@")[0].partition("+")[2],
    "a tag with a full-width letter": TAG[:-1] + chr(ord(TAG[-1]) + 0xFEE0),
    "a tag with a second plus": TAG.replace(".", "+"),
    "a tag in quotes": f'"{TAG}"',
}


def world(keys: ThreadKeys, *, tenant: str = TENANT, channel: str = "support") -> tuple[Candidate, ...]:
    """Whatever the mail's keys lead to: Ann's conversation answers to every key that could ever be hers."""
    found = [(FoundBy.TOKEN, token.conversation) for token in keys.tokens if token.conversation == CONVERSATION]
    found += [
        (FoundBy.REFERENCE, one) for one in keys.message_ids if one.isascii() and one.lower() in {HERS, TOKEN, ANCHOR}
    ]
    found += [(FoundBy.EXPECTED, keys.own_id)] if keys.own_id == "expected@customer.example" else []
    found += [(FoundBy.TAG, tag) for tag in keys.tags if tag == "A1B2C3"]
    return tuple(
        Candidate(
            conversation=CONVERSATION,
            key=key,
            found_by=found_by,
            tenant=tenant,
            channel=channel,
            gateway="box",
            participants=frozenset({"ann@customer.example", "anna@strasse.example", "kim@customer.example"}),
            last_mail_at=NOW - timedelta(days=1),
        )
        for found_by, key in found
    )


def judged(message: Message, *, tenant: str = TENANT, channel: str = "support", verified: bool = True) -> ThreadMatch:
    keys = thread_keys(message, RING, TENANT)
    here = Arrival(tenant=TENANT, channel="support", gateway="box", verified=verified)
    return match(keys, world(keys, tenant=tenant, channel=channel), message, here, NOW)


def attack(body: str = "Send it to me.\r\n", **fields: str) -> Message:
    """A stranger's mail with these fields."""
    written = {"From": MALLORY, "Message-ID": "<m@evil.example>"}
    written |= {name.replace("_", "-"): value for name, value in fields.items()}
    return mail(*written.items(), body=body)


PLACES: Mapping[str, str] = {
    "In-Reply-To": "<{}@example.org>",
    "References": "<a@x> <{}@example.org>",
    "To": "reply+{}@example.org",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_token_opens_nothing(forgery: str, place: str) -> None:
    found = judged(attack(**{place: PLACES[place].format(FORGED[forgery])}))
    assert (found.conversation, found.new_participant) == (None, False)


@pytest.mark.parametrize("author", ["ann@customer.example", MALLORY])
@pytest.mark.parametrize("forgery", FORGED)
def test_nor_does_it_for_who_gives_himself_as_the_customer(forgery: str, author: str) -> None:
    assert judged(attack(From=author, In_Reply_To=f"<{FORGED[forgery]}@example.org>")).conversation is None


UNSIGNED: Mapping[str, Mapping[str, str]] = {
    "her Message-ID in In-Reply-To": {"In_Reply_To": f"<{HERS}>"},
    "her Message-ID in References": {"References": f"<{HERS}>"},
    "hers among hundreds": {"In_Reply_To": " ".join(f"<{n}@x>" for n in range(500)) + f" <{HERS}>"},
    "hers before hundreds": {"References": f"<{HERS}> " + " ".join(f"<{n}@x>" for n in range(500))},
    "hers without brackets": {"References": HERS},
    "hers in capitals": {"In_Reply_To": f"<{HERS.upper()}>"},
    "her Message-ID as his own": {"Message_ID": f"<{HERS}>"},
    "the id of a mail of hers still to come": {"Message_ID": "<expected@customer.example>"},
    "the subject alone": {"Subject": "Re: My order"},
    "the tag of the subject": {"Subject": "Re: [#A1B2C3] My order"},
    "a true token in the subject": {"Subject": f"Re: My order {TOKEN}"},
    "a true token in a field nobody reads": {"X_Conversation": f"<{TOKEN}>"},
    "a true token in Thread-Index": {"Thread_Index": TOKEN, "Thread_Topic": TOKEN},
    "a true token in Comments": {"Comments": f"<{TOKEN}>", "Keywords": TOKEN},
    "a true token in Resent-Message-ID": {"Resent_Message_ID": f"<{TOKEN}>"},
    "a true token in Original-Message-ID": {"Original_Message_ID": f"<{TOKEN}>"},
    "a true token in a display name": {"To": f'"{TOKEN}" <help@example.org>'},
    "a true token as a domain": {"To": f"reply@{LOCAL}.example.org"},
    "a true tag in an id": {"In_Reply_To": f"<{TAG}@example.org>"},
    "a true tag behind a minus": {"To": f"reply-{TAG}@example.org"},
    "a true tag in Reply-To": {"Reply_To": PLUS},
    "a true token in Reply-To": {"Reply_To": f"reply+{LOCAL}@example.org"},
    "her name over his address": {"From": f'"ann@customer.example" <{MALLORY}>', "References": f"<{HERS}>"},
    "her address in a comment": {"From": f"{MALLORY} (ann@customer.example)", "References": f"<{HERS}>"},
    "two authors": {"From": f"ann@customer.example, {MALLORY}", "References": f"<{HERS}>"},
    "no author": {"From": "nobody", "References": f"<{HERS}>"},
    "an empty author": {"From": "<>", "References": f"<{HERS}>"},
    "she as the Sender": {"Sender": "ann@customer.example", "References": f"<{HERS}>"},
    "she as the Reply-To": {"Reply_To": "ann@customer.example", "References": f"<{HERS}>"},
    "a Cyrillic a": {"From": "\u0430nn@customer.example", "References": f"<{HERS}>"},
    "her domain as a sub-domain of his": {"From": "ann@customer.example.evil.example", "References": f"<{HERS}>"},
    "a tag on her address": {"From": "ann+x@customer.example", "References": f"<{HERS}>"},
    "a dot in her address": {"From": "a.nn@customer.example", "References": f"<{HERS}>"},
    "a sharp s in the domain": {"From": "anna@stra\u00dfe.example", "References": f"<{HERS}>"},
    "a Kelvin sign in the address": {"From": "\u212aim@customer.example", "References": f"<{HERS}>"},
    "an encoded address": {"From": "=?utf-8?q?ann=40customer.example?= <m@evil.example>", "References": f"<{HERS}>"},
    "a quoted at-sign": {"From": '"ann@customer.example"@evil.example', "References": f"<{HERS}>"},
}


@pytest.mark.parametrize("attempt", UNSIGNED)
def test_without_a_token_of_ours_a_stranger_starts_anew(attempt: str) -> None:
    assert judged(attack(**UNSIGNED[attempt])).conversation is None


@pytest.mark.parametrize(
    "body",
    [
        f"> Message-ID: <{TOKEN}>\r\n",
        f"write to {PLUS}\r\n",
        f"In-Reply-To: <{TOKEN}>\r\n\r\nhello\r\n",
        f"reply+{LOCAL}@example.org\r\n",
    ],
)
def test_what_stands_in_the_text_is_no_key(body: str) -> None:
    assert judged(attack(body)).conversation is None


STOLEN: Mapping[str, Mapping[str, str]] = {
    "in In-Reply-To": {"In_Reply_To": f"<{TOKEN}>"},
    "in References": {"References": f"<{ANCHOR}> <x@y>"},
    "in the address it was sent to": {"To": f"reply+{LOCAL}@example.org"},
    "in a copy's address": {"Cc": f"reply+{LOCAL}@example.org"},
    "in capitals": {"In_Reply_To": f"<{TOKEN.upper()}>"},
    "under another domain": {"In_Reply_To": f"<{LOCAL}@evil.example>"},
    "folded": {"In_Reply_To": f"<{LOCAL[:60]}\r\n {LOCAL[60:]}@example.org>"},
    "with her Message-ID beside it": {"In_Reply_To": f"<{TOKEN}> <{HERS}>"},
    "from her look-alike": {"From": "\u0430nn@customer.example", "In_Reply_To": f"<{TOKEN}>"},
    "from a tag on her address": {"From": "ann+x@customer.example", "In_Reply_To": f"<{TOKEN}>"},
    "from nobody": {"From": "nobody", "In_Reply_To": f"<{TOKEN}>"},
    "as the tag of an address": {"To": PLUS},
    "as the tag of a copy's address": {"Cc": PLUS},
    "as a tag in capitals": {"To": PLUS.upper()},
    "as the tag of any address": {"To": f"whoever+{TAG}@evil.example"},
    "as a tag behind another": {"To": f"reply+x+{TAG}@example.org"},
    "from two authors": {"From": f"ann@customer.example, {MALLORY}", "In_Reply_To": f"<{TOKEN}>"},
}


@pytest.mark.parametrize("attempt", STOLEN)
def test_a_stolen_token_makes_a_new_participant(attempt: str) -> None:
    found = judged(attack(**STOLEN[attempt]))
    assert (found.conversation, found.new_participant) == (CONVERSATION, True)


@pytest.mark.parametrize("attempt", STOLEN)
def test_a_true_token_opens_no_other_tenant_and_no_other_channel(attempt: str) -> None:
    message = attack(**STOLEN[attempt])
    assert judged(message, tenant="globex") == ThreadMatch()
    assert judged(message, channel="sales").conversation is None


@pytest.mark.parametrize("fields", [{"In_Reply_To": f"<{TOKEN}>"}, {"References": f"<{HERS}>"}])
def test_her_own_address_whose_check_failed_is_flagged(fields: Mapping[str, str]) -> None:
    assert judged(attack(From="ann@customer.example", **fields), verified=False).flagged


def test_there_are_more_than_sixty_attempts() -> None:
    assert len(FORGED) + len(UNSIGNED) + len(STOLEN) >= 60
