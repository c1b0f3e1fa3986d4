"""A folder in; a generation, or every problem at once, out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom.errors import ConfigurationError
from postroom.settings.load import load
from postroom.settings.schema import Pop3Gateway, SmtpGateway
from tests.settings.making import line_of, loaded, rules, tenant, warned, write

TWELVE = """\
parameters:
  time_zone: Europe/Berlin
gateways:
  - kind: pop3
    name: inbox
    hots: pop.example.org
    host: pop.example.org
    port: 99999
    user: support@example.org
    password: hunter2-in-clear
  - kind: smtp
    name: inbox
    host: smtp.example.org
    auth: none
    from_address: support@example.org
channels:
  - name: support
    receiving_gateway: inbox
    sending_gateway: nowhere
    skill_queue: first_line
    max_recipients: 60
    max_cc: 50
  - name: 2nd
    receiving_gateway: inbox
    sending_gateway: smtp
    skill_queue: first_line
    addresses: [b@example.org]
    addresses: [c@example.org]
queues:
  - name: first_line
    members: [anna]
    offer_for: 60 minutes
agents:
  - account: anna
    name: Anna
    token_sha256: [demo-anna-token]
routes:
  - name: broken
    when: {subject: {matches: 'a(b'}}
    channel: support
"""


def test_twelve_faults_in_one_file_are_twelve_messages_each_with_its_line(tmp_path: Path) -> None:
    found = loaded(tmp_path, TWELVE)
    expected = {
        "gateways[0].hots": "hots:",
        "gateways[0].port": "port:",
        "gateways[0].password": "hunter2",
        "gateways[1].name": "name: inbox\n    host: smtp",
        "channels[0].sending_gateway": "nowhere",
        "channels[0].max_recipients": "max_recipients",
        "channels[1].name": "2nd",
        "channels[1].sending_gateway": "sending_gateway: smtp",
        "addresses": "addresses: [c@",
        "queues[0].offer_for": "60 minutes",
        "agents[0].token_sha256[0]": "demo-anna",
        "routes[0].when.subject.matches": "a(b",
    }
    assert {problem.key: problem.line for problem in found.problems} == {
        key: line_of(TWELVE, part) for key, part in expected.items()
    }
    assert len(found.problems) == len(expected) == 12
    assert found.generation is None


def test_a_secret_that_was_written_by_mistake_is_in_no_message(tmp_path: Path) -> None:
    text = TWELVE.replace("name: anna", "pasword: hunter2-in-clear")
    shown = "\n".join(str(one) for one in loaded(tmp_path, text).problems)
    assert "hunter2" not in shown
    assert "demo-anna-token" not in shown
    assert "`env:NAME`" in shown


def test_a_message_names_file_line_key_rule_and_value(tmp_path: Path) -> None:
    found = loaded(tmp_path, tenant(channel="    max_cc: 101\n"))
    (problem,) = found.problems
    assert str(problem) == f"{tmp_path}/tenants/acme.yaml:18: channels[0].max_cc: must be between 0 and 100 (it is 101)"
    with pytest.raises(ConfigurationError, match=r"channels\[0\]\.max_cc: must be between 0 and 100"):
        found.require()


def test_a_valid_folder_is_a_generation_with_its_defaults(tmp_path: Path) -> None:
    found = loaded(tmp_path, tenant(), process="http:\n  listen: '[::1]:8025'\n")
    generation = found.require()
    assert not found.warnings
    assert generation.process.http.listen == "[::1]:8025"
    acme = generation.tenant("acme")
    assert acme is not None
    inbox, outbox = acme.gateways
    assert isinstance(inbox, Pop3Gateway)
    assert isinstance(outbox, SmtpGateway)
    assert (inbox.port, inbox.security, inbox.poll_every, outbox.port) == (995, "tls", 30.0, 465)
    assert inbox.password is not None
    assert inbox.password.reveal() == "s3cret-of-the-box"
    assert generation.tenant("other") is None
    assert (acme.channel("x"), acme.gateway("x"), acme.queue("x"), acme.agent("x")) == (None, None, None, None)


def test_durations_and_sizes_are_written_with_units(tmp_path: Path) -> None:
    text = tenant(queue="    offer_for: 1.5m\n").replace(
        "    host: pop", "    poll_every: 500ms\n    max_message_size: 64kB\n    host: pop"
    )
    acme = loaded(tmp_path, text).require().tenants[0]
    inbox = acme.gateways[0]
    assert isinstance(inbox, Pop3Gateway)
    assert (inbox.poll_every, inbox.max_message_size, acme.queues[0].offer_for) == (0.5, 65_536, 90.0)


@pytest.mark.parametrize(
    ("security", "ports"),
    [("tls", (995, 465)), ("starttls", (110, 587)), ("none\n    allow_plaintext: true", (110, 25))],
)
def test_a_port_that_is_not_written_is_the_usual_one_of_the_security(
    tmp_path: Path, security: str, ports: tuple[int, int]
) -> None:
    text = tenant().replace("    host:", f"    security: {security}\n    host:")
    acme = loaded(tmp_path, text).require().tenants[0]
    assert tuple(gateway.port for gateway in acme.gateways) == ports


def test_a_tls_version_needs_no_quotes_and_22_30_is_no_number(tmp_path: Path) -> None:
    text = tenant(channel="    work_time: {workday: [06:00-22:30]}\n").replace(
        "    host:", "    min_tls: 1.3\n    host:"
    )
    acme = loaded(tmp_path, text).require().tenants[0]
    assert acme.gateways[0].min_tls == "1.3"
    assert acme.channels[0].work_time.workday == ("06:00-22:30",)


def test_mail_may_be_left_on_the_server_for_ever_or_for_days(tmp_path: Path) -> None:
    for written, left, days in (("true", True, None), ("{days: 14}", True, 14), ("false", False, None)):
        text = tenant().replace("    host: pop", f"    leave_on_server: {written}\n    host: pop")
        inbox = loaded(tmp_path, text).require().tenants[0].gateways[0]
        assert isinstance(inbox, Pop3Gateway)
        assert (inbox.leave_on_server, inbox.leave_days) == (left, days)
    wrong = tenant().replace("    host: pop", "    leave_on_server: {days: 0}\n    host: pop")
    assert rules(loaded(tmp_path, wrong)) == {"gateways[0].leave_days": "must be between 1 and 3,650"}


@pytest.mark.parametrize(
    ("text", "key", "rule"),
    [
        ("gateways: 3\n", "gateways", "must be a list, not a single value"),
        ("gateways: {a: 1}\n", "gateways", "must be a list, not a mapping"),
        ("gateways: [3]\n", "gateways[0]", "must be a mapping of keys, not a single value"),
        ("gateways: [{name: a}]\n", "gateways[0].kind", "is missing: it says which kind"),
        ("gateways: [{kind: jmap, name: a}]\n", "gateways[0].kind", "must be `pop3`, `imap` or `smtp`"),
        ("gateways: [{kind: uucp, name: a}]\n", "gateways[0].kind", "must be `pop3`, `imap` or `smtp`"),
        ("gateways: [{kind: pop3, name: a}]\n", "gateways[0].host", "is missing, and has no default"),
        (
            "channels: [{name: 5}]\n",
            "channels[0].name",
            "must be a text (a number or a word like true is put in quotes)",
        ),
        ("parameters: {max_cc: true}\n", "parameters.max_cc", "must be a whole number"),
        ("parameters: {max_cc: 1.5}\n", "parameters.max_cc", "must be a whole number"),
        ("parameters: [1]\n", "parameters", "must be a mapping of keys, not a list"),
        ("parameter: {}\n", "parameter", "did you mean `parameters`?"),
        (
            "zzz: 1\n",
            "zzz",
            "there is no such key: the keys here are agents, blocklist, calendars, canned_answers, certificates,",
        ),
        ("name: other\n", "name", "must be the file's name, 'acme', or be left out"),
        ("- a\n", "", "must be a mapping of keys, not a list"),
        ("queues: [{name: a, pick: 1}]\n", "queues[0].pick", "must be true or false"),
        ("queues: [{name: a, levels: [1]}]\n", "queues[0].levels", "must be a mapping of names to values"),
        ("queues: [{name: a, service_level: {target: x}}]\n", "queues[0].service_level.target", "must be a number"),
        ('signatures: [{name: a, text: "a\\0b"}]\n', "signatures[0].text", "must not hold control characters"),
        (
            'agents: [{account: a, name: "a\\r\\nb"}]\n',
            "agents[0].name",
            "must not hold control characters or line ends",
        ),
        ("agents: [{account: a, name: b, token_sha256: [1]}]\n", "agents[0].token_sha256[0]", "64 hex digits"),
        ("routes: [{name: a, action: drop}]\n", "routes[0].action", "must be one of `channel`, `file`, `discard`"),
        ("routes: [{name: a, automatic: true}]\n", "routes[0].automatic", "there is no such key"),
        ("parameters: {time_zone: ../../etc}\n", "parameters.time_zone", "must be an IANA time zone"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(tmp_path: Path, text: str, key: str, rule: str) -> None:
    assert rule in rules(loaded(tmp_path, text)).get(key, "nothing")


def test_a_section_left_empty_is_as_good_as_not_there(tmp_path: Path) -> None:
    assert loaded(tmp_path, tenant(more="routes:\n")).generation is not None


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    found = load(tmp_path / "nowhere")
    assert [(problem.file, problem.rule) for problem in found.problems] == [
        (f"{tmp_path}/nowhere/postroom.yaml", "there is no such file"),
        (f"{tmp_path}/nowhere/tenants", "there is no tenant: each is a file here, like `tenants/example.yaml`"),
    ]


def test_a_tenant_file_of_another_ending_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    write(tmp_path, tenant())
    (tmp_path / "tenants" / "shop.yml").write_text(tenant())
    (tmp_path / "tenants" / ".acme.yaml.swp").write_text("an editor's own")
    assert [problem.rule for problem in load(tmp_path).problems] == [
        "is not read: a tenant's file is named `<tenant>.yaml`"
    ]


def test_a_file_whose_name_names_no_tenant_is_refused(tmp_path: Path) -> None:
    found = load(write(tmp_path, tenant(), name="7-up"))
    assert rules(found)["name"].startswith("a name has letters, digits and _")


def test_a_box_collected_by_two_tenants_is_refused(tmp_path: Path) -> None:
    write(tmp_path, tenant())
    write(tmp_path, tenant().replace("pop.example.org", "POP.example.org"), name="bravo")
    (problem,) = load(tmp_path).problems
    assert (problem.file, problem.key) == (f"{tmp_path}/tenants/bravo.yaml", "gateways[0].user")
    assert f"'inbox' in {tmp_path}/tenants/acme.yaml line 2" in problem.rule


def test_a_configuration_without_any_channel_is_warned_of(tmp_path: Path) -> None:
    found = loaded(tmp_path, "parameters: {max_cc: 5}\n")
    assert warned(found) == {"": "no tenant has a channel: no mail will be served"}


WORDS = (
    "parameters gateways channels routes queues agents kind pop3 smtp name host user password env:X file:x when all any"
)
PIECES = st.sampled_from(
    [*WORDS.split(), ": ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "'", '"', "&a", "*a", "!x", "1", "~"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=400), st.lists(PIECES, max_size=60).map(lambda found: "".join(found).encode())))
def test_no_bytes_in_a_file_raise(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, content)
    (tmp_path / "postroom.yaml").write_bytes(content)
    found = load(tmp_path)
    assert found.problems or found.generation is not None


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)).map(str)
KEY_WORDS = """
name kind host port security user password channels receiving_gateway skill_queue work_time workday robot
session_transfer leave_on_server days when all any not recipient is header size over action members levels
weekly_off holidays country subdivision add without on ical source rest make_up from to
"""
KEYS = st.sampled_from(KEY_WORDS.split())
VALUES = st.recursive(
    st.one_of(st.sampled_from(["pop3", "smtp", "inbox", "DE", "2026-01-31", "'x'", "none", "1"]), SCALARS.map(repr)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.dictionaries(KEYS, inner, max_size=4).map(
            lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
        ),
    ),
    max_leaves=12,
)
SECTIONS = st.sampled_from(
    ["parameters", "gateways", "channels", "routes", "queues", "agents", "ous", "signatures", "robots", "calendars"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(SECTIONS, VALUES, min_size=1, max_size=4))
def test_no_shape_of_values_raises(tmp_path: Path, sections: dict[str, str]) -> None:
    found = loaded(tmp_path, "".join(f"{key}: {value}\n" for key, value in sections.items()))
    assert found.problems or found.generation is not None
    assert all(problem.line >= 1 for problem in found.problems)
