"""Files are brought before they are sent: kept as they come, their uploader's, named by mails and drafts, and swept."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from postroom.engine.uploads import KEPT_FOR, MOST_FILES
from postroom.ports.uploads import LARGEST_UPLOAD, Uploader
from postroom.session.state import Session
from tests.api.asking import ROOT, ask, reply, token_of_owner
from tests.api.door import Door, open_door, served
from tests.dispatch.house import ACME

LAMP = bytes(range(256)) * 1_000
"""Too much to stay in a row."""
DAY = KEPT_FOR.total_seconds()
BOUNDED = 12_000_000


async def bring(client: httpx.AsyncClient, content: bytes = LAMP, kind: str = "image/png") -> str:
    """Bring a file; gives what it is named by."""
    answer = await client.post(f"{ROOT}/uploads", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["size"], shown["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    return str(shown["upload"])


async def send(client: httpx.AsyncClient, path: str, key: str = "k", **body: object) -> httpx.Response:
    return await client.post(f"{ROOT}{path}", json=body, headers={"Idempotency-Key": key})


async def files_of(client: httpx.AsyncClient, mail: str, conversation: str) -> list[tuple[str, str, bytes]]:
    """Name, type and content of each file of a mail."""
    shown = (await client.get(f"{ROOT}/conversations/{conversation}")).json()
    (found,) = [one for one in shown["mails"] if one["id"] == mail]
    return [
        (
            one["name"],
            one["content_type"],
            (await client.get(f"{ROOT}/mails/{mail}/attachments/{one['index']}")).content,
        )
        for one in found["attachments"]
    ]


async def draft_of(client: httpx.AsyncClient, session: Session) -> dict[str, Any]:
    (found,) = (await client.get(f"{ROOT}/sessions/{session.id}/drafts")).json()["drafts"]
    return dict(found)


def left(folder: Path) -> list[str]:
    """What of uploads is on the disk."""
    return sorted(one.name for one in (folder / "uploads").iterdir())


async def held(door: Door, account: str = "anna") -> int:
    by = Uploader(tenant=ACME, account=account)
    return (await door.house.read(lambda tx: tx.uploads.held(by)))[0]


async def test_replies_forwards_and_first_mails_send_what_was_brought(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        upload, token = await bring(client), token_of_owner(session)
        small = {"name": "note.txt", "content_type": "text/plain", "content": base64.b64encode(b"hello").decode()}
        files = [{"name": "lamp.png", "upload": upload}, small]
        path = f"/sessions/{session.id}"
        passed_on = await send(client, f"{path}/forward", "f", token=token, to=["t@example.com"], attachments=files)
        answered = await send(client, f"{path}/replies", "r", token=token, text="Look", attachments=files)
        first = await send(
            client, "/conversations", "w", channel="support", to=["c@example.com"], subject="Hi", text="Look",
            attachments=[{"name": "lamp.bin", "upload": upload, "content_type": "application/x-lamp"}],
        )  # fmt: skip
        for answer in (passed_on, answered):
            assert answer.status_code == 201, answer.text
            assert await files_of(client, answer.json()["mail"], session.conversation) == [
                ("lamp.png", "image/png", LAMP),
                ("note.txt", "text/plain", b"hello"),
            ]
        begun = first.json()["reply"]
        assert await files_of(client, begun["mail"], begun["conversation"]) == [
            ("lamp.bin", "application/x-lamp", LAMP)
        ]


async def test_a_file_is_its_uploaders_alone(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.assigned("anna")
        foreign, expected = await bring(other), "attachments[1].upload: there is no file of yours"
        mine = await bring(client, b"mine")
        for name in (foreign, "0" * 26, "../../postroom.db"):
            files = [{"name": "a", "upload": mine}, {"name": "b", "upload": name}]
            answer = await send(
                client, f"/sessions/{session.id}/replies", token=token_of_owner(session), text="x", attachments=files
            )
            assert (answer.status_code, len(answer.json()["problems"])) == (422, 1)
            assert answer.json()["problems"][0].startswith(expected)


@pytest.mark.parametrize("file", [{}, {"upload": "x", "content": "AAAA"}])
async def test_a_file_is_said_in_one_way(tmp_path: Path, file: dict[str, str]) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        files = [{"name": "a"} | file]
        answer = await send(
            client, f"/sessions/{session.id}/replies", token=token_of_owner(session), text="x", attachments=files
        )
        assert answer.status_code == 422
        assert answer.json()["problems"] == ["attachments[0]: either `content` or `upload` says what is in it"]


async def test_who_has_the_session_next_sends_the_files_of_its_drafts(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.assigned("anna")
        token, files = token_of_owner(session), [{"name": "lamp.png", "upload": await bring(client)}]
        await client.put(f"{ROOT}/sessions/{session.id}/draft", json={"token": token, "attachments": files})
        await door.house.stand("ben")
        await ask(client, session, "transfer", token=token, agent="ben")
        await door.house.queues().assign_all()
        (offer,) = (await other.get(f"{ROOT}/work")).json()["offers"]
        await ask(other, session, "accept", token=offer["token"])
        (file,) = (await draft_of(other, session))["attachments"]
        body = {"token": offer["token"], "text": "Here it is", "attachments": [file | {"content_type": "image/x-png"}]}
        answer = await send(other, f"/sessions/{session.id}/replies", **body)
        assert answer.status_code == 201, answer.text
        sent = await files_of(other, answer.json()["mail"], session.conversation)
        assert sent == [("lamp.png", "image/x-png", LAMP)]


async def test_a_reply_that_comes_too_late_keeps_all_it_had(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        session = await door.assigned("anna")
        token, upload = token_of_owner(session), await bring(client)
        await ask(client, session, "transfer", token=token, queue="help")
        files = [
            {"name": "lamp.png", "upload": upload},
            {"name": "note.txt", "content": base64.b64encode(b"hello").decode()},
        ]
        said = {"text": "Dear", "quote": True, "from": "personal", "canned": "thanks", "language": "de"}
        body = said | {"token": token, "attachments": files}
        for key in ("once", "and again"):
            assert (await send(client, f"/sessions/{session.id}/replies", key, **body)).status_code == 409
        draft = await draft_of(other, session)
        assert draft | said == draft
        assert [(one["name"], one["size"]) for one in draft["attachments"]] == [
            ("lamp.png", len(LAMP)),
            ("note.txt", 5),
        ]
        assert draft["attachments"][0]["upload"] == upload
        assert await held(door) == 2


async def test_a_file_stays_for_a_day_or_as_long_as_a_draft_names_it(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        token = token_of_owner(session)
        named, small, loose = await bring(client), await bring(client, b"few"), await bring(client, LAMP * 2)
        files = [{"name": "a", "upload": named}, {"name": "b", "upload": small}]
        await client.put(f"{ROOT}/sessions/{session.id}/draft", json={"token": token, "attachments": files})
        door.house.clock.passed += DAY - 1
        assert await door.uploads.sweep() == 0
        assert left(tmp_path) == sorted([named, loose])
        door.house.clock.passed += 2
        assert await door.uploads.sweep() == 1
        assert left(tmp_path) == [named]
        door.house.clock.passed += 100 * DAY
        assert await door.uploads.sweep() == 0
        await reply(client, session)  # with it the draft is gone
        assert await door.uploads.sweep() == 2
        assert (left(tmp_path), await held(door)) == ([], 0)


async def test_what_was_sent_makes_room_after_an_hour(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        files = [{"name": "a", "upload": await bring(client)}]
        body: dict[str, Any] = {"token": token_of_owner(session), "text": "x", "attachments": files}
        assert (await send(client, f"/sessions/{session.id}/replies", **body)).status_code == 201
        door.house.clock.passed += 3_599
        assert await door.uploads.sweep() == 0
        door.house.clock.passed += 2
        assert await door.uploads.sweep() == 1
        assert (await send(client, f"/sessions/{session.id}/replies", **body)).status_code == 201, "the same as before"
        assert (await send(client, f"/sessions/{session.id}/replies", "k2", **body)).status_code == 422


async def test_a_file_whose_bytes_are_gone_is_asked_for_again(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        session = await door.assigned()
        upload = await bring(client)
        (tmp_path / "uploads" / upload).unlink()
        body: dict[str, Any] = {"token": token_of_owner(session), "text": "x"}
        body["attachments"] = [{"name": "a", "upload": upload}]
        answer = await send(client, f"/sessions/{session.id}/replies", **body)
        assert (answer.status_code, answer.json()["problems"]) == (
            422,
            [f"the file {upload} is not kept any more: bring it again"],
        )
        assert list((tmp_path / "spool").iterdir()) == []


async def too_much() -> AsyncIterator[bytes]:
    for _ in range(LARGEST_UPLOAD // 1_000_000 + 1):
        yield b"x" * 1_000_000


async def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        announced = await client.post(f"{ROOT}/uploads", content=b"", headers={"Content-Length": "9" * 12})
        assert (announced.status_code, announced.json()["type"]) == (413, "urn:postroom:problem:upload-too-large")
        comes = await client.post(f"{ROOT}/uploads", content=too_much())
        assert comes.status_code == 413
        assert left(tmp_path) == []


async def test_nobody_brings_without_end(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        by = Uploader(tenant=ACME, account="anna")
        for number in range(MOST_FILES):
            await door.uploads.put(by, "text/plain", b"%d" % number)
        answer = await client.post(f"{ROOT}/uploads", content=b"one more")
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:postroom:problem:too-many-uploads")
        assert await held(door) == MOST_FILES


async def test_many_at_once_cannot_bring_more_than_one_after_the_other(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        by = Uploader(tenant=ACME, account="anna")
        for number in range(MOST_FILES - 2):
            await door.uploads.put(by, "text/plain", b"%d" % number)
        answers = await asyncio.gather(*(client.post(f"{ROOT}/uploads", content=LAMP) for _ in range(8)))
        assert sorted(one.status_code for one in answers) == [201] * 2 + [413] * 6
        await door.uploads.sweep()
        assert len(left(tmp_path)) == 2


async def test_a_disk_without_room_takes_no_file(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        (tmp_path / "full").touch()
        answer = await client.post(f"{ROOT}/uploads", content=LAMP)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert await held(door) == 0


async def half() -> AsyncIterator[bytes]:
    yield LAMP
    raise ConnectionError


async def test_a_file_that_does_not_come_whole_leaves_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client(url=url) as client:
        with pytest.raises(ConnectionError):
            await client.post(f"{ROOT}/uploads", content=half(), headers={"Content-Length": str(10 * len(LAMP))})
        await bring(client)
        for _ in range(3_000):
            if len(left(tmp_path)) == 1:
                break
            await asyncio.sleep(0.01)
        assert len(left(tmp_path)) == await held(door) == 1


async def test_a_sweep_lets_alone_what_arrives_and_removes_what_has_no_row(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        come, go_on = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield LAMP
            come.set()
            await go_on.wait()
            yield LAMP

        async with asyncio.TaskGroup() as group:
            coming = group.create_task(client.post(f"{ROOT}/uploads", content=slowly()))
            await come.wait()
            for orphan in ("0" * 26, "1" * 26 + ".part"):
                (tmp_path / "uploads" / orphan).write_bytes(b"left by a killed process")
            await door.uploads.sweep()
            assert [one.endswith(".part") for one in left(tmp_path)] == [True]
            go_on.set()
        assert coming.result().status_code == 201
        assert left(tmp_path) == [coming.result().json()["upload"]]


async def stripes(pieces: int) -> AsyncIterator[bytes]:
    for _ in range(pieces):
        yield LAMP


async def test_a_large_file_is_brought_and_sent_with_little_of_it_in_memory(tmp_path: Path) -> None:
    pieces = LARGEST_UPLOAD // len(LAMP)
    async with served(tmp_path) as (door, url), door.client(url=url) as client:
        session = await door.assigned()
        headers = {"Content-Length": str(pieces * len(LAMP))}
        tracemalloc.start()
        try:
            answer = await client.post(f"{ROOT}/uploads", content=stripes(pieces), headers=headers)
            body: dict[str, Any] = {"token": token_of_owner(session), "text": "x"}
            body["attachments"] = [{"name": "a", "upload": answer.json()["upload"]}]
            sent = await send(client, f"/sessions/{session.id}/replies", **body)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert sent.status_code == 201, sent.text
        assert peak < BOUNDED
        digest = hashlib.sha256()
        async with client.stream("GET", f"{ROOT}/mails/{sent.json()['mail']}/attachments/2") as file:
            async for piece in file.aiter_bytes():
                digest.update(piece)
        assert digest.hexdigest() == answer.json()["sha256"]


async def test_a_file_brought_is_in_the_audit_log(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        upload = await bring(client)
        (act,) = await door.house.read(lambda tx: list(tx.audit.before(ACME, 1 << 60, 9)))
        assert (act.act, act.object, act.result) == ("POST /uploads", upload, "done")
