"""Channels are exported as tasks with their progress, and taken in from the same files."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from postroom.engine.exports import Exporter, Record, Source
from postroom.engine.world import no_failpoint
from postroom.errors import PermanentError
from postroom.ports.exports import ExportStatus, ExportTask
from postroom.ports.store import Tx
from postroom.settings.channel_records import COLUMNS
from postroom.store.parcels import Parcels
from postroom.wiring.exports import Channels, Sessions
from tests.api.settings_door import ROOT, SettingsDoor, settings_door

EXPORTS = "/api/v1/acme/exports"


class Broken:
    columns: tuple[str, ...] = COLUMNS

    def page(self, _tx: Tx, _task: ExportTask, _after: int, _most: int) -> list[tuple[int, Record]]:
        raise PermanentError("the disk of the records is gone")


def exporter(here: SettingsDoor, source: Source | None = None, what: str = "channels") -> Exporter:
    house = here.door.house
    parcels = Parcels(here.folder_of_store)
    return Exporter(
        house.store,
        parcels,
        {what: source or Channels(lambda: here.force.generation)},
        house.clock,
        house.offload,
        no_failpoint,
    )


def with_channels(here: SettingsDoor, count: int) -> None:
    """That many channels in force, however they came there."""
    acme = here.force.generation.require("acme")
    first = acme.channels[0]
    more = tuple(replace(first, name=f"c{number}", labels=("=1+1",)) for number in range(count - 1))
    here.force.generation = replace(here.force.generation, tenants=(replace(acme, channels=(first, *more)),))


def parts_of(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        return {part.filename: packed.read(part).decode() for part in packed.infolist()}


async def asked(client: httpx.AsyncClient, **body: object) -> str:
    answer = await client.post(EXPORTS, json=body)
    assert (answer.status_code, answer.json()["status"]) == (202, "Running")
    return str(answer.json()["id"])


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_a_zip_holds_every_key_of_every_channel_in_parts_of_two_thousand(tmp_path: Path, form: str) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        with_channels(here, 4001)
        task = await asked(ada, form=form)
        assert (await ada.get(f"{EXPORTS}/{task}/file")).status_code == 409
        await exporter(here).work()
        found = (await ada.get(f"{EXPORTS}/{task}")).json()
        assert (found["status"], found["done"], found["total"]) == ("Success", 4001, 4001)
        parts = parts_of(await ada.get(f"{EXPORTS}/{task}/file"))
        assert list(parts) == [f"channels-000{number}.{form}" for number in (1, 2, 3)]
        lines = [text.count("\n") - (form == "csv") for text in parts.values()]
        assert lines == [2000, 2000, 1]
        assert "s3cret" not in "".join(parts.values())


async def test_sessions_are_exported_with_who_was_served_and_nothing_of_what_was_written(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        for number in range(3):
            here.door.house.clock.passed += 3600
            await here.door.house.customer_writes("=1+1", channel="support" if number else "shop")
        task = await asked(ada, what="sessions", form="csv")
        since = here.door.house.clock.now().isoformat()
        late = await asked(ada, what="sessions", since=since, names=["support"])
        await exporter(here, Sessions(), "sessions").work()
        (text,) = parts_of(await ada.get(f"{EXPORTS}/{task}/file")).values()
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["channel"] for row in rows] == ["shop", "support", "support"]
        assert {row["subject"] for row in rows} == {"'=1+1"}
        assert (await ada.get(f"{EXPORTS}/{late}")).json()["total"] == 1
        assert (await ada.post(EXPORTS, json={"what": "sessions", "since": "2026-01-01"})).status_code == 422


async def test_selected_channels_are_exported_and_unknown_ones_named(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        with_channels(here, 3)
        task = await asked(ada, names=["c1"])
        await exporter(here).work()
        (text,) = parts_of(await ada.get(f"{EXPORTS}/{task}/file")).values()
        assert [line[:12] for line in text.splitlines()] == ['{"name":"c1"']
        refused = await ada.post(EXPORTS, json={"names": ["c1", "nope"]})
        assert (refused.status_code, refused.json()["problems"]) == (422, ["there is no channel 'nope'"])


async def test_too_many_records_are_refused_with_their_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.api.exports.MOST_RECORDS", 5)
    async with settings_door(tmp_path) as here, here.client() as ada:
        with_channels(here, 6)
        refused = await ada.post(EXPORTS, json={})
        assert (refused.status_code, refused.json()["detail"][:22]) == (422, "6 records are selected")


async def test_a_task_that_was_left_half_way_is_made_anew_and_one_that_fails_says_why(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        task = await asked(ada)
        half = await here.door.house.read(lambda tx: tx.exports.get(task))
        assert half is not None
        await here.door.house.write(lambda tx: tx.exports.save(replace(half, done=1, total=9)))
        (here.folder_of_store / "exports").mkdir()
        (here.folder_of_store / "exports" / f"{task}.part").write_bytes(b"rubbish of before")
        await exporter(here).work()
        found = (await ada.get(f"{EXPORTS}/{task}")).json()
        assert (found["status"], found["done"], found["total"]) == ("Success", 1, 1)
        assert parts_of(await ada.get(f"{EXPORTS}/{task}/file"))
        broken = await asked(ada)
        await exporter(here, Broken()).work()
        found = (await ada.get(f"{EXPORTS}/{broken}")).json()
        assert (found["status"], found["words"]) == (ExportStatus.FAILED.value, "the disk of the records is gone")
        assert [one["id"] for one in (await ada.get(EXPORTS)).json()["exports"]] == [broken, task]


async def test_a_file_goes_away_when_it_expires(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        task = await asked(ada)
        await exporter(here).work()
        here.door.house.clock.passed += timedelta(hours=25).total_seconds()
        assert (await ada.get(f"{EXPORTS}/{task}/file")).status_code == 404
        await exporter(here).work()
        assert (await ada.get(f"{EXPORTS}/{task}")).status_code == 404
        assert not list((here.folder_of_store / "exports").iterdir())


async def test_tasks_are_an_administrators_and_of_one_tenant_and_not_too_many(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        task = await asked(ada)
        found = await here.door.house.read(lambda tx: tx.exports.get(task))
        assert found is not None
        foreign = replace(found, id="01FOREIGN", tenant="globex")
        await here.door.house.write(lambda tx: tx.exports.save(foreign))
        assert (await ada.get(f"{EXPORTS}/01FOREIGN")).status_code == 404
        for account in ("anna", "sue"):
            async with here.client(account) as other:
                for path in ("", f"/{task}", f"/{task}/file"):
                    assert (await other.get(f"{EXPORTS}{path}")).status_code == 403
                assert (await other.post(EXPORTS, json={})).status_code == 403
        for _ in range(9):
            await asked(ada)
        assert (await ada.post(EXPORTS, json={})).status_code == 409


async def taken_in(client: httpx.AsyncClient, body: bytes, **query: str) -> httpx.Response:
    return await client.post("/api/v1/acme/channels/import", content=body, params=query)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_the_file_of_an_export_is_taken_in_as_one_version(tmp_path: Path, form: str) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        task = await asked(ada, form=form)
        await exporter(here).work()
        packed = (await ada.get(f"{EXPORTS}/{task}/file")).content
        same = await taken_in(ada, packed)
        assert (same.status_code, same.json()["item"], same.json()["version"]) == (200, 1, 0)
        (text,) = parts_of(await ada.get(f"{EXPORTS}/{task}/file")).values()
        more = text.replace("support", "sales").replace("help@", "sales@")
        tried = await taken_in(ada, more.encode(), form=form, dry_run="true")
        assert (tried.status_code, tried.json()["dry_run"]) == (200, True)
        assert (await taken_in(ada, more.encode(), form=form)).json()["version"] == 1
        names = [one["name"] for one in (await ada.get(f"{ROOT}/channels")).json()["items"]]
        assert names == ["support", "sales"]


async def test_a_faulty_file_changes_nothing_and_every_problem_is_named(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        columns = "name,receiving_gateway,sending_gateway,skill_queue,max_cc"
        rows = f"{columns}\nsupport,in,out,help,200\nsales,nowhere,out,help,\n"
        refused = await taken_in(ada, rows.encode(), form="csv")
        assert refused.status_code == 422
        assert [one["key"] for one in refused.json()["errors"]] == [
            "channels[0].max_cc",
            "channels[1].receiving_gateway",
        ]
        assert (await ada.get(ROOT)).json()["version"] == 0


@pytest.mark.parametrize(
    ("body", "form"),
    [(b"", "zip"), (b"PK\3\4rubbish", "zip"), (b"\xff\xfe", "csv"), (b"[1]", "jsonl"), (b"name\na,b", "csv")],
)
async def test_what_is_no_file_of_channels_is_refused(tmp_path: Path, body: bytes, form: str) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        refused = await taken_in(ada, body, form=form)
        assert (refused.status_code, refused.json()["type"][-19:]) == (422, "no-file-of-channels")


async def test_a_zip_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    def blown() -> Iterator[bytes]:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("channels-0001.jsonl", b"\n" * 110_000_000)
        yield packed.getvalue()

    async with settings_door(tmp_path) as here, here.client() as ada:
        refused = await taken_in(ada, next(blown()))
        assert "more than is taken here" in refused.json()["problems"][0]
