"""`postroom users` on the command line, against the real operator's door: how the first administrator comes to be."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import argon2
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from click.testing import Result
from msgspec.structs import replace

from postroom.api import passwords
from postroom.api.passwords import is_right
from postroom.ports.people import User
from postroom.settings.schema import Ou
from tests.api.operator_door import OperatorDoor, listening, open_operator_door
from tests.cli.a_daemon import configured, ran
from tests.dispatch.house import ACME

PASSWORD = "correct horse battery"
ANOTHER = "another horse battery"


class Here:
    """A running daemon's door, and the program beside it."""

    def __init__(self, folder: Path, door: OperatorDoor, portal: BlockingPortal) -> None:
        self._folder, self._door, self._portal = folder, door, portal

    def users(self, *words: str, said: str | None = None) -> Result:
        return ran(self._folder, "users", *words, said=said)

    def add(self, *words: str, account: str = "ada", role: str = "administrator") -> Result:
        return self.users("add", ACME, account, "--role", role, *words, said=f"{PASSWORD}\n")

    def kept(self, account: str = "ada") -> User | None:
        house = self._door.ward.house
        found: User | None = self._portal.call(house.read, lambda tx: tx.people.get(ACME, account))
        return found

    def opens(self, password: str) -> bool:
        """Whether that is ada's password."""
        user = self.kept()
        assert user is not None
        return self._portal.call(is_right, password, user.password, self._door.ward.house.offload)

    def audited(self) -> list[tuple[str, str, str]]:
        found = self._portal.call(self._door.ward.house.read, lambda tx: tx.audit.before(ACME, 1 << 62, 50))
        return [(one.actor, one.act, one.object) for one in reversed(found)]


@pytest.fixture(name="here")
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    monkeypatch.setattr(passwords, "_HASHER", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    (tmp_path / "postroom.yaml").write_text("store: {folder: store}\n")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_door(tmp_path)) as door:
        yield Here(tmp_path, door, portal)


@asynccontextmanager
async def _door(folder: Path) -> AsyncIterator[OperatorDoor]:
    async with open_operator_door(folder) as door, listening(door) as client:
        house = door.ward.house
        acme, *others = house.generation.tenants
        house.generation = replace(house.generation, tenants=(replace(acme, ous=(Ou(name="north"),)), *others))
        # It serves, and has said so, before a program's output is looked at.
        assert (await client.get(f"/users/{ACME}")).status_code == 200
        yield door


def row(result: Result) -> list[str]:
    """The one line of a table, as a program reads it."""
    assert (result.exit_code, result.stderr) == (0, "")
    (line,) = result.stdout.splitlines()
    return line.split("\t")


def refusal(result: Result) -> str:
    """Why it was not done, in a sentence."""
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr


def test_the_first_administrator_is_added_with_a_password_of_standard_input(here: Here) -> None:
    empty = here.users("list", ACME)
    assert (empty.exit_code, empty.stdout, empty.stderr) == (0, "", "There is no user.\n")
    added = row(here.add("--name", "Ada Admin"))
    assert added[:6] == ["ada", "Ada Admin", "administrator", "(all)", "(all)", "enabled"]
    assert row(here.users("list", ACME)) == added
    assert here.opens(PASSWORD)
    assert not here.opens(ANOTHER)


def test_the_reach_of_a_role_is_a_unit_or_queues(here: Here) -> None:
    assert row(here.add("--ou", "north", account="una"))[3] == "north"
    result = here.add("--queue", "help", "--queue", "orders", "--json", account="quentin", role="robot")
    added = json.loads(result.stdout)
    assert (added["role"], added["queues"], added["ou"]) == ("robot", ["help", "orders"], None)
    listed = json.loads(here.users("list", ACME, "--json").stdout)["users"]
    assert [one["account"] for one in listed] == ["quentin", "una"]


