from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.address_key import address_key
from postroom.mail.recipients import Caps, Recipients, check, deduplicated, propose_reply, propose_reply_all
from tests.mail.mails import mail

OWN = ("help@example.org", "sales@example.org")
CAPS = Caps(to=2, cc=1, bcc=0)
ADDRESS = st.from_regex(r"[a-dA-D]@[xy]\.example", fullmatch=True)
LISTS = st.lists(ADDRESS, max_size=8).map(tuple)


def test_recipients_within_the_caps_may_be_used() -> None:
    assert check(Recipients(to=("a@x.example", "b@x.example"), cc=("c@x.example",)), CAPS) == ()


def test_every_breach_is_named_with_its_cap() -> None:
    problems = check(
        Recipients(
            to=tuple(f"{n}@x.example" for n in range(3)), cc=("a@x.example", "b@x.example"), bcc=("c@x.example",)
        ),
        CAPS,
    )
    assert problems == (
        "To: 3 addresses are more than max_recipients allows (2)",
        "Cc: 2 addresses are more than max_cc allows (1)",
        "Bcc: 1 addresses are more than max_bcc allows (0)",
    )


def test_an_address_in_two_fields_counts_once_in_the_first() -> None:
    both = Recipients(to=("a@x.example",), cc=("A@X.example", "b@x.example"), bcc=("b@x.example", "a@x.example"))
    assert deduplicated(both) == Recipients(to=("a@x.example",), cc=("b@x.example",))
    assert check(both, CAPS) == ()


def test_a_mail_to_nobody_and_an_address_that_is_none_are_refused() -> None:
    assert check(Recipients(cc=("a@x.example",)), CAPS) == ("To: a mail needs at least one recipient",)
    (problem,) = check(Recipients(to=("Ann <a@x.example>, b@x.example",)), CAPS)
    assert problem.startswith("To: 'Ann <a@x.example>, b@x.example' is not a bare address")
    assert check(Recipients(to=("jörg@x.example",)), CAPS) == ()
    assert len(check(Recipients(to=("jörg@x.example",)), CAPS, smtputf8=False)) == 1


@given(LISTS, LISTS, LISTS)
def test_deduplication_is_idempotent_keeps_everybody_and_doubles_nobody(
    to: tuple[str, ...], cc: tuple[str, ...], bcc: tuple[str, ...]
) -> None:
    once = deduplicated(Recipients(to=to, cc=cc, bcc=bcc))
    assert deduplicated(once) == once
    folded = [address_key(address) for address in once.everybody]
    assert len(folded) == len(set(folded))
    assert set(folded) == {address_key(address) for address in (*to, *cc, *bcc)}


@given(LISTS, LISTS, LISTS, st.integers(1, 4), st.integers(0, 4), st.integers(0, 4))
def test_what_passes_the_check_is_within_every_cap(
    to: tuple[str, ...], cc: tuple[str, ...], bcc: tuple[str, ...], most_to: int, most_cc: int, most_bcc: int
) -> None:
    wanted = Recipients(to=to, cc=cc, bcc=bcc)
    final = deduplicated(wanted)
    within = 0 < len(final.to) <= most_to and len(final.cc) <= most_cc and len(final.bcc) <= most_bcc
    assert (check(wanted, Caps(to=most_to, cc=most_cc, bcc=most_bcc)) == ()) is within


def test_a_reply_goes_to_the_one_who_wrote() -> None:
    proposal = propose_reply(mail(), OWN)
    assert (proposal.recipients, proposal.warnings) == (Recipients(to=("ann@customer.example",)), ())


def test_reply_to_is_followed_and_another_domain_warned_of() -> None:
    same = propose_reply(mail(("Reply-To", "orders@customer.example")), OWN)
    assert (same.recipients.to, same.warnings) == (("orders@customer.example",), ())
    other = propose_reply(mail(("Reply-To", "eve@elsewhere.example")), OWN)
    assert other.recipients.to == ("eve@elsewhere.example",)
    assert other.warnings == ("the answer goes to eve@elsewhere.example, another domain than the sender's",)


def test_a_reply_to_of_ours_is_left_out_for_the_author() -> None:
    assert propose_reply(mail(("Reply-To", "help@example.org")), OWN).recipients.to == ("ann@customer.example",)


def test_reply_all_adds_the_others_without_us_and_without_any_bcc() -> None:
    message = mail(
        ("To", "Help+7@Example.org, bob@x.example, not an address"),
        ("Cc", "ann@customer.example, eve@x.example"),
        ("Bcc", "hidden@x.example"),
        ("Delivered-To", "also@x.example"),
    )
    assert propose_reply_all(message, OWN).recipients == Recipients(
        to=("ann@customer.example",), cc=("bob@x.example", "eve@x.example")
    )


