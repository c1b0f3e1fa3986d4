"""From settings to the values the core is given."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from postroom.mail.identity import SpamHeader
from postroom.mail.recipients import Caps
from postroom.routing.assign import Rules, Stage, Strategy
from postroom.session.policy import AgentSilence, CustomerSilence, LastAgentPolicy, OfflinePolicy, TransferPolicy
from postroom.settings.compile import (
    assignment_rules,
    automatic_mail,
    capacity,
    caps,
    identity,
    keywords,
    service_time,
    zone,
)
from postroom.settings.policies import Policies
from postroom.settings.schema import Agent, Generation, Ou, Parameters, Pop3Gateway, Queue, Relaxation, Tenant
from tests.settings.making import CHANNEL, POP3, loaded, tenant

ROBOT = "    robot: helper\n    transfer_keywords: [agent, 人工客服]\n"
ROBOTS = "robots:\n  - {name: helper, kind: openai, url: 'https://chat.example', model: small}\n"


def acme(folder: Path, text: str) -> Tenant:
    return loaded(folder, text).require().tenants[0]


def inbox(of: Tenant) -> Pop3Gateway:
    gateway = of.gateways[0]
    assert isinstance(gateway, Pop3Gateway)
    return gateway


def policies(generation: Generation) -> Policies:
    return Policies(generation, lambda space, channel: service_time(space, channel, {}, 2026))


def test_the_rules_of_a_channel_are_what_is_written(tmp_path: Path) -> None:
    text = """\
    work_time: {workday: ['09:00-10:00'], finish_queue: true}
    last_agent: {enabled: true, scope: any, wait: 5m}
    no_customer_reply: {end_after: 2h, clock: work_time}
    no_agent_reply: {enabled: true, transfer_after: 10m, to: 'agent:anna', escalate_to: 'queue:first_line'}
    offline_messages: {enabled: true, route_within: 10m, agent_contact_within: 0m, called_customer_reply: 2m}
    session_transfer: ['agent:anna']
    wrap_up: 30s
"""
    parameters = "  offline_reassign_after: 1h\n  agent_gone_after: 20m\n  count_awaiting: true\n"
    made = policies(loaded(tmp_path, tenant(channel=text, parameters=parameters)).require())("acme", "support")
    assert (made.hours.workday, made.finish_queue) == (((540, 600),), True)
    assert made.last_agent == LastAgentPolicy(enabled=True, any_queue=True, wait=300.0)
    assert made.customer_silence == CustomerSilence(end_after=7200.0, in_work_time=True, after_offline=120.0)
    assert made.agent_silence == AgentSilence(transfer_after=600.0, to="agent:anna", escalate_to="queue:first_line")
    assert made.offline == OfflinePolicy(enabled=True, route_within=600.0, reassign_after=3600.0, contact_within=0.0)
    assert made.transfer == TransferPolicy(anybody=False, named=frozenset({"agent:anna"}))
    assert (made.wrap_up, made.agent_gone_after, made.count_awaiting) == (30.0, 1200.0, True)


def test_a_policy_has_the_channels_queue_and_every_queues_patience(tmp_path: Path) -> None:
    text = tenant(
        channel="    priority: 7\n",
        queue="    offer_for: 2m\n    max_missed_offers: 5\n  - {name: other, members: [anna]}\n",
    )
    made = policies(loaded(tmp_path, text).require())("acme", "support")
    assert (made.generation, made.queue, made.priority) == (1, "first_line", 7)
    assert {name: rules.offer_for for name, rules in made.queues.items()} == {"first_line": 120.0, "other": 60.0}
    assert {name: rules.max_missed_offers for name, rules in made.queues.items()} == {"first_line": 5, "other": 3}
    assert made.of_queue("other").members == {"anna"}


@pytest.mark.parametrize(("space", "channel"), [("acme", "gone"), ("gone", "support")])
def test_what_is_open_on_a_channel_that_is_gone_can_still_go_on(tmp_path: Path, space: str, channel: str) -> None:
    assert not policies(loaded(tmp_path, tenant()).require())(space, channel).queue


def test_caps_fall_back_to_the_tenants(tmp_path: Path) -> None:
    found = acme(tmp_path, tenant(channel="    max_cc: 0\n", parameters="  max_recipients: 30\n  max_bcc: 5\n"))
    assert caps(found, found.channels[0]) == Caps(to=30, cc=0, bcc=5)


def test_ours_are_the_user_and_the_addresses_of_the_channels_that_receive_there(tmp_path: Path) -> None:
    other = POP3.replace("inbox", "other").replace("support@", "jobs@")
    text = tenant(
        gateways=other,
        channel="    addresses: [help@example.org, support@example.org]\n"
        + CHANNEL.replace("support", "jobs").replace("inbox", "other")
        + "    addresses: [work@example.org]\n",
    )
    found = acme(tmp_path, text)
    assert identity(found, inbox(found)).own_addresses == ("support@example.org", "help@example.org")


def test_what_a_gateway_says_of_itself_is_its_identity(tmp_path: Path) -> None:
    fields = """\
    own_addresses: [group@example.org]
    own_lists: [all.example.org]
    forms: [form@example.org]
    authserv_id: mx.example.org
    spam_header: {name: X-Spam, value: 'yes'}
    answer_when_not_addressed: true
