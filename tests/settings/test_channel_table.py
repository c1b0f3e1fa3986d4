"""Every rule of a channel and what stands around it, broken once: one problem, at the right key, in these words."""

# ruff: noqa: E501 a message stands on one line, as people read it
from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.settings.making import CHANNEL, loaded, rules, tenant, warned

SALES = CHANNEL.replace("support", "sales")
ROBOT = "    robot: faq\n    transfer_keywords: [human]\n"
ROBOTS = "robots:\n  - {name: faq, kind: openai, url: 'https://chat.example', model: small}\n"
REMIND = "    no_customer_reply: {end_after: 60m, remind_after: %s, remind_with: {en: Still there?}}\n"


@dataclass(frozen=True, kw_only=True)
class Broken:
    """What is written below the first channel, the first queue and elsewhere; `swap` replaces a text by another."""

    channel: str = ""
    queue: str = ""
    parameters: str = ""
    more: str = ""
    swap: tuple[str, str] = ("", "")

    @property
    def text(self) -> str:
        given = asdict(self)
        old, new = given.pop("swap")
        whole = tenant(**given)
        assert old in whole
        return whole.replace(old, new, 1) if old else whole


TABLE = [
    (
        "a name begins with no digit",
        Broken(swap=("- name: support", "- name: 1support")),
        "channels[0].name",
        "a name has letters, digits and _ (at most 64 characters) and does not begin with a digit",
    ),
    (
        "a name has 64 characters at most",
        Broken(swap=("- name: support", "- name: " + "s" * 65)),
        "channels[0].name",
        "a name has letters, digits and _ (at most 64 characters) and does not begin with a digit",
    ),
    (
        "a name is there once",
        Broken(channel=CHANNEL),
        "channels[1].name",
        "the name 'support' is taken: line 14 has it",
    ),
    (
        "a receiving gateway receives",
        Broken(swap=("receiving_gateway: inbox", "receiving_gateway: outbox")),
        "channels[0].receiving_gateway",
        "gateway 'outbox' (line 7) sends; it must be a receiving one: `pop3` or `imap`",
    ),
    (
        "a sending gateway sends",
        Broken(swap=("sending_gateway: outbox", "sending_gateway: inbox")),
        "channels[0].sending_gateway",
        "gateway 'inbox' (line 2) receives; it must be `smtp`",
    ),
    (
        "the queue is there",
        Broken(swap=("skill_queue: first_line", "skill_queue: gone")),
        "channels[0].skill_queue",
        "there is no queue 'gone'; there is 'first_line'",
    ),
    (
        "the caps are 100 at most",
        Broken(channel="    max_recipients: 61\n"),
        "channels[0].max_recipients",
        "channel 'support' may name 101 recipients, more than 100: max_recipients 61 + max_cc 20 (the tenant's) + max_bcc 20 (the tenant's)",
    ),
    (
        "the caps are 100 at most, the tenant's too",
        Broken(parameters="  max_cc: 61\n"),
        "channels[0].name",
        "channel 'support' may name 101 recipients, more than 100: max_recipients 20 (the tenant's) + max_cc 61 (the tenant's) + max_bcc 20 (the tenant's)",
    ),
    (
        "at least one recipient",
        Broken(channel="    max_recipients: 0\n"),
        "channels[0].max_recipients",
        "must be between 1 and 100",
    ),
    (
        "keywords go with a robot",
        Broken(channel="    robot: faq\n", more=ROBOTS),
        "channels[0].transfer_keywords",
        "is needed with a `robot`: the words that lead from it to an agent",
    ),
    (
        "the robot is there",
        Broken(channel=ROBOT),
        "channels[0].robot",
        "there is no robot 'faq'; there is none at all",
    ),
    (
        "four segments at most",
        Broken(
            channel="    work_time: {workday: ['00:00-01:00', '02:00-03:00', '04:00-05:00', '06:00-07:00', '08:00-09:00']}\n"
        ),
        "channels[0].work_time.workday",
        "must have at most 4 entries",
    ),
    (
        "one segment at least",
        Broken(channel="    work_time: {workday: []}\n"),
        "channels[0].work_time.workday",
        "must have at least 1 entries",
    ),
    (
        "a segment does not end before it begins",
        Broken(channel="    work_time: {workday: ['22:00-06:00']}\n"),
        "channels[0].work_time.workday[0]",
        "must begin before it ends, and 24:00 is an end only; one over midnight is two, `22:00-24:00` and `00:00-06:00`",
    ),
    (
        "segments do not overlap",
        Broken(channel="    work_time: {workday: ['08:00-12:00', '11:00-13:00']}\n"),
        "channels[0].work_time.workday[1]",
        "overlaps another segment",
    ),
    (
        "24:00 is an end only",
        Broken(channel="    work_time: {non_workday: ['24:00-24:00']}\n"),
        "channels[0].work_time.non_workday[0]",
        "must begin before it ends, and 24:00 is an end only; one over midnight is two, `22:00-24:00` and `00:00-06:00`",
    ),
    (
        "the calendar is there",
        Broken(channel="    work_time: {calendar: gone}\n"),
        "channels[0].work_time.calendar",
        "there is no calendar 'gone'; there is 'default'",
    ),
    (
        "the zone is known",
        Broken(channel="    work_time: {time_zone: Mars/Base}\n"),
        "channels[0].work_time.time_zone",
        "must be an IANA time zone, like `Europe/Berlin`",
    ),
    (
        "a reminder comes before the end",
        Broken(channel=REMIND % "60m"),
        "channels[0].no_customer_reply.remind_after",
        "must be shorter than `end_after` (1h)",
    ),
    (
        "a reminder comes after the queue's patience",
        Broken(channel=REMIND % "5m", queue="    max_wait: 5m\n"),
        "channels[0].no_customer_reply.remind_after",
        "must be longer than queue 'first_line' lets wait (5m)",
    ),
    (
        "a reminder has a text",
        Broken(channel="    no_customer_reply: {remind_after: 5m}\n"),
        "channels[0].no_customer_reply.remind_with",
        "is needed with `remind_after`: the reminder's text by language",
    ),
    (
        "the silence of a customer is a minute at least",
        Broken(channel="    no_customer_reply: {end_after: 59s}\n"),
        "channels[0].no_customer_reply.end_after",
        "must be between 1m and 30d",
    ),
    (
        "and thirty days at most",
        Broken(channel="    no_customer_reply: {end_after: 31d}\n"),
        "channels[0].no_customer_reply.end_after",
        "must be between 1m and 30d",
    ),
    (
        "the transfer's queue is there",
        Broken(channel="    no_agent_reply: {to: 'queue:gone'}\n"),
        "channels[0].no_agent_reply.to",
        "there is no queue 'gone'; there is 'first_line'",
    ),
    (
        "the transfer's target is one",
        Broken(channel="    no_agent_reply: {to: anna}\n"),
        "channels[0].no_agent_reply.to",
        "must be `same_queue`, `queue:NAME` or `agent:NAME`",
    ),
    (
        "the escalation's agent is there",
        Broken(channel="    no_agent_reply: {escalate_to: 'agent:gone'}\n"),
        "channels[0].no_agent_reply.escalate_to",
        "there is no agent 'gone'; there is 'anna'",
    ),
    (
        "ten transfers at most",
        Broken(channel="    no_agent_reply: {max_transfers: 11}\n"),
        "channels[0].no_agent_reply.max_transfers",
        "must be between 1 and 10",
    ),
    (
        "whom an agent may transfer to is there",
        Broken(channel="    session_transfer: ['queue:gone']\n"),
        "channels[0].session_transfer.names[0]",
        "there is no queue 'gone'; there is 'first_line'",
    ),
    (
        "a thousand targets at most",
        Broken(channel=f"    session_transfer: {['agent:anna'] * 1001}\n"),
        "channels[0].session_transfer.names",
        "must have at most 1,000 entries",
    ),
    (
        "an offline message is routed for an hour at most",
        Broken(channel="    offline_messages: {route_within: 61m}\n"),
        "channels[0].offline_messages.route_within",
        "must be between 1m and 1h",
    ),
    (
        "contact within a week at most",
        Broken(channel="    offline_messages: {agent_contact_within: 10081m}\n"),
        "channels[0].offline_messages.agent_contact_within",
        "must be between 0s and 7d",
    ),
    (
        "called customers answer in five minutes at most",
        Broken(channel="    offline_messages: {called_customer_reply: 6m}\n"),
        "channels[0].offline_messages.called_customer_reply",
        "must be between 1m and 5m",
    ),
    (
        "and before the silence ends",
        Broken(channel="    offline_messages: {enabled: true}\n    no_customer_reply: {end_after: 5m}\n"),
        "channels[0].offline_messages.called_customer_reply",
        "must be shorter than `no_customer_reply.end_after` (5m)",
    ),
    (
        "routing to the last agent needs the mode",
        Broken(channel="    offline_messages: {routing: last_agent}\n"),
        "channels[0].offline_messages.routing",
        "`last_agent` needs the channel's `last_agent: {enabled: true}`",
    ),
    (
        "routing to a robot needs one",
        Broken(channel="    offline_messages: {routing: robot}\n"),
        "channels[0].offline_messages.routing",
        "`robot` needs the channel's `robot`",
    ),
    (
        "a trial is not beside a live channel",
        Broken(channel="    mode: shadow\n    addresses: [a@example.org]\n" + CHANNEL.replace("support", "sales")),
        "channels[0].mode",
        "`shadow` leaves mail on the server, and channel 'sales' takes mail from the same gateway: let both be `shadow`, or give them a gateway each",
    ),
    ("sending is on or held", Broken(more="sending: off\n"), "sending", "must be one of `on`, `hold`"),
    (
        "two channels do not both take everything",
        Broken(channel=CHANNEL.replace("support", "sales")),
        "channels[1].receiving_gateway",
        "channel 'sales' and channel 'support' (line 14) would both take every mail of this gateway: give one of them `addresses`, or write routes",
    ),
    (
        "a reassignment waits five minutes at least",
        Broken(parameters="  offline_reassign_after: 4m\n"),
        "parameters.offline_reassign_after",
        "must be between 5m and 10h",
    ),
    (
        "sixty places at most",
        Broken(parameters="  max_concurrent: 61\n"),
        "parameters.max_concurrent",
        "must be between 1 and 60",
    ),
    (
        "an overflow leads somewhere",
        Broken(queue="    overflow: {queue: gone, after: 5m}\n"),
        "queues[0].overflow.queue",
        "there is no queue 'gone'; there is 'first_line'",
    ),
    (
        "an overflow leads on",
        Broken(queue="    overflow: {queue: first_line, after: 5m}\n"),
        "queues[0].overflow.queue",
        "leads back to where it came from",
    ),
    (
        "a member is an agent",
        Broken(swap=("members: [anna]", "members: [anna, ben]")),
        "queues[0].members[1]",
        "there is no agent with the account 'ben'; there is 'anna'",
    ),
]