def test_nobody_to_answer_and_several_authors_are_said() -> None:
    assert propose_reply(mail(("From", None)), OWN).warnings == (
        "the mail does not name one author",
        "the mail names nobody who could be answered",
    )
    assert (
        "the mail does not name one author" in propose_reply(mail(("From", "a@x.example, b@x.example")), OWN).warnings
    )


def test_own_addresses_may_be_any_iterable() -> None:
    message = mail(("Cc", "sales@example.org"))
    assert propose_reply_all(message, iter(OWN)).recipients.cc == ()


PROPOSED = [
    # fields of the mail -> To and Cc of a reply to all, and how many warnings
    ((), ("ann@customer.example",), (), 0),
    ((("Reply-To", "ann@customer.example"),), ("ann@customer.example",), (), 0),
    ((("Reply-To", "ANN@customer.example, ann@customer.example"),), ("ANN@customer.example",), (), 0),
    ((("Reply-To", "eve@elsewhere.example"),), ("eve@elsewhere.example",), (), 1),
    ((("To", "help@example.org, sales@example.org"),), ("ann@customer.example",), (), 0),
    (
        (("To", "help+t@example.org"), ("Cc", "bob@x.example, BOB@X.example")),
        ("ann@customer.example",),
        ("bob@x.example",),
        0,
    ),
    (
        (("To", "bob@x.example"), ("Cc", "bob@x.example, ann@customer.example")),
        ("ann@customer.example",),
        ("bob@x.example",),
        0,
    ),
    ((("List-Post", "<mailto:l@lists.example>"),), ("ann@customer.example",), (), 1),
    ((("List-Id", "<l.lists.example>"), ("Reply-To", "l@lists.example")), ("l@lists.example",), (), 2),
    (
        (("From", "help@example.org"), ("To", "bob@x.example"), ("Cc", "eve@x.example")),
        ("bob@x.example",),
        ("eve@x.example",),
        0,
    ),
    ((("From", "help@example.org"), ("To", "sales@example.org")), (), (), 1),
    ((("Bcc", "spy@x.example"), ("Resent-Bcc", "spy@x.example")), ("ann@customer.example",), (), 0),
    (
        (("To", "team: bob@x.example, eve@x.example;"),),
        ("ann@customer.example",),
        ("bob@x.example", "eve@x.example"),
        0,
    ),
    ((("Cc", '"a, b"@x.example, (c) bob@x.example'),), ("ann@customer.example",), ("bob@x.example",), 0),
    ((("Cc", "bob@b\u00fccher.example"),), ("ann@customer.example",), ("bob@xn--bcher-kva.example",), 0),
]


@pytest.mark.parametrize(("fields", "to", "cc", "warnings"), PROPOSED)
def test_the_proposal_of_a_reply_to_all(
    fields: tuple[tuple[str, str], ...], to: tuple[str, ...], cc: tuple[str, ...], warnings: int
) -> None:
    found = propose_reply_all(mail(*fields), OWN)
    assert (found.recipients.to, found.recipients.cc, found.recipients.bcc) == (to, cc, ())
    assert len(found.warnings) == warnings, found.warnings
    assert propose_reply(mail(*fields), OWN).recipients.to == to


TRICKS = [
    "team: a@x.example, b@x.example;",
    "undisclosed-recipients:;",
    "a@x.example(comment)",
    "(b@x.example)a@x.example",
    "=?utf-8?q?a=40x.example=2C?=b@x.example",
    '"a@x.example, b"@x.example',
    '"a b"@x.example',
    "<a@x.example>",
    "@relay.example:a@x.example",
    "a@x.example,b@x.example",
    "a@x.example;b@x.example",
    "a@x.example b@x.example",
    "a%b@x.example@y.example",
    "a@[127.0.0.1]",
    "a@localhost",
    "a@x.example\n",
    "a\u200b@x.example",
    "a@x\u3002example",
    "a@\uff58.example",
    "a@x.example\0",
    "a..b@x.example",
    ".a@x.example",
    "a@-x.example",
    "a@x..example",
    "a" * 65 + "@x.example",
    "a@" + "x" * 64 + ".example",
    "a@1.2.3.4",
    "",
    "@",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_of_the_grammar_passes_the_caps(trick: str) -> None:
    (problem,) = check(Recipients(to=(trick, "a@y.example")), CAPS)
    assert problem.startswith("To: ")
    assert "is not a bare address" in problem


def test_the_two_spellings_of_a_domain_count_once_and_leave_in_ascii() -> None:
    both = Recipients(to=("a@b\u00fccher.example", "a@xn--bcher-kva.example"))
    assert deduplicated(both).to == ("a@xn--bcher-kva.example",)
