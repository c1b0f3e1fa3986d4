"""A tenant set up over HTTP alone, in the real process: mail flows, changes count at once, a kill leaves all whole."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.settings_door import KEY
from tests.journeys.config import PROCESS, TOKENS, Written
from tests.journeys.process import AgentClient, log_of, wait_for
from tests.journeys.world import BOX, World, world

pytestmark = [pytest.mark.server, pytest.mark.journey]

PASSWORD = "pw0"
EXPORTS = "/exports"
FIRST = """\
agents:
  - {{account: clara, name: Clara, role: administrator, token_sha256: [{clara}]}}
"""


class StoreWorld(World):
    """A world whose tenant has nothing but an administrator, in the store."""

    def write(self, written: Written) -> None:  # noqa: ARG002 it says all itself
        """Write the process's file and key, and import the first tenant."""
        first = self.config.with_name("first") / "tenants"
        first.mkdir(parents=True)
        (first / "acme.yaml").write_text(FIRST.format(clara=hashed("clara")))
        self.config.mkdir()
        settings = "settings: {source: store, keys: [file:key]}\n"
        (self.config / "postroom.yaml").write_text(PROCESS.format(http=self.http, ops=self.ops) + settings)
        (self.config / "key").write_text(KEY)
        (self.config / "key").chmod(0o600)
        postroom("import", str(first.parent), "--config", str(self.config))


def hashed(account: str) -> str:
    return hashlib.sha256(TOKENS[account].encode()).hexdigest()


