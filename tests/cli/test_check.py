"""`postroom check`: what it prints and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from postroom.cli.check import Connect, check
from postroom.settings.schema import Generation
from postroom.settings.secrets import HOW

PROCESS = "logs: {level: debug}\n"
TENANT = """\
gateways:
  - {kind: pop3, name: inbox, host: pop.example.org, user: a@example.org, password: 'env:CHECK_PASSWORD'}
  - {kind: smtp, name: outbox, host: smtp.example.org, auth: none, from_address: a@example.org}
channels:
  - {name: support, receiving_gateway: inbox, sending_gateway: outbox, skill_queue: first_line}
queues:
  - {name: first_line}
"""


def folder(at: Path, tenant: str = TENANT, process: str = PROCESS) -> Path:
    (at / "tenants").mkdir()
    (at / "postroom.yaml").write_text(process)
    (at / "tenants" / "acme.yaml").write_text(tenant)
    return at


def ran(config: Path, *more: str, connect: Connect | None = None) -> Result:
    environment = {"CHECK_PASSWORD": "hunter2"}
    return CliRunner(env=environment).invoke(check, ["--config", str(config), *more], obj=connect)


def test_a_valid_configuration_ends_with_0_and_says_what_it_holds(tmp_path: Path) -> None:
    result = ran(folder(tmp_path))
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "Warnings:",
        f"{tmp_path}/tenants/acme.yaml:7: queues[0]: queue 'first_line' has no members: what comes in waits",
        "The configuration is valid: 1 tenant, 2 gateways, 1 channel, 0 agents, 1 warning.",
    ]


def test_every_problem_is_a_line_and_the_end_is_78(tmp_path: Path) -> None:
    broken = TENANT.replace("pop3,", "pop3, prot: 110,").replace("env:CHECK_PASSWORD", "hunter2")
    result = ran(folder(tmp_path, broken, "logs: {level: loud}\nlogs: {}\n"))
    assert result.exit_code == 78
    place = f"{tmp_path}/tenants/acme.yaml:2: gateways[0]"
    assert result.output.splitlines() == [
        f"{tmp_path}/postroom.yaml:1: logs.level: must be one of `debug`, `info`, `warning`, `error` (it is 'loud')",
        f"{tmp_path}/postroom.yaml:2: logs: the key is written twice; the first is in line 1",
        f"{place}.prot: there is no such key: did you mean `port`?",
        f"{place}.password: a password is never written here itself: {HOW}",
        "Warnings:",
        f"{tmp_path}/tenants/acme.yaml:7: queues[0]: queue 'first_line' has no members: what comes in waits",
        "The configuration is not valid: 4 problems, 1 warning.",
    ]


def test_a_folder_that_is_not_there_is_a_configuration_problem(tmp_path: Path) -> None:
    result = ran(tmp_path / "nowhere")
    assert result.exit_code == 78
    assert "there is no such file" in result.output


def test_nothing_a_terminal_would_obey_is_printed(tmp_path: Path) -> None:
    result = ran(folder(tmp_path, TENANT + '"\\e]0;owned\\a": 1\n'))
    assert result.exit_code == 78
    assert "\x1b" not in result.output
    assert "\\x1b]0;owned" in result.output


def test_connect_prints_how_each_gateway_is_and_ends_with_1_where_one_fails(tmp_path: Path) -> None:
    asked: list[str] = []

    async def connect(generation: Generation) -> Sequence[tuple[str, str, str, str]]:
        asked.extend(gateway.name for tenant in generation.tenants for gateway in tenant.gateways)
        return [
            ("acme/inbox", "pop3", "auth_failed", "the server does not know this password"),
            ("acme/outbox", "smtp", "connection_succeeded", ""),
        ]

    result = ran(folder(tmp_path), "--connect", connect=connect)
    assert result.exit_code == 1
    assert asked == ["inbox", "outbox"]
    assert result.output.splitlines()[-3:] == [
        "acme/inbox  pop3  auth_failed  the server does not know this password",
        "acme/outbox  smtp  connection_succeeded",
        "1 gateway of 2 did not connect.",
    ]


def test_connect_ends_with_0_where_every_gateway_answers(tmp_path: Path) -> None:
    async def connect(_: Generation) -> Sequence[tuple[str, str, str, str]]:
        return [("acme/inbox", "pop3", "connection_succeeded", "")]

    result = ran(folder(tmp_path), "--connect", connect=connect)
    assert result.exit_code == 0
    assert result.output.endswith("Every gateway connected (1).\n")


def test_a_configuration_with_problems_connects_to_nothing(tmp_path: Path) -> None:
    async def connect(_: Generation) -> Sequence[tuple[str, str, str, str]]:
        raise AssertionError("a broken configuration was tried out")

    assert ran(folder(tmp_path, "gateways: 3\n"), "--connect", connect=connect).exit_code == 78
