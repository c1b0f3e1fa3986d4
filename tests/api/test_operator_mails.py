"""The operator's lists of mails, and what he does with one, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from postroom.api.operator import mails
from postroom.routing.outcome import Outcome
from tests.api.operator_door import open_operator_door
from tests.engine.quarantined import REASON, poisonous

HOSTILE_IDS = (
    "..",
    "../../etc/passwd",
    "%2e%2e%2fraw",
    "' OR 1=1 --",
    "\x00",
    "0" * 25,
    "0" * 27,
    "0" * 10_000,
    "Ü" * 26,
    "0" * 26 + "\n",
)


async def listed(client: httpx.AsyncClient, **query: str | int) -> dict[str, Any]:
    answer = await client.get("/mails", params=query)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def test_a_list_says_of_each_mail_where_it_is_from_and_why_it_is_there(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        held = await door.ward.admit(poisonous("=?utf-8?q?Caf=C3=A9?="))
        large = await door.ward.admit(b"From: b@example.com\r\nSubject: big\r\n\r\n", outcome=Outcome.OVERSIZE)
        (line,) = (await listed(client))["mails"]
        assert line | {"first_seen_at": ""} == {
            "id": held.id,
            "tenant": "acme",
            "gateway": "acme/in",
            "first_seen_at": "",
            "size": len(poisonous("=?utf-8?q?Caf=C3=A9?=")),
            "outcome": "quarantined",
            "reason": REASON,
            "attempts": 3,
            "sender": "Carla Customer <carla@example.com>",
            "subject": "Café",
        }
        (oversize,) = (await listed(client, outcome="oversize"))["mails"]
        assert (oversize["id"], oversize["subject"], oversize["size"]) == (large.id, "big", large.listed_size)
        assert await listed(client, outcome="unrouted") == {"mails": [], "more": False}
        assert (await listed(client, tenant="globex"))["mails"] == []


async def test_a_list_is_bounded_and_newest_first(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        ids = [(await door.ward.admit(b"Subject: %d\r\n\r\n" % number, f"u{number}")).id for number in range(7)]
        found = await listed(client, limit=5)
        assert ([line["id"] for line in found["mails"]], found["more"]) == (ids[:1:-1], True)
        found = await listed(client, limit=7)
        assert (len(found["mails"]), found["more"]) == (7, False)
        for limit in ("0", "-1", str(mails.MOST + 1), "many", "9" * 400):
            assert (await client.get("/mails", params={"limit": limit})).status_code == 422
        for outcome in ("conversation", "", "' OR 1=1 --"):
            assert (await client.get("/mails", params={"outcome": outcome})).status_code == 422


async def test_the_headers_of_a_list_are_looked_at_within_a_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "GLANCED_AT", 1_000)
    async with open_operator_door(tmp_path) as door, door.client() as client:
        await door.ward.admit(b"Subject: small\r\n\r\n", "u1")
        await door.ward.admit(b"Subject: large\r\n\r\n" + b"x" * 1_000, "u2")
        assert [line["subject"] for line in (await listed(client))["mails"]] == [None, "small"]


async def test_one_mail_shows_its_header_as_it_came_and_its_bytes_can_be_saved(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        held = await door.ward.admit(poisonous("=?utf-8?q?Caf=C3=A9?="))
        found = (await client.get(f"/mails/{held.id}")).raise_for_status().json()
        assert "Subject: =?utf-8?q?Caf=C3=A9?=\r\n" in found["header"]
        assert "lamp" not in found["header"]
        assert (found["uid"], found["sha256"], found["header_is_cut"]) == ("u1", held.raw.sha256, False)
        assert (found["mail"], found["conversation"], found["trace"]) == (None, None, [])
        raw = await client.get(f"/mails/{held.id}/raw")
        assert raw.content == poisonous("=?utf-8?q?Caf=C3=A9?=")
        assert raw.headers["content-type"] == "application/octet-stream"
        assert raw.headers["content-disposition"].startswith("attachment;")


async def test_a_header_without_end_is_cut(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        held = await door.ward.admit(b"Subject: one\r\n" + b"X: y\r\n" * 100_000)
        found = (await client.get(f"/mails/{held.id}")).raise_for_status().json()
        assert (found["line"]["subject"], found["header_is_cut"]) == ("one", True)
        assert len(found["header"]) <= 64 * 1024


async def test_a_mail_whose_bytes_are_gone_is_still_listed_and_shown(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        held = await door.ward.admit(poisonous(more=b"x" * 70_000))
        (door.folder / "blobs" / held.raw.sha256[:2] / held.raw.sha256[2:]).unlink()
        (line,) = (await listed(client))["mails"]
        assert (line["id"], line["sender"]) == (held.id, None)
        assert (await client.get(f"/mails/{held.id}")).json()["header"] is None
        assert (await client.get(f"/mails/{held.id}/raw")).status_code == 410
        refused = await client.post(f"/mails/{held.id}/retry")
        assert refused.status_code == 409
        assert "are gone" in refused.json()["detail"]


async def test_retry_and_release_say_what_became_of_the_mail_and_refuse_a_second_time(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        first, second = await door.ward.admit(poisonous(token="a"), "u1"), await door.ward.admit(poisonous(), "u2")
        kept = (await client.post(f"/mails/{first.id}/retry")).raise_for_status().json()
        assert (kept["outcome"], kept["mail"]) == ("quarantined", None)
        released = (await client.post(f"/mails/{second.id}/release")).raise_for_status().json()
        assert released["outcome"] == "conversation"
        door.ward.cure()
        settled = (await client.post(f"/mails/{first.id}/retry")).raise_for_status().json()
        assert settled["outcome"] == "conversation"
        for receipt in (first, second):
            for verb in ("retry", "release"):
                again = await client.post(f"/mails/{receipt.id}/{verb}")
                assert again.status_code == 409
                assert again.json()["detail"] == "this mail is not in quarantine: its outcome is conversation."
        assert len(await door.ward.mails()) == 2
        shown = (await client.get(f"/mails/{first.id}")).json()
        assert shown["mail"] == settled["mail"]
        assert [line["step"] for line in shown["trace"]][:3] == ["read", "class", "route"]
        assert (await listed(client))["mails"] == []


@pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=range(len(HOSTILE_IDS)))
async def test_an_id_that_is_none_is_answered_as_one_that_is_not_there(tmp_path: Path, hostile: str) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        await door.ward.admit(poisonous())
        # Every octet escaped: nothing on the way to the route makes it harmless.
        path = b"/operator/v1/mails/%" + hostile.encode().hex("%").encode()
        for method, verb in (("GET", b""), ("GET", b"/raw"), ("POST", b"/retry"), ("POST", b"/release")):
            answer = await client.request(method, httpx.URL("http://postroom").copy_with(raw_path=path + verb))
            assert answer.status_code in {404, 405}, answer.text
        assert len((await listed(client))["mails"]) == 1


async def test_nothing_else_is_served_here(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        for path in ("/", "/schema", "/api/v1/acme/me", "/operator/v1/"):
            assert (await client.get(f"http://postroom{path}")).status_code == 404
        assert (await client.get("/mails/" + "0" * 26 + "/retry")).status_code == 405


async def test_a_mail_that_no_route_matched_is_given_to_a_channel(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        held = await door.ward.lost(poisonous())
        nowhere = await client.post(f"/mails/{held.id}/route", json={"channel": "nowhere"})
        assert (nowhere.status_code, nowhere.json()["detail"]) == (422, "There is no channel 'nowhere'.")
        door.ward.cure()
        given = await client.post(f"/mails/{held.id}/route", json={"channel": "support"})
        assert (given.status_code, given.json()["outcome"]) == (200, "conversation")
        late = await client.post(f"/mails/{held.id}/route", json={"channel": "support"})
        assert (late.status_code, late.json()["detail"]) == (
            409,
            "this mail is not unrouted: its outcome is conversation.",
        )
        acts = await door.ward.house.read(lambda tx: [one.act for one in tx.audit.before("acme", 10**9, 9)])
        assert acts == ["route mail"]
