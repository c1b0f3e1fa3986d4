"""`postroom users` against the operator's door: how the first administrator comes to be."""

from __future__ import annotations

from pathlib import Path

from tests.api.operator_door import open_operator_door

NEW = {"account": "ada", "password": "correct horse battery", "role": "administrator"}
ROOT = "/users/acme"


async def test_the_operator_adds_changes_shuts_out_and_lists_users(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door, door.client() as client:
        assert (await client.post(ROOT, json=NEW)).json()["account"] == "ada"
        assert (await client.post(ROOT, json=NEW)).status_code == 409
        assert (await client.post(f"{ROOT}/ada/password", json={"password": "another battery"})).status_code == 200
        assert (await client.post(f"{ROOT}/ada/revoke")).status_code == 200
        assert (await client.post(f"{ROOT}/ada/disable")).json()["disabled"]
        assert [one["account"] for one in (await client.get(ROOT)).json()["users"]] == ["ada"]
        assert (await client.post(f"{ROOT}/bob/revoke")).status_code == 404
        assert (await client.get("/users/nowhere")).status_code == 404
