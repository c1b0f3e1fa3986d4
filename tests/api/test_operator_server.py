"""The operator's socket: whose it is, where it is, and what becomes of one a dead process left."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from postroom.api.operator.address import LONGEST, SOCKET
from postroom.api.operator.server import OperatorServer
from postroom.errors import ConfigurationError
from tests.api.operator_door import listening, open_operator_door
from tests.engine.quarantined import poisonous


async def test_the_socket_answers_its_own_user_alone_and_is_gone_at_the_end(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door:
        held = await door.ward.admit(poisonous())
        async with listening(door) as client:
            found = (await client.get("/mails")).raise_for_status().json()
            assert [line["id"] for line in found["mails"]] == [held.id]
            mode = (door.folder / SOCKET).stat().st_mode
            assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
        assert not (door.folder / SOCKET).exists()


async def test_a_socket_that_a_dead_process_left_is_replaced(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(door.folder / SOCKET))
        async with listening(door) as client:
            assert (await client.get("/gateways")).status_code == 200


async def test_a_file_that_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door:
        (door.folder / SOCKET).write_text("precious")
        with pytest.raises(ConfigurationError, match=r"cannot listen on .*postroom\.sock: .*move it away"):
            OperatorServer(door.app, door.folder).bind()
        assert (door.folder / SOCKET).read_text() == "precious"


async def test_a_folder_whose_name_is_longer_than_a_socket_may_have_serves_too(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * LONGEST) / "e"
    deep.mkdir(parents=True)
    async with open_operator_door(deep) as door, listening(door) as client:
        assert (await client.get("/gateways")).status_code == 200
        assert stat.S_IMODE((door.folder / SOCKET).stat().st_mode) == 0o600


async def test_nobody_is_left_waiting_when_it_was_bound_and_never_ran(tmp_path: Path) -> None:
    async with open_operator_door(tmp_path) as door:
        server = OperatorServer(door.app, door.folder)
        server.bind()
        server.unbind()
        server.unbind()
        assert not (door.folder / SOCKET).exists()