def postroom(*words: str) -> str:
    command = [sys.executable, "-m", "postroom", *words]
    done = subprocess.run(command, check=False, env={**os.environ}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def store_world(folder: Path) -> Iterator[World]:
    with world(folder / "w") as outer:
        yield StoreWorld(folder, outer.box, outer.sink, Written())


class Administrator:
    """Clara at the door."""

    def __init__(self, here: World) -> None:
        self._url = f"http://127.0.0.1:{here.http}/api/v1/acme"
        self._headers = {"Authorization": f"Bearer {TOKENS['clara']}"}

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        url = self._url + (path if path.startswith(EXPORTS) else f"/settings{path}")
        return httpx.request(method, url, json=body, headers=self._headers | headers, timeout=30)

    def get(self, path: str) -> Any:  # noqa: ANN401 as JSON has it
        return self.ask("GET", path).raise_for_status().json()

    def add(self, section: str, **thing: object) -> None:
        self.ask("POST", f"/{section}", thing).raise_for_status()

    def change(self, path: str, **keys: object) -> httpx.Response:
        return self.ask("PATCH", path, keys, **{"If-Match": self.ask("GET", path).headers["ETag"]})


def set_up(here: World, clara: Administrator) -> None:
    """Make all that a channel needs."""
    plain = {"host": "127.0.0.1", "security": "none", "allow_plaintext": True}
    clara.add("agents", account="anna", name="Anna", token_sha256=[hashed("anna")])
    clara.add("queues", name="first_line", members=["anna"])
    box = {"user": "u0@cc.example", "password": {"value": PASSWORD}, "poll_every": "1s"}
    clara.add(
        "gateways", kind="pop3", name="inbox", port=here.box.pop3, own_addresses=["support@cc.example"], **plain, **box
    )
    sender = {"auth": "none", "from_address": "support@cc.example"}
    clara.add("gateways", kind="smtp", name="outbox", port=here.sink.port, **plain, **sender)
    way = {"receiving_gateway": "inbox", "sending_gateway": "outbox", "skill_queue": "first_line"}
    hours = {"non_workday": ["00:00-24:00"]}
    clara.add("channels", name="support", addresses=["support@cc.example"], work_time=hours, **way)


def answer_next(here: World) -> None:
    with AgentClient(here.http, "anna") as anna:
        anna.ready()
        offer = wait_for(lambda: anna.work()["offers"], "an offer")[0]
        session, token = offer["session"], offer["token"]
        accepted = anna.post(f"/sessions/{session}/accept", {"token": token}).raise_for_status().json()
        body = {"token": accepted["token"], "text": "We look into it."}
        anna.post(f"/sessions/{session}/replies", body, key=session).raise_for_status()


def test_a_tenant_set_up_over_http_serves_its_customers_and_changes_count_at_once(tmp_path: Path) -> None:
    with store_world(tmp_path) as here:
        clara = Administrator(here)
        with here.process() as process:
            set_up(here, clara)
            here.deliver(1)
            answer_next(here)
            wait_for(here.sink.mails, "the answer to arrive")
            refused = clara.ask("DELETE", "/channels/support", **{"If-Match": "*"})
            assert refused.status_code == 409
            assert "channel 'support' is gone, and 1 open session uses it" in refused.json()["problems"][0]
            wrong = clara.change("/channels/support", skill_queue="nobody", max_cc=101)
            assert {one["pointer"] for one in wrong.json()["errors"]} == {"#/skill_queue", "#/max_cc"}
            assert clara.change("/channels/support", mode="shadow").status_code == 200
            here.deliver(1)
            wait_for(lambda: here.oracle.settled() == 2, "the second mail")
            assert len(here.box.mails(BOX)) == 1
            version = clara.get("")["version"]
            clara.ask("POST", f"/versions/{version - 1}/restore").raise_for_status()
            assert clara.get("/channels/support")["mode"] == "live"
            shown = postroom("check", "--config", str(here.config))
            assert process.stop() == 0
        texts = [
            shown,
            log_of(here.config).read_text(),
            postroom("export", str(tmp_path / "out"), "--config", str(here.config)),
        ]
        assert not [text for text in texts if PASSWORD in text]
        with here.process():
            here.deliver(1)
            answer_next(here)


@pytest.mark.parametrize(("place", "is_new"), [("settings_keeping", False), ("settings_kept", True)])
def test_a_kill_in_the_middle_of_a_change_leaves_one_whole_version(tmp_path: Path, place: str, is_new: bool) -> None:
    with store_world(tmp_path) as here:
        clara = Administrator(here)
        with here.process() as process:
            set_up(here, clara)
            before = clara.get("")["version"]
            process.kill()
        with here.process(f"{place}:kill:1") as process:
            with pytest.raises(httpx.HTTPError):
                clara.change("/queues/first_line", offer_for="99s")
            process.wait_killed(place)
        with here.process():
            wanted = (before + 1, 99) if is_new else (before, 60)
            assert (clara.get("")["version"], clara.get("/queues/first_line")["offer_for"]) == wanted
            assert [one["number"] for one in clara.get("/versions?limit=1")["versions"]] == [wanted[0]]
            here.deliver(1)
            answer_next(here)


def test_a_running_service_imports_a_folder_as_a_whole(tmp_path: Path) -> None:
    with store_world(tmp_path) as here, here.process():
        clara = Administrator(here)
        set_up(here, clara)
        out = tmp_path / "out"
        postroom("export", str(out), "--config", str(here.config))
        (out / "secrets" / "acme-gateways-inbox-password").write_text(PASSWORD)
        said = postroom("import", str(out), "--config", str(here.config))
        assert said == "Nothing differs from what is there.\n"
        file = out / "tenants" / "acme.yaml"
        file.write_text(file.read_text().replace("- name: first_line\n", "- name: first_line\n  offer_for: 77\n"))
        version = clara.get("")["version"]
        said = postroom("import", str(out), "--config", str(here.config))
        assert said == f"acme: version {version + 1}, 1 change\n  changed /queues/first_line offer_for\n"
        assert clara.get("/queues/first_line")["offer_for"] == 77


def test_an_export_that_a_kill_left_half_way_is_finished_by_the_next_start(tmp_path: Path) -> None:
    with store_world(tmp_path) as here:
        clara = Administrator(here)
        with here.process() as process:
            set_up(here, clara)
            assert process.stop() == 0
        with here.process("export_part:kill:1") as process:
            clara.ask("POST", EXPORTS, {"form": "csv"}).raise_for_status()
            process.wait_killed("export_part")
        with here.process():
            (task,) = wait_for(lambda: done_exports(clara), "the export to be made")
            assert (task["status"], task["done"]) == ("Success", 1)
            with zipfile.ZipFile(io.BytesIO(clara.ask("GET", f"{EXPORTS}/{task['id']}/file").content)) as packed:
                assert packed.namelist() == ["channels-0001.csv"]


def done_exports(clara: Administrator) -> list[dict[str, Any]]:
    return [one for one in clara.get(EXPORTS)["exports"] if one["status"] != "Running"]
