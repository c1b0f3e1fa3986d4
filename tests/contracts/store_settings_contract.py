"""What every store must do with versions of settings and with tasks of exports."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.ports.exports import ExportStatus, ExportTask
from postroom.ports.settings_versions import SettingsChange, SettingsVersion
from postroom.ports.store import Store, Tx
from tests.store.samples import NOW, later


def version(number: int, tenant: str = "acme") -> SettingsVersion:
    change = SettingsChange(path="/channels/support", what="changed", keys=("max_cc",))
    return SettingsVersion(
        tenant=tenant,
        number=number,
        at=later(number),
        actor="ada",
        action="change channels/support",
        changes=(change,),
        content=b'{"name":"acme"}',
    )


def task(name: str, tenant: str = "acme", *, expires: float = 60) -> ExportTask:
    return ExportTask(
        id=name,
        tenant=tenant,
        actor="ada",
        what="channels",
        form="csv",
        names=("support",),
        created_at=NOW,
        expires_at=later(expires),
    )


class SettingsVersionsContract:
    async def test_the_newest_of_each_tenant_is_given_and_older_ones_in_pages(self, store: Store) -> None:
        def unit(tx: Tx) -> None:
            for one in (version(1), version(2), version(3), version(1, "globex")):
                tx.settings.add(one)

        await store.write(unit)
        assert await store.read(lambda tx: tx.settings.newest()) == [version(3), version(1, "globex")]
        assert await store.read(lambda tx: tx.settings.get("acme", 2)) == version(2)
        assert await store.read(lambda tx: tx.settings.get("acme", 9)) is None
        page = await store.read(lambda tx: tx.settings.before("acme", 3, 1))
        assert page == [replace(version(2), content=b"")]
        assert await store.write(lambda tx: tx.settings.trim("acme", 3)) == 2
        assert await store.read(lambda tx: len(tx.settings.before("acme", 99, 99))) == 1

    async def test_no_two_versions_have_one_number(self, store: Store) -> None:
        await store.write(lambda tx: tx.settings.add(version(1)))
        with pytest.raises(Exception, match="UNIQUE"):
            await store.write(lambda tx: tx.settings.add(version(1)))
        assert await store.read(lambda tx: tx.settings.newest()) == [version(1)]


class ExportsContract:
    async def test_tasks_are_kept_as_they_go_on_until_they_are_dropped(self, store: Store) -> None:
        tasks = [task("e1"), task("e2", expires=1), task("e3", "globex")]

        def unit(tx: Tx) -> None:
            for one in tasks:
                tx.exports.save(one)

        await store.write(unit)
        done = replace(tasks[0], status=ExportStatus.SUCCESS, done=7, total=7)
        await store.write(lambda tx: tx.exports.save(done))
        assert await store.read(lambda tx: tx.exports.running()) == tasks[1:]
        assert await store.read(lambda tx: tx.exports.of_tenant("acme", 9)) == [tasks[1], done]
        assert await store.read(lambda tx: tx.exports.expired(later(1))) == [tasks[1]]
        await store.write(lambda tx: tx.exports.drop("e2"))
        assert await store.read(lambda tx: tx.exports.get("e2")) is None
        assert await store.read(lambda tx: tx.exports.get("e1")) == done