@pytest.mark.parametrize(("broken", "key", "rule"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_broken_rule_is_one_problem_at_its_key(tmp_path: Path, broken: Broken, key: str, rule: str) -> None:
    assert rules(loaded(tmp_path, broken.text)) == {key: rule}


def test_what_the_table_breaks_is_right_without_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, tenant()).generation is not None


def test_names_of_one_and_of_64_characters_are_right(tmp_path: Path) -> None:
    for name in ("s", "_" * 64):
        assert loaded(tmp_path, Broken(swap=("- name: support", f"- name: {name}")).text).generation is not None


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    several = Broken(channel=ROBOT + "    max_cc: 61\n", queue="    max_wait: 0s\n", more="sending: 'no'\n")
    keys = ["channels[0].max_cc", "channels[0].robot", "queues[0].max_wait", "sending"]
    assert sorted(rules(loaded(tmp_path, several.text))) == keys


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (
            "    no_customer_reply: {remind_with: {en: Still there?}}\n",
            "channels[0].no_customer_reply.remind_with",
            "is sent after `remind_after`, and there is none: nobody is reminded",
        ),
        (
            "    transfer_keywords: [human]\n",
            "channels[0].transfer_keywords",
            "are looked for while a `robot` has the word, and there is none",
        ),
    ],
)
def test_what_has_no_effect_without_another_key_is_warned_of(tmp_path: Path, text: str, key: str, words: str) -> None:
    assert warned(loaded(tmp_path, tenant(channel=text))) == {key: words}


def test_a_route_into_a_trial_from_a_box_that_is_emptied_is_warned_of(tmp_path: Path) -> None:
    box = "  - {kind: pop3, name: live, host: pop.example.org, user: b@example.org, password: 'file:password'}\n"
    sales = SALES.replace("inbox", "live")
    route = "routes:\n  - {name: all, channel: support}\n"
    found = loaded(tmp_path, tenant(gateways=box, channel=f"    mode: shadow\n{sales}", more=route))
    assert warned(found)["routes[0].channel"] == (
        "channel 'support' is in shadow, and gateway 'live' is not: its mail is taken from the server, and nobody serves it"
    )
