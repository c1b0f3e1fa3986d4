"""Notification routes: mails and routes in, the first match and its reason out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from postroom.mail.message import Address, Attachment, Header, Message
from postroom.routing.conditions import (
    LONGEST_PATTERN,
    AllOf,
    AnyOf,
    AttachmentTest,
    Condition,
    Evidence,
    Field,
    InvalidPattern,
    NotOf,
    Operator,
    SizeTest,
    TextTest,
    compiled,
    described,
    evidence,
)
from postroom.routing.routes import (
    Action,
    Inlet,
    MailFacts,
    Route,
    clashes,
    derived,
    first_match,
    has_class_condition,
)

GRACES = MailFacts(
    gateway="inbox",
    mail_class="human",
    recipients=("support@shop.example",),
    senders=("grace@customer.example",),
    subject="Where is my Order 4711?",
    size=2000,
)


def facts(**changes: object) -> MailFacts:
    return replace(GRACES, **changes)


def text(field: Field, operator: Operator, *values: str, header: str = "", plus_address: bool = False) -> TextTest:
    return TextTest(field=field, operator=operator, values=values, header=header, plus_address=plus_address)


def route(name: str, when: Condition | None, channel: str = "support") -> Route:
    return Route(name=name, when=when, channel=channel)


def words(condition: Condition, mail: MailFacts) -> str | None:
    found = evidence(condition, mail)
    return found.words if found else None


def test_the_first_route_whose_condition_holds_wins_and_says_why() -> None:
    routes = (
        route("german", TextTest.equal(Field.RECIPIENT, "hilfe@shop.example")),
        replace(
            route("orders", text(Field.SUBJECT, Operator.CONTAINS, "order")),
            queue="orders",
            priority=5,
            labels=("order",),
        ),
        route("all", None),
    )
    found = first_match(routes, facts())
    assert found is not None
    assert (found.name, found.channel, found.action) == ("orders", "support", Action.CHANNEL)
    assert (found.queue, found.priority, found.labels) == ("orders", 5, ("order",))
    assert found.reason == "subject contains order"
    assert not found.overrides_class


def test_a_mail_that_no_route_matches_is_unrouted() -> None:
    assert first_match((route("german", TextTest.equal(Field.GATEWAY, "german")),), facts()) is None
    assert first_match((), facts()) is None


def test_a_route_without_condition_takes_every_mail() -> None:
    found = first_match((route("all", None),), facts())
    assert found is not None
    assert found.reason == "the route takes every mail"


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        (Operator.IS, "where is my order 4711?"),
        (Operator.CONTAINS, "MY ORDER"),
        (Operator.STARTS_WITH, "where"),
        (Operator.ENDS_WITH, "4711?"),
        (Operator.MATCHES, r"order\s+[0-9]{4}"),
    ],
)
def test_texts_compare_without_case(operator: Operator, value: str) -> None:
    assert words(text(Field.SUBJECT, operator, value), facts()) is not None
    assert words(text(Field.SUBJECT, operator, value), facts(subject="Lampe")) is None


def test_names_of_gateways_compare_with_case() -> None:
    assert words(TextTest.equal(Field.GATEWAY, "inbox"), facts()) == "gateway is inbox"
    assert words(TextTest.equal(Field.GATEWAY, "Inbox"), facts()) is None


def test_one_of_several_values_is_enough_and_is_the_one_named() -> None:
    condition = TextTest.equal(Field.SENDER, "ada@customer.example", "GRACE@customer.example")
    assert words(condition, facts()) == "sender is GRACE@customer.example"
    assert described(condition) == "(sender is ada@customer.example or sender is GRACE@customer.example)"


def test_a_plus_address_counts_as_its_mailbox_only_where_that_is_said() -> None:
    mail = facts(recipients=("Support+order@shop.example",))
    exact = TextTest.equal(Field.RECIPIENT, "support@shop.example")
    assert words(exact, mail) is None
    assert words(text(Field.RECIPIENT, Operator.IS, "support@shop.example", plus_address=True), mail) is not None
    assert words(text(Field.RECIPIENT, Operator.IS, "support+order@shop.example", plus_address=True), mail) is not None


def test_a_domain_is_the_whole_of_what_follows_the_last_at_sign() -> None:
    condition = text(Field.SENDER, Operator.DOMAIN, "customer.example")
    assert words(condition, facts()) == "sender is in domain customer.example"
    assert words(condition, facts(senders=("grace@mail.customer.example",))) is None
    assert words(condition, facts(senders=("customer.example",))) is None


def test_a_header_is_compared_decoded_and_in_any_of_its_fields() -> None:
    mail = facts(headers=(Header("X-Brand", "acme"), Header("x-brand", "=?utf-8?q?M=C3=BCller?=")))
    assert words(text(Field.HEADER, Operator.IS, "müller", header="X-Brand"), mail) == "header X-Brand is müller"
    assert words(text(Field.HEADER, Operator.IS, "acme", header="X-Other"), mail) is None


def test_sizes_are_bounds_that_are_not_reached_themselves() -> None:
    assert words(SizeTest(over=1999, under=2001), facts()) == "size is over 1999 octets and under 2001 octets"
    assert words(SizeTest(over=2000), facts()) is None
    assert words(SizeTest(under=2000), facts()) is None
    assert words(SizeTest(under=2001), facts()) == "size is under 2001 octets"


def test_an_attachment_is_asked_for_either_way() -> None:
    assert words(AttachmentTest(wanted=True), facts(has_attachment=True)) == "has an attachment"
    assert words(AttachmentTest(wanted=False), facts()) == "has no attachment"
    assert words(AttachmentTest(wanted=True), facts()) is None
    assert described(AttachmentTest(wanted=True)) == "has an attachment"
    assert described(AttachmentTest(wanted=False)) == "has no attachment"


def test_all_any_and_not_say_in_words_what_held() -> None:
    gateway, subject = TextTest.equal(Field.GATEWAY, "inbox"), text(Field.SUBJECT, Operator.STARTS_WITH, "spam")
    assert (
        words(AllOf(of=(gateway, NotOf(of=subject))), facts()) == "gateway is inbox and not (subject starts with spam)"
    )
    assert words(AnyOf(of=(subject, gateway)), facts()) == "gateway is inbox"
    assert words(AllOf(of=(gateway, subject)), facts()) is None
    assert words(AnyOf(of=(subject,)), facts()) is None
    assert words(NotOf(of=gateway), facts()) is None
    every = AnyOf(of=(AllOf(of=(gateway, subject)), NotOf(of=subject), SizeTest(over=1)))
    assert (
        described(every)
        == "(gateway is inbox and subject starts with spam or not (subject starts with spam) or size is over 1 octets)"
    )


def test_a_match_by_class_may_override_the_class_and_one_by_its_absence_may_not() -> None:
    by_class = route("lists", AllOf(of=(TextTest.equal(Field.CLASS, "list"), TextTest.equal(Field.GATEWAY, "inbox"))))
    found = first_match((by_class,), facts(mail_class="list"))
    assert found is not None
    assert found.overrides_class
    assert has_class_condition(by_class)
    but = route("others", NotOf(of=TextTest.equal(Field.CLASS, "list")))
    found = first_match((but,), facts(mail_class="dsn"))
    assert found is not None
    assert not found.overrides_class
    assert not has_class_condition(but)
    assert not has_class_condition(route("all", None))


def test_one_of_any_that_holds_without_the_class_does_not_override_it() -> None:
    either = route("x", AnyOf(of=(TextTest.equal(Field.CLASS, "list"), TextTest.equal(Field.GATEWAY, "inbox"))))
    found = first_match((either,), facts(mail_class="dsn"))
    assert found is not None
    assert not found.overrides_class
    assert has_class_condition(either)


def test_the_recipients_are_those_of_to_cc_delivered_to_and_x_original_to() -> None:
    message = Message(
        size=100,
        headers=(Header("X-Original-To", "<alias@shop.example>"), Header("X-Original-To", " c@shop.example ")),
        to=(Address("a@shop.example", "A"),),
        cc=(Address("b@shop.example"), Address("a@shop.example")),
        delivered_to=(Address("c@shop.example"),),
        from_=(Address("grace@customer.example"),),
        subject="Hello",
        attachments=(Attachment(index=1, name="logo.png", content_type="image/png", size=10, inline=True),),
    )
    read = MailFacts.of(message, "inbox", "human")
    assert read.recipients == ("a@shop.example", "b@shop.example", "c@shop.example", "alias@shop.example")
    assert read.senders == ("grace@customer.example",)
    assert (read.gateway, read.mail_class, read.size, read.has_attachment) == ("inbox", "human", 100, False)


def test_a_channel_without_route_has_one_from_its_gateway() -> None:
    (made,) = derived((Inlet(channel="support", gateway="inbox"),), ())
    assert (made.name, made.channel, made.automatic) == ("support", "support", True)
    found = first_match((made,), facts())
    assert found is not None
    assert found.reason == "gateway is inbox"


def test_a_derived_route_is_limited_to_the_channels_addresses_with_their_plus_tags() -> None:
    (made,) = derived((Inlet(channel="s", gateway="inbox", addresses=("support@shop.example", "s@shop.example")),), ())
    found = first_match((made,), facts(recipients=("support+4711@shop.example",)))
    assert found is not None
    assert found.reason == "gateway is inbox and recipient is support@shop.example"
    assert first_match((made,), facts(recipients=("sales@shop.example",))) is None


def test_derived_routes_limited_to_addresses_come_before_those_that_take_all() -> None:
    made = derived(
        (Inlet(channel="all", gateway="g"), Inlet(channel="some", gateway="g", addresses=("a@b.example",))), ()
    )
    assert [one.name for one in made] == ["some", "all"]


def test_a_written_route_of_the_channels_name_or_to_the_channel_stands_in_place_of_the_derived_one() -> None:
    inlets = (Inlet(channel="support", gateway="inbox"), Inlet(channel="sales", gateway="other"))
    assert [one.name for one in derived(inlets, (route("mine", None, channel="support"),))] == ["sales"]
    assert [one.name for one in derived(inlets, (route("support", None, channel="sales"),))] == []


def test_two_derived_routes_that_take_all_of_one_gateway_clash() -> None:
    inlets = (
        Inlet(channel="a", gateway="g"),
        Inlet(channel="b", gateway="g"),
        Inlet(channel="c", gateway="h"),
        Inlet(channel="d", gateway="g", addresses=("d@shop.example",)),
    )
    assert clashes(inlets, ()) == (("a", "b"),)
    assert clashes(inlets, (route("x", None, channel="a"),)) == ()


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "(?=x)", r"\1", "a" * (LONGEST_PATTERN + 1)])
def test_what_is_no_pattern_is_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(InvalidPattern, match=r"."):
        compiled(pattern)


def test_a_pattern_that_backtracks_elsewhere_is_linear_here() -> None:
    evil = text(Field.SUBJECT, Operator.MATCHES, r"(a+)+$")
    assert words(evil, facts(subject="a" * 200_000 + "!")) is None


@given(
    st.text(), st.text(min_size=1, max_size=40), st.sampled_from([op for op in Operator if op is not Operator.MATCHES])
)
def test_no_text_of_a_mail_breaks_a_condition(subject: str, value: str, operator: Operator) -> None:
    found = evidence(text(Field.SUBJECT, operator, value), facts(subject=subject))
    assert found is None or isinstance(found, Evidence)


@given(st.text(alphabet=st.characters(codec=None)))
def test_no_text_of_a_mail_breaks_a_pattern(subject: str) -> None:
    condition = text(Field.SUBJECT, Operator.MATCHES, "x|ü")
    holds = evidence(condition, facts(subject=subject)) is not None
    assert holds == any(char in "xXüÜ" for char in subject)


@given(st.lists(st.sampled_from(["list", "human", "dsn"]), min_size=1), st.sampled_from(["list", "human", "dsn"]))
def test_a_condition_and_its_contrary_never_agree(classes: list[str], mail_class: str) -> None:
    condition = TextTest.equal(Field.CLASS, *classes)
    mail = facts(mail_class=mail_class)
    assert (evidence(condition, mail) is None) != (evidence(NotOf(of=condition), mail) is None)