"""
    found = acme(tmp_path, tenant().replace("    host: pop", fields + "    host: pop"))
    made = identity(found, inbox(found))
    assert made.own_addresses == ("group@example.org", "support@example.org")
    assert (made.own_lists, made.forms) == (("all.example.org",), ("form@example.org",))
    assert (made.authserv_id, made.spam_header) == ("mx.example.org", SpamHeader("X-Spam", "yes"))
    assert made.answer_when_not_addressed


def test_a_user_that_is_no_address_is_not_ours(tmp_path: Path) -> None:
    found = acme(tmp_path, tenant().replace("user: support@example.org", "user: box1", 1))
    assert identity(found, inbox(found)).own_addresses == ("support@example.org",)
    assert identity(found, inbox(found)).spam_header is None


def test_automatic_mail_is_by_channel(tmp_path: Path) -> None:
    assert automatic_mail(acme(tmp_path, tenant(channel="    automatic_mail: file\n"))) == {"support": "file"}


def test_a_channel_keeps_its_hours_in_its_own_zone_or_the_tenants(tmp_path: Path) -> None:
    found = acme(tmp_path, tenant(parameters="  time_zone: Asia/Tokyo\n"))
    assert zone(found, found.channels[0]) == ZoneInfo("Asia/Tokyo")
    found = acme(tmp_path, tenant(channel="    work_time: {time_zone: Europe/Berlin}\n"))
    assert zone(found, found.channels[0]) == ZoneInfo("Europe/Berlin")


def test_a_channels_keywords_are_ready_to_look_for(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text("- questions: [Where?]\n  answer: Here.\n")
    channel = "    robot: helper\n    transfer_keywords: [agent, 人工客服]\n"
    more = "robots:\n  - kind: faq\n    name: helper\n    file: faq.yaml\n"
    found = acme(tmp_path, tenant(channel=channel, more=more))
    ready = keywords(found)[found.channels[0].name]
    assert [bool(ready.first(text)) for text in ("an AGENT", "要人工客服", "help")] == [True, True, False]


def test_an_agents_places_are_his_own_else_the_nearest_units_else_the_tenants() -> None:
    units = (Ou(name="all", max_concurrent=9), Ou(name="day", parent="all"), Ou(name="apart"))
    tenant = Tenant(name="acme", ous=units, parameters=Parameters(max_concurrent=4))
    agents = [
        Agent(account="a", name="A", ou="day", max_concurrent=2),
        Agent(account="b", name="B", ou="day"),
        Agent(account="c", name="C", ou="apart"),
        Agent(account="d", name="D"),
    ]
    assert [capacity(tenant, one) for one in agents] == [2, 9, 4, 4]


def test_a_queue_chooses_by_its_strategy_levels_and_stages() -> None:
    queue = Queue(
        name="q",
        strategy="skill_level",
        levels=(("anna", 3),),
        skill_level=5,
        relaxation=(Relaxation(after=60.0, skill_level=2),),
    )
    assert assignment_rules(queue) == Rules(
        strategy=Strategy.SKILL_LEVEL, levels={"anna": 3}, wanted=5, relaxation=(Stage(after=60.0, level=2),)
    )
