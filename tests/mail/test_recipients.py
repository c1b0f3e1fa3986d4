from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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
    folded = [address.casefold() for address in once.everybody]
    assert len(folded) == len(set(folded))
    assert set(folded) == {address.casefold() for address in (*to, *cc, *bcc)}


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
