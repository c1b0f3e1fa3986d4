"""The trace of one mail over the operator's door: its verdicts, then the decisions of its conversation in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.api.operator import trace
from tests.api.operator_door import open_operator_door
from tests.api.test_operator_mails import HOSTILE_IDS
from tests.engine.quarantined import poisonous


async def test_a_mail_is_traced_by_its_own_id_and_by_that_under_which_it_came(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        held = await door.ward.admit(poisonous())
        assert (await client.get(f"/mails/{held.id}/trace")).status_code == 404  # nothing of it is stored yet
        released = (await client.post(f"/mails/{held.id}/release")).raise_for_status().json()
        found = (await client.get(f"/mails/{held.id}/trace")).raise_for_status().json()
        assert (found["mail"], found["receipt"], found["outcome"]) == (released["mail"], held.id, "conversation")
        assert [line["step"] for line in found["trace"]][:4] == ["read", "class", "route", "thread"]
        (decision,) = found["decisions"]
        assert (decision["event"], decision["before"], decision["after"]) == ("message_received", "new", "queued")
        assert f"mail: {released['mail']}" in decision["details"]
        assert any(effect.startswith("enter_queue queue: ") for effect in decision["effects"])
        same = (await client.get(f"/mails/{released['mail']}/trace")).raise_for_status().json()
        assert same == found | {"receipt": None}


async def test_it_is_bounded_and_tells_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "MOST", 1)
    async with open_operator_door(tmp_path) as door, door.client() as client:
        held = await door.ward.admit(poisonous())
        await client.post(f"/mails/{held.id}/release")
        second = await door.ward.admit(
            poisonous(token="two").replace(b"\r\n\r\n", b"\r\nIn-Reply-To: <one@example.com>\r\n\r\n"), "u2"
        )
        await client.post(f"/mails/{second.id}/release")
        found = (await client.get(f"/mails/{second.id}/trace")).raise_for_status().json()
        assert (len(found["decisions"]), found["more"]) == (1, True)
        assert "token" not in str(found["decisions"])


@pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=range(len(HOSTILE_IDS)))
async def test_an_id_that_is_none_is_not_there(tmp_path: Path, hostile: str) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        path = "/mails/" + hostile.encode().hex("%")
        answer = await client.get(f"/mails/%{path.removeprefix('/mails/')}/trace")
        assert answer.status_code in {404, 405}
