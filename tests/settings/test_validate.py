"""Whether values fit together: one rule, one message at the right key; what fits passes without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.settings.making import AGENT, CHANNEL, POP3, SMTP, loaded, rules, tenant, warned

SECOND_CHANNEL = CHANNEL.replace("support", "sales")
SECOND_BOX = POP3.replace("inbox", "other").replace("support@", "sales@")
ROBOT = "    robot: faq\n    transfer_keywords: [human]\n"
ROBOTS = "robots:\n  - {name: faq, kind: openai, url: 'https://chat.example', model: small}\n"


def wrong(folder: Path, text: str) -> dict[str, str]:
    return rules(loaded(folder, text))


@pytest.mark.parametrize(
    ("field", "key", "rule"),
    [
        ("    security: none\n", "security", "set `allow_plaintext: true`"),
        ("    security: ssl\n", "security", "must be one of `tls`, `starttls`, `none`"),
        ("    certificate: private\n", "certificate[0]", "no certificate 'private'; there is none at all"),
        ("    trust: only\n", "trust", "there is no such key"),
        ("    oauth2: {token_endpoint: 'https://a.example/t', client_id: c}\n", "oauth2", "to `auth: xoauth2`"),
        ("    poll_min: 1m\n", "poll_min", "must not be longer than `poll_every`"),
        ("    poll_max: 1s\n", "poll_max", "must not be shorter than `poll_every`"),
        ("    max_message_size: 2GB\n", "max_message_size", "must be between 1kB and 1GB"),
        ("    start_from: yesterday\n", "start_from", "must be a day like"),
        ("    start_from: 2026-01-31T08:00\n", "start_from", "a time with its offset"),
        ("    own_addresses: [A <a@b.example>]\n", "own_addresses[0]", "must be one bare mail address"),
        ("    spam_header: {name: 'X Y', value: '1'}\n", "spam_header.name", "the name of a header field"),
        ("    poll_every: 0\n", "poll_every", "must be between 0.1s and 1d"),
    ],
)
def test_a_receiving_gateway_that_cannot_work_is_refused(tmp_path: Path, field: str, key: str, rule: str) -> None:
    found = wrong(tmp_path, tenant().replace("    host: pop.example.org\n", f"    host: pop.example.org\n{field}"))
    assert list(found) == [f"gateways[0].{key}"]
    assert rule in found[f"gateways[0].{key}"]


@pytest.mark.parametrize(
    ("field", "key", "rule"),
    [
        ("    automatic_envelope: bounce\n", "automatic_envelope", "needs a `bounce_address`"),
        ("    identities: ['@example.org', a b]\n", "identities[1]", "must be a mail address, or a domain"),
        ("    ehlo_name: a b\n", "ehlo_name", "must be a host name"),
        ("    reply_domain: a@b\n", "reply_domain", "must be a domain"),
        ("    pool: 0\n", "pool", "must be between 1 and 64"),
        ("    daily_ceiling: 0\n", "daily_ceiling", "must be between 1 and 1,000,000"),
        ("    give_up_after: 31d\n", "give_up_after", "must be between 1s and 30d"),
        ("    unknown_outcome: {agent: forget}\n", "unknown_outcome.agent", "must be one of `resend`, `hold`"),
    ],
)
def test_a_sending_gateway_that_cannot_work_is_refused(tmp_path: Path, field: str, key: str, rule: str) -> None:
    found = wrong(tmp_path, tenant().replace("    host: smtp.example.org\n", f"    host: smtp.example.org\n{field}"))
    assert list(found) == [f"gateways[1].{key}"]
    assert rule in found[f"gateways[1].{key}"]


def test_clear_text_is_allowed_when_said_and_warned_of(tmp_path: Path) -> None:
    text = tenant().replace("    host: pop", "    security: none\n    allow_plaintext: true\n    host: pop")
    found = loaded(tmp_path, text)
    assert found.generation is not None
    assert warned(found) == {"gateways[0].security": "password and mails travel in clear text"}


def test_a_gateway_without_user_or_password_is_refused_and_a_relay_may_be_without(tmp_path: Path) -> None:
    bare = tenant().replace("    user: support@example.org\n    password: file:password\n", "")
    assert list(wrong(tmp_path, bare)) == [f"gateways[{i}].{key}" for i in (0, 1) for key in ("user", "password")]
    relay = tenant().replace(
        SMTP, SMTP.replace("    user: support@example.org\n    password: file:password\n", "    auth: none\n")
    )
    assert loaded(tmp_path, relay).generation is not None
    unused = loaded(tmp_path, tenant().replace("    from_address", "    auth: none\n    from_address"))
    assert "are not used" in warned(unused)["gateways[1].auth"]


def test_a_secret_that_cannot_be_had_is_refused_and_named(tmp_path: Path) -> None:
    found = wrong(
        tmp_path, tenant().replace("file:password", "env:POSTROOM_TEST_UNSET", 1).replace("file:password", "file:gone")
    )
    assert "no variable POSTROOM_TEST_UNSET" in found["gateways[0].password"]
    assert f"{tmp_path}/gone cannot be read: No such file" in found["gateways[1].password"]


def test_a_placeholder_or_a_file_everybody_may_read_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "todo").write_text("replace-this-line-with-the-password\n")
    (tmp_path / "open").write_text("x\n")
    (tmp_path / "open").chmod(0o644)
    text = tenant().replace("file:password", "file:todo", 1).replace("file:password", "file:open")
    found = loaded(tmp_path, text)
    assert found.generation is not None
    assert "still holds the placeholder" in warned(found)["gateways[0].password"]
    assert "`chmod 600` it" in warned(found)["gateways[1].password"]


def test_two_receiving_gateways_of_one_user_at_one_host_are_refused(tmp_path: Path) -> None:
    found = wrong(tmp_path, tenant(gateways=POP3.replace("inbox", "again")))
    assert found == {
        "gateways[2].user": "collects the same user's mail at the same host as "
        f"'inbox' in {tmp_path}/tenants/acme.yaml line 2"
    }


def test_a_name_that_is_taken_is_refused_with_the_line_of_the_first(tmp_path: Path) -> None:
    text = tenant(
        channel=CHANNEL.replace("    skill_queue", "    addresses: [b@example.org]\n    skill_queue"),
        queue="  - {name: first_line, members: [anna]}\n",
        agent=AGENT.replace("ab", "cd"),
        gateways=SECOND_BOX.replace("other", "inbox"),
    )
    found = wrong(tmp_path, text)
    assert found == {
        "gateways[2].name": "the name 'inbox' is taken: line 3 has it",
        "channels[1].name": "the name 'support' is taken: line 19 has it",
        "queues[1].name": "the name 'first_line' is taken: line 29 has it",
        "agents[1].account": "the name 'anna' is taken: line 33 has it",
    }


@pytest.mark.parametrize("name", ["2nd", "a-b", "ä", "'a b'", "x" * 65, "''"])
def test_a_name_of_other_letters_is_refused(tmp_path: Path, name: str) -> None:
    found = wrong(tmp_path, tenant(queue=f"  - name: {name}\n    members: [anna]\n"))
    assert found["queues[1].name"].startswith("a name has letters, digits and _")


@pytest.mark.parametrize(
    ("field", "parameters", "words"),
    [
        (
            "    max_recipients: 61\n",
            "",
            "101 recipients, more than 100: max_recipients 61 + max_cc 20 (the tenant's) + max_bcc",
        ),
        ("    max_cc: 50\n", "  max_recipients: 31\n", "max_recipients 31 (the tenant's) + max_cc 50 + max_bcc 20"),
        ("", "  max_bcc: 61\n", "channel 'support' may name 101 recipients"),
    ],
)
def test_caps_over_100_are_refused_whichever_side_lifts_them_and_name_the_channel(
    tmp_path: Path, field: str, parameters: str, words: str
) -> None:
    (rule,) = wrong(tmp_path, tenant(channel=field, parameters=parameters)).values()
    assert "channel 'support'" in rule
    assert words in rule


@pytest.mark.parametrize("field", ["max_recipients: 0", "max_cc: -1", "max_bcc: 101"])
def test_a_cap_out_of_its_range_is_refused(tmp_path: Path, field: str) -> None:
    assert list(wrong(tmp_path, tenant(channel=f"    {field}\n"))) == [f"channels[0].{field.partition(':')[0]}"]


def test_caps_of_exactly_100_are_taken(tmp_path: Path) -> None:
    text = tenant(channel="    max_recipients: 60\n    max_cc: 40\n    max_bcc: 0\n")
    assert loaded(tmp_path, text).generation is not None


@pytest.mark.parametrize(
    ("old", "new", "key", "rule"),
    [
        (
            "receiving_gateway: inbox",
            "receiving_gateway: outbox",
            "receiving_gateway",
            "sends; it must be a receiving one",
        ),
        ("sending_gateway: outbox", "sending_gateway: inbox", "sending_gateway", "receives; it must be `smtp`"),
        (
            "sending_gateway: outbox",
            "sending_gateway: x",
            "sending_gateway",
            "no gateway 'x'; there is 'inbox', 'outbox'",
        ),
        ("skill_queue: first_line", "skill_queue: x", "skill_queue", "there is no queue 'x'; there is 'first_line'"),
        (
            "skill_queue: first_line",
            "skill_queue: first_line\n    ou: x",
            "ou",
            "no organisational unit 'x'; there is none",
        ),
        (
            "skill_queue: first_line",
            "skill_queue: first_line\n    signature: x",
            "signature",
            "there is no signature 'x'",
        ),
    ],
)
def test_a_channel_names_what_is_there_and_of_the_right_kind(
    tmp_path: Path, old: str, new: str, key: str, rule: str
) -> None:
    found = wrong(tmp_path, tenant().replace(old, new))
    assert rule in found[f"channels[0].{key}"]


def test_a_gateway_of_unknown_kind_is_one_problem_and_not_its_channels_too(tmp_path: Path) -> None:
    assert list(wrong(tmp_path, tenant().replace("kind: smtp", "kind: sendmail"))) == ["gateways[1].kind"]


def test_a_robot_needs_its_keywords_and_to_be_there(tmp_path: Path) -> None:
    found = wrong(tmp_path, tenant(channel="    robot: faq\n"))
    assert "there is no robot 'faq'" in found["channels[0].robot"]
    assert "is needed with a `robot`" in found["channels[0].transfer_keywords"]
    assert loaded(tmp_path, tenant(channel=ROBOT, more=ROBOTS)).generation is not None


@pytest.mark.parametrize(
    ("words", "key", "rule"),
    [
        ("[agent, 'AGENT ']", "[1]", "is found wherever 'agent' is"),
        ('["caf\\u00e9", agent, "cafe\\u0301"]', "[2]", "is found wherever 'café' is"),
        ("[straße, STRASSE]", "[1]", "is found wherever 'straße' is"),
        ('[agent, " \\u200b"]', "[1]", "has nothing to look for"),
        ("['']", "[0]", "at least 1"),
        (f"[{'x' * 201}]", "[0]", "at most 200"),
        (f"[{', '.join(f'w{n}' for n in range(1001))}]", "", "at most 1,000 entries"),
    ],
)
def test_each_keyword_says_something_of_its_own(tmp_path: Path, words: str, key: str, rule: str) -> None:
    found = wrong(tmp_path, tenant(channel=f"    transfer_keywords: {words}\n"))
    assert rule in found[f"channels[0].transfer_keywords{key}"]


@pytest.mark.parametrize(
    ("rule", "key", "words"),
    [
        ("work_time: {workday: []}", "work_time.workday", "at least 1 entries"),
        ("work_time: {workday: [25:00-26:00]}", "work_time.workday[0]", "must be `HH:MM-HH:MM` within 00:00-24:00"),
        (
            "work_time: {workday: [24:00-24:00]}",
            "work_time.workday[0]",
            "must begin before it ends, and 24:00",
        ),
        ("work_time: {workday: [08:60-09:00]}", "work_time.workday[0]", "must be `HH:MM-HH:MM`"),
        ("work_time: {workday: [18:00-08:00]}", "work_time.workday[0]", "one over midnight is two, `22:00-24:00`"),
        ("work_time: {workday: [08:00-12:00, 11:59-13:00]}", "work_time.workday[1]", "overlaps another segment"),
        ("work_time: {non_workday: [1, 2, 3, 4, 5]}", "work_time.non_workday", "at most 4 entries"),
        ("work_time: {time_zone: Mars}", "work_time.time_zone", "must be an IANA time zone"),
        ("work_time: {calendar: bank}", "work_time.calendar", "there is no calendar 'bank'; there is 'default'"),
        ("no_customer_reply: {end_after: 30s}", "no_customer_reply.end_after", "must be between 1m and 30d"),
        ("no_customer_reply: {end_after: 31d}", "no_customer_reply.end_after", "must be between 1m and 30d"),
        (
            "no_customer_reply: {remind_after: 1h, remind_with: {en: Hello}}",
            "no_customer_reply.remind_after",
            "must be shorter than `end_after` (1h)",
        ),
        ("no_customer_reply: {remind_after: 5m}", "no_customer_reply.remind_with", "is needed with `remind_after`"),
        ("no_agent_reply: {max_transfers: 11}", "no_agent_reply.max_transfers", "must be between 1 and 10"),
        ("no_agent_reply: {to: somebody}", "no_agent_reply.to", "must be `same_queue`, `queue:NAME` or `agent:NAME`"),
        ("no_agent_reply: {to: 'agent:zoe'}", "no_agent_reply.to", "there is no agent 'zoe'"),
        ("no_agent_reply: {escalate_to: 'queue:x'}", "no_agent_reply.escalate_to", "there is no queue 'x'"),
        ("session_transfer: some", "session_transfer.to", "must be one of `all`, `none`"),
        ("session_transfer: ['queue:x']", "session_transfer.names[0]", "there is no queue 'x'"),
        ("session_transfer: named", "session_transfer", "must be `all`, `none`, or a list"),
        ("offline_messages: {route_within: 61m}", "offline_messages.route_within", "must be between 1m and 1h"),
        ("offline_messages: {agent_contact_within: 8d}", "offline_messages.agent_contact_within", "between 0s and 7d"),
        ("offline_messages: {routing: last_agent}", "offline_messages.routing", "needs the channel's `last_agent"),
        ("offline_messages: {routing: robot}", "offline_messages.routing", "needs the channel's `robot`"),
        ("auto_reply: {working: {english: Hi}}", "auto_reply.working.english", "must be a language, like `en`"),
        ("auto_reply: {working: {en: 5}}", "auto_reply.working.en.text", "must be a text"),
        ("last_agent: {scope: team}", "last_agent.scope", "must be one of `queue`, `any`"),
        ("wrap_up: 2d", "wrap_up", "must be between 0s and 1d"),
        ("priority: 101", "priority", "must be between 0 and 100"),
        ("automatic_mail: drop", "automatic_mail", "must be one of `serve`, `file`"),
    ],
)
def test_a_rule_of_service_that_contradicts_itself_is_refused(tmp_path: Path, rule: str, key: str, words: str) -> None:
    found = wrong(tmp_path, tenant(channel=f"    {rule}\n"))
    assert words in found.get(f"channels[0].{key}", "nothing")


def test_clocks_are_checked_against_each_other(tmp_path: Path) -> None:
    silence = "    no_customer_reply: {end_after: 10m, remind_after: 5m, remind_with: {en: Still there?}}\n"
    assert (
        "longer than queue 'first_line' lets wait (5m)"
        in wrong(tmp_path, tenant(channel=silence, queue="    max_wait: 5m\n"))[
            "channels[0].no_customer_reply.remind_after"
        ]
    )
    offline = "    no_customer_reply: {end_after: 3m}\n    offline_messages: {enabled: true}\n"
    assert (
        "must be shorter than `no_customer_reply.end_after` (3m)"
        in wrong(tmp_path, tenant(channel=offline))["channels[0].offline_messages.called_customer_reply"]
    )
    assert loaded(tmp_path, tenant(channel=silence, queue="    max_wait: 4m\n")).generation is not None


@pytest.mark.parametrize(
    ("fields", "key", "words"),
    [
        ("    members: [anna, zoe]\n", "members[1]", "there is no agent with the account 'zoe'"),
        ("    members: [anna, anna]\n", "members[1]", "member 'anna' is taken"),
        ("    members: [anna]\n    levels: {bernd: 3}\n", "levels.bernd", "there is no member 'bernd'"),
        ("    members: [anna]\n    overflow: {queue: x, after: 5m}\n", "overflow.queue", "there is no queue 'x'"),
        ("    members: [anna]\n    overflow: {queue: first_line, after: 5m}\n", "overflow.queue", "leads back"),
        ("    members: [anna]\n    served_by: mqtt\n", "served_by", "needs a broker"),
        (
            "    members: [anna]\n    relaxation: [{after: 5m, skill_level: 2}]\n",
            "relaxation[0].skill_level",
            "must be lower than 0, the level wanted before",
        ),
        (
            "    skill_level: 9\n    relaxation: [{after: 5m, skill_level: 2}, {after: 5m, skill_level: 0}]\n",
            "relaxation[1].after",
            "must be later than the stage before it",
        ),
        ("    members: [anna]\n    strategy: random\n", "strategy", "must be one of `longest_idle`"),
        ("    members: [anna]\n    service_level: {target: 80}\n", "service_level.target", "must be between 0 and 1"),
        ("    members: [anna]\n    max_missed_offers: 0\n", "max_missed_offers", "must be between 1 and 1,000"),
    ],
)
def test_a_queue_that_cannot_be_served_is_refused(tmp_path: Path, fields: str, key: str, words: str) -> None:
    found = wrong(tmp_path, tenant().replace("    members: [anna]\n", fields))
    assert words in found.get(f"queues[0].{key}", "nothing")


def test_a_level_that_nobody_has_is_warned_of(tmp_path: Path) -> None:
    staged = "    skill_level: 9\n    relaxation: [{after: 5m, skill_level: 4}]\n"
    fields = f"    members: [anna]\n    levels: {{anna: 3}}\n{staged}"
    found = loaded(tmp_path, tenant().replace("    members: [anna]\n", fields))
    assert "has the level 4: what comes in waits" in warned(found)["queues[0].levels"]


def test_overflow_that_goes_round_is_refused(tmp_path: Path) -> None:
    queue = "    overflow: {queue: b, after: 5m}\n  - name: b\n    overflow: {queue: first_line, after: 5m}\n"
    assert set(wrong(tmp_path, tenant(queue=queue))) == {"queues[0].overflow.queue", "queues[1].overflow.queue"}


def test_agents_have_tokens_of_their_own(tmp_path: Path) -> None:
    found = wrong(tmp_path, tenant(agent=AGENT.replace("anna", "bernd").replace("ab", "AB")))
    assert found == {"agents[1].token_sha256[0]": "is the same token as in line 24: each agent has his own"}


def test_an_agent_who_wants_mails_needs_an_address(tmp_path: Path) -> None:
    assert "personal_address" in wrong(tmp_path, tenant(agent="    notices: [mail]\n"))["agents[0].notices"]
    assert loaded(tmp_path, tenant(agent="    notices: [mail]\n    personal_address: a@b.example\n")).generation


def test_a_queue_nobody_serves_and_an_agent_nobody_can_be_are_warned_of(tmp_path: Path) -> None:
    found = loaded(tmp_path, tenant(queue="  - name: empty\n", agent="  - account: zoe\n    name: Zoe\n"))
    assert "has no members" in warned(found)["queues[1]"]
    assert "has no token" in warned(found)["agents[1]"]


def test_organisational_units_are_a_tree(tmp_path: Path) -> None:
    text = tenant(more="ous:\n  - {name: a, parent: b}\n  - {name: b, parent: a}\n  - {name: c, parent: x}\n")
    found = wrong(tmp_path, text)
    assert "stands above itself" in found["ous[0].parent"]
    assert "stands above itself" in found["ous[1].parent"]
    assert "there is no organisational unit 'x'" in found["ous[2].parent"]
    fine = tenant(channel="    ou: b\n", more="ous:\n  - name: a\n  - {name: b, parent: a}\n")
    assert loaded(tmp_path, fine).generation is not None


@pytest.mark.parametrize(
    ("process", "key", "words"),
    [
        ("http: {listen: '0.0.0.0:8025'}\n", "http.listen", "plain HTTP is for this machine only"),
        ("http: {listen: 'example.org:80'}\n", "http.listen", "plain HTTP is for this machine only"),
        ("http: {listen: '8025'}\n", "http.listen", "must be a host and a port"),
        ("http: {listen: '127.0.0.1:99999'}\n", "http.listen", "must be a host and a port"),
        ("http: {listen: '::1:80'}\n", "http.listen", "must be a host and a port"),
        ("http: {listen: '[127.0.0.1:80'}\n", "http.listen", "must be a host and a port"),
        ("ops: {listen: '127.0.0.1:8025'}\n", "ops.listen", "must not be where `http.listen` is"),
        ("logs: {level: loud}\n", "logs.level", "must be one of `debug`"),
        ("drain_within: 1h\n", "drain_within", "must be between 1s and 5m"),
        ("store: {folder: ''}\n", "store.folder", "must have at least 1 characters"),
    ],
)
def test_a_process_that_cannot_run_is_refused(tmp_path: Path, process: str, key: str, words: str) -> None:
    found = rules(loaded(tmp_path, tenant(), process))
    assert words in found.get(key, "nothing")


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:80", "'[::1]:80'"])
def test_plain_http_on_this_machine_is_fine(tmp_path: Path, listen: str) -> None:
    assert loaded(tmp_path, tenant(), f"http: {{listen: {listen}}}\nops: {{listen: '127.0.0.1:0'}}\n").generation


def test_plain_http_for_others_is_allowed_when_said_and_warned_of(tmp_path: Path) -> None:
    found = loaded(tmp_path, tenant(), "http: {listen: '0.0.0.0:80', allow_plain_http: true}\n")
    assert found.generation is not None
    assert "clear text" in warned(found)["http.listen"]


def test_what_has_no_effect_yet_is_said_and_what_changes_nothing_is_not(tmp_path: Path) -> None:
    text = tenant(
        channel="    mode: live\n    labels: [gold]\n    subject_tag: false\n    signature: short\n",
        agent="    notices: [console]\n",
        queue="    strategy: longest_idle\n    ageing: 1h\n",
        more="signatures:\n  - {name: short, text: Bye}\n",
    )
    words = "is read and checked, and has no effect in this version"
    assert warned(loaded(tmp_path, text)) == {"agents[0].notices": words}