def test_a_password_is_shown_nowhere(here: Here) -> None:
    for result in (here.add(), here.users("passwd", ACME, "ada", said=f"{ANOTHER}\r\n"), here.users("list", ACME)):
        for words in (PASSWORD, ANOTHER, "argon2"):
            assert words not in result.output
    assert here.opens(ANOTHER)


def test_who_is_shut_out_is_shown_so_and_each_act_is_in_the_audit_log(here: Here) -> None:
    here.add()
    assert row(here.users("disable", ACME, "ada"))[5] == "disabled"
    assert row(here.users("list", ACME))[5] == "disabled"
    assert json.loads(here.users("revoke", ACME, "ada", "--json").stdout)["disabled"]
    acts = [("operator's socket", act, "ada") for act in ("add user", "disable user", "revoke user")]
    assert here.audited() == acts


def test_an_account_is_taken_once(here: Here) -> None:
    before = row(here.add())
    assert refusal(here.users("add", ACME, "ada", "--role", "robot", said=f"{ANOTHER}\n")) == (
        "postroom: There is a user of this account.\n"
    )
    assert row(here.users("list", ACME)) == before
    assert here.opens(PASSWORD)


@pytest.mark.parametrize(
    ("account", "words", "said", "why"),
    [
        ("ada", (), "short", "password: Expected `str` of length >= 10"),
        ("ada", (), "", "password: Expected `str` of length >= 10"),
        ("ada", (), "x" * 257, "password: Expected `str` of length <= 256"),
        ("ada bob", (), PASSWORD, "account: Expected `str` matching regex"),
        ("ada", ("--ou", "nowhere"), PASSWORD, "ou: there is no unit 'nowhere'"),
        ("ada", ("--queue", "none"), PASSWORD, "queues: there is no queue 'none'"),
        ("ada", ("--name", "x" * 201), PASSWORD, "name: Expected `str` of length <= 200"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_nobody_is_added(
    here: Here, account: str, words: tuple[str, ...], said: str, why: str
) -> None:
    result = here.users("add", ACME, account, "--role", "administrator", *words, said=f"{said}\n")
    assert why in refusal(result)
    assert here.kept(account) is None


def test_an_agent_is_one_of_the_settings(here: Here) -> None:
    assert "account: the settings have no agent 'ada'" in refusal(here.add(role="agent"))
    assert row(here.add(account="anna", role="agent"))[2] == "agent"


@pytest.mark.parametrize("verb", ["passwd", "disable", "revoke"])
def test_of_nobody_nothing_is_done(here: Here, verb: str) -> None:
    assert "There is no user of this account" in refusal(here.users(verb, ACME, "bob", said=f"{PASSWORD}\n"))
    assert here.kept("bob") is None


@pytest.mark.parametrize("words", [("list",), ("passwd", "ada"), ("disable", "ada"), ("revoke", "ada")])
def test_a_tenant_that_is_not_there_has_no_users(here: Here, words: tuple[str, ...]) -> None:
    verb, *account = words
    assert "there is no" in refusal(here.users(verb, "nowhere", *account, said=f"{PASSWORD}\n"))


@pytest.mark.parametrize(
    "words",
    [
        ("add", ACME, "ada"),
        ("add", ACME, "ada", "--role", "king"),
        ("add", ACME),
        ("passwd", ACME),
        ("list",),
        ("promote", ACME, "ada"),
    ],
)
def test_wrong_usage_ends_with_2_and_asks_nobody(here: Here, words: tuple[str, ...]) -> None:
    result = here.users(*words, said=f"{PASSWORD}\n")
    assert result.exit_code == 2
    assert "Usage: postroom users" in result.stderr
    assert here.audited() == []


def test_where_no_daemon_runs_that_is_said(tmp_path: Path) -> None:
    result = ran(configured(tmp_path / "config"), "users", "add", ACME, "ada", "--role", "robot", said=f"{PASSWORD}\n")
    assert "no daemon answers at" in refusal(result)
