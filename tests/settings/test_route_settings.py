"""Notification routes as they are written: conditions read, refused, and led to channels."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.routing.conditions import TextTest, described
from postroom.settings.compile import routes
from tests.settings.making import CHANNEL, POP3, loaded, rules, tenant, warned

SECOND = CHANNEL.replace("name: support", "name: sales")
TO_SUPPORT = "\n    channel: support\n"


def of(when: str) -> str:
    return tenant(more=f"routes:\n  - name: one\n    when: {when}{TO_SUPPORT}")


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("{recipient: {is: a@b.example}}", "recipient is a@b.example"),
        (
            "{gateway: {is: inbox}, subject: {contains: [x, y]}}",
            "gateway is inbox and (subject contains x or subject contains y)",
        ),
        (
            "{all: [{sender: {domain: '@b.example'}}, {not: {size: {over: 5MB}}}]}",
            "sender is in domain b.example and not (size is over 5242880 octets)",
        ),
        (
            "{any: [{class: {in: [list, bulk]}}, {has_attachment: true}]}",
            "((class is list or class is bulk) or has an attachment)",
        ),
        ("{header: {name: X-Brand, matches: '^ac.e$'}}", "header X-Brand matches ^ac.e$"),
        ("{subject: {starts_with: a, ends_with: b}}", "subject starts with a and subject ends with b"),
        ("{size: {over: 1kB, under: 2kB}}", "size is over 1024 octets and under 2048 octets"),
        ("{has_attachment: false}", "has no attachment"),
        ("{subject: {is: 4711}}", "subject is 4711"),
    ],
)
def test_a_condition_is_written_short(tmp_path: Path, when: str, words: str) -> None:
    (route, *_) = loaded(tmp_path, of(when)).require().tenants[0].routes
    assert route.when is not None
    assert described(route.when) == words


def test_a_plus_address_is_asked_for_beside_the_comparison(tmp_path: Path) -> None:
    acme = loaded(tmp_path, of("{recipient: {is: a@b.example, plus_address: true}}")).require().tenants[0]
    when = acme.routes[0].when
    assert isinstance(when, TextTest)
    assert when.plus_address


@pytest.mark.parametrize(
    ("when", "key", "words"),
    [
        ("[]", "", "must be a condition"),
        ("{}", "", "must be a condition"),
        ("{colour: {is: red}}", ".colour", "a condition is one of `gateway`, `recipient`"),
        ("{subject: red}", ".subject", "must say how to compare"),
        ("{subject: {}}", ".subject", "must say how to compare"),
        ("{subject: {like: x}}", ".subject.like", "is no way to compare here"),
        ("{subject: {domain: x}}", ".subject.domain", "is no way to compare here"),
        ("{subject: {is: [a, b]}}", ".subject.is", "for several write `in:"),
        ("{subject: {in: a}}", ".subject.in", "must be a list of texts"),
        ("{subject: {in: []}}", ".subject.in", "must be a list of texts"),
        ("{subject: {contains: ''}}", ".subject.contains", "must be a text, and not empty"),
        ("{subject: {contains: [a, [b]]}}", ".subject.contains[1]", "must be a text"),
        ("{subject: {matches: '(?=x)'}}", ".subject.matches", "is not a pattern RE2 can read"),
        ("{header: {is: x}}", ".header.name", "must be the name of a header field"),
        ("{recipient: {is: x, plus_address: 5}}", ".recipient.plus_address", "must be true or false"),
        ("{has_attachment: perhaps}", ".has_attachment", "must be true or false"),
        ("{size: 5MB}", ".size", "must be `{over: 5MB}`"),
        ("{size: {over: lots}}", ".size.over", "must be a size"),
        ("{size: {is: 5}}", ".size.is", "is no way to compare a size"),
        ("{size: {over: 5, under: 6}}", ".size", "no mail can be so small and so large"),
        ("{language: {is: en}}", ".language", "is not detected in this version"),
        ("{any: {subject: {is: x}}}", ".any", "must be a list of conditions"),
        ("{all: []}", ".all", "must be a list of conditions"),
        ("{gateway: {in: [inbox, nowhere]}}", ".gateway.in[1]", "there is no gateway 'nowhere'"),
        ("{class: {is: spam}}", ".class.is", "there is no class of mail 'spam'"),
        (
            "{not: {not: {not: {not: {not: {not: {not: {not: {has_attachment: true}}}}}}}}}",
            ".not" * 8,
            "nest at most 8",
        ),
    ],
)
def test_a_condition_nobody_can_follow_is_refused_where_it_stands(
    tmp_path: Path, when: str, key: str, words: str
) -> None:
    found = loaded(tmp_path, of(when))
    assert words in rules(found).get(f"routes[0].when{key}", "nothing")
    assert len(found.problems) == 1


@pytest.mark.parametrize(
    ("route", "key", "words"),
    [
        ("{name: one}", "channel", "is missing: the channel the mail goes to"),
        ("{name: one, channel: x}", "channel", "there is no channel 'x'"),
        ("{name: one, channel: support, queue: x}", "queue", "there is no queue 'x'"),
        ("{name: one, action: file, channel: support}", "channel", "has no meaning with `action: file`"),
        ("{name: one, action: discard, queue: first_line}", "queue", "has no meaning with `action: discard`"),
        ("{name: one, action: discard, priority: 3}", "priority", "has no meaning with `action: discard`"),
        ("{name: one, channel: support, priority: -1}", "priority", "must be between 0 and 100"),
        ("{name: 1st, channel: support}", "name", "a name has letters"),
        ("{name: one, channel: support, labels: ['']}", "labels[0]", "must have at least 1 characters"),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(tmp_path: Path, route: str, key: str, words: str) -> None:
    found = rules(loaded(tmp_path, tenant(more=f"routes:\n  - {route}\n")))
    assert words in found.get(f"routes[0].{key}", "nothing")


def test_what_stands_after_a_route_for_every_mail_is_warned_of(tmp_path: Path) -> None:
    text = tenant(more="routes:\n  - {name: all, channel: support}\n  - {name: late, action: file}\n")
    assert "is never reached: the route in line" in warned(loaded(tmp_path, text))["routes[1]"]


def test_written_routes_come_before_derived_ones(tmp_path: Path) -> None:
    text = tenant(more="routes:\n  - {name: lists, when: {class: {is: list}}, action: file}\n")
    acme = loaded(tmp_path, text).require().tenants[0]
    assert [(route.name, route.automatic) for route in routes(acme)] == [("lists", False), ("support", True)]


def test_two_channels_that_would_take_all_of_one_gateway_are_refused(tmp_path: Path) -> None:
    (problem,) = loaded(tmp_path, tenant(channel=SECOND)).problems
    assert problem.key == "channels[1].receiving_gateway"
    assert "channel 'sales' and channel 'support' (line 14) would both take every mail" in problem.rule
    assert "give one of them `addresses`" in problem.rule


def test_addresses_or_a_written_route_part_two_channels_of_one_gateway(tmp_path: Path) -> None:
    apart = tenant(channel=SECOND + "    addresses: [sales@example.org]\n")
    assert [route.name for route in routes(loaded(tmp_path, apart).require().tenants[0])] == ["sales", "support"]
    routed = tenant(channel=SECOND, more="routes:\n  - {name: s, when: {subject: {is: buy}}, channel: sales}\n")
    assert [route.name for route in routes(loaded(tmp_path, routed).require().tenants[0])] == ["s", "support"]


def test_an_address_of_two_channels_and_a_channel_no_route_leads_to_are_warned_of(tmp_path: Path) -> None:
    both = "    addresses: [Shared@example.org]\n"
    found = loaded(tmp_path, tenant(channel=both + SECOND + both.lower()))
    assert "goes to channel 'support', which is first" in warned(found)["channels[1].addresses"]
    other = POP3.replace("inbox", "other").replace("support@", "sales@")
    stolen = tenant(
        gateways=other,
        channel=SECOND.replace("inbox", "other"),
        more="routes:\n  - {name: sales, channel: support, when: {gateway: {is: other}}}\n"
        "  - {name: support, channel: support, when: {gateway: {is: inbox}}}\n",
    )
    assert "no route leads to channel 'sales'" in warned(loaded(tmp_path, stolen))["channels[1]"]
