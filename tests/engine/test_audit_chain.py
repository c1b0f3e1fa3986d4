"""The audit log is a chain: whoever changes, removes or puts in an act is told the first place that is broken."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from postroom.engine import audit_chain
from postroom.engine.audit_chain import CHANGED, CUT, ENDS_EARLY, UNCHAINED, verify
from postroom.ports.audit import AuditEntry, chained
from postroom.ports.store import Tx
from postroom.store.database import FILE
from tests.dispatch.house import ACME, GLOBEX, NINE, House, open_house

OBJECT = "UPDATE audit SET {} WHERE tenant = 'acme' AND object = '3'"


def act(number: int, tenant: str = ACME) -> AuditEntry:
    at = NINE + timedelta(minutes=number)
    return AuditEntry(
        at=at, tenant=tenant, actor="anna", role="agent", act="POST /x", object=str(number), result="done"
    )


async def written(house: House, count: int, first: int = 0) -> None:
    """That many acts, with another tenant's between them."""

    def unit(tx: Tx) -> None:
        for number in range(first, first + count):
            tx.audit.add(act(number))
            tx.audit.add(act(number, GLOBEX))

    await house.write(unit)


def tampered(folder: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(folder / FILE)) as raw:
        for statement, values in statements:
            raw.execute(statement, values)
        raw.commit()


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "AT_ONCE", 3)


async def test_a_chain_nobody_touched_is_whole_and_tenants_are_apart(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert (await verify(house.store, ACME)).acts == 0
        await written(house, 7)
        for tenant in (ACME, GLOBEX):
            found = await verify(house.store, tenant)
            assert (found.acts, found.unchained, found.broken, found.why) == (7, 0, None, "")
        newest = await house.read(lambda tx: tx.audit.before(ACME, 1 << 60, 1)[0])
        assert (await verify(house.store, ACME)).last == newest.hash


@pytest.mark.parametrize(
    ("change", "broken", "why"),
    [
        (OBJECT.format("result = 'nothing'"), "3", CHANGED),
        (OBJECT.format("actor = 'ben'"), "3", CHANGED),
        (OBJECT.format("at = at + 1"), "3", CHANGED),
        (OBJECT.format("hash = ''"), "3", UNCHAINED),
        (OBJECT.format("before = '0'"), "3", CHANGED),
        ("DELETE FROM audit WHERE tenant = 'acme' AND object = '3'", "4", CUT),
        ("DELETE FROM audit WHERE tenant = 'acme' AND object = '0'", "1", CUT),
        ("UPDATE audit SET seq = seq + 1000 WHERE tenant = 'acme' AND object = '3'", "4", CUT),
        ("DELETE FROM audit WHERE tenant = 'acme' AND object IN ('5', '6')", None, ENDS_EARLY),
        ("DELETE FROM audit WHERE tenant = 'acme'", None, ENDS_EARLY),
    ],
)
async def test_the_first_broken_act_is_named(tmp_path: Path, change: str, broken: str | None, why: str) -> None:
    async with open_house(tmp_path) as house:
        await written(house, 7)
        tampered(tmp_path, (change, ()))
        found = await verify(house.store, ACME)
        assert (found.broken.object if found.broken else None, found.why) == (broken, why)
        assert not (await verify(house.store, GLOBEX)).why


async def test_an_act_written_anew_with_its_hash_breaks_the_chain(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await written(house, 7)
        old = (await house.read(lambda tx: tx.audit.before(ACME, 1 << 60, 9)))[3]
        new = chained(old, "0" * 64)
        tampered(tmp_path, ("UPDATE audit SET before = ?, hash = ? WHERE seq = ?", (new.before, new.hash, old.seq)))
        assert (await verify(house.store, ACME)).why == CUT


async def test_age_takes_the_beginning_of_a_chain_and_the_rest_stays_whole(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await written(house, 7)
        assert await house.write(lambda tx: tx.audit.forget_before(NINE + timedelta(minutes=4))) == 8
        found = await verify(house.store, ACME)
        assert (found.acts, found.why) == (3, "")
        tampered(tmp_path, ("DELETE FROM audit WHERE tenant = 'acme' AND object = '4'", ()))
        assert (await verify(house.store, ACME)).why == CUT
        assert await house.write(lambda tx: tx.audit.forget_before(NINE + timedelta(days=4))) == 5
        await written(house, 2, first=9)
        found = await verify(house.store, GLOBEX)
        assert (found.acts, found.why) == (2, "")


async def test_a_clock_that_was_set_back_makes_no_hole(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for number in (5, 1, 6):
            await written(house, 1, first=number)
        assert await house.write(lambda tx: tx.audit.forget_before(NINE + timedelta(minutes=4))) == 0
        assert (await verify(house.store, ACME)).acts == 3


async def test_acts_of_a_release_without_a_chain_are_counted_and_stand_before_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await written(house, 2)
        tampered(tmp_path, ("UPDATE audit SET before = '', hash = ''", ()), ("UPDATE audit_chains SET last = ''", ()))
        old = await verify(house.store, ACME)
        assert (old.acts, old.unchained, old.why) == (2, 2, "")
        await written(house, 2, first=2)
        both = await verify(house.store, ACME)
        assert (both.acts, both.unchained, both.why) == (4, 2, "")
        assert list(await house.read(lambda tx: tx.audit.tenants())) == [ACME, GLOBEX]
