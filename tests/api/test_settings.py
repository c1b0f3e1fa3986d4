"""Settings over the door: every change a version and in force at once, or every broken rule and nothing changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.settings_door import PASSWORD, ROOT, changed, settings_door, tag_of

BOX = {"kind": "pop3", "name": "second", "host": "pop.acme.example", "user": "shop@acme.example"}
WITH_PASSWORD = BOX | {"password": {"value": PASSWORD}}


async def test_what_there_is_is_shown_with_every_key_and_its_version(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        overview = (await ada.get(ROOT)).json()
        assert (overview["source"], overview["read_only"], overview["version"]) == ("store", False, 0)
        assert overview["sections"]["agents"] == 3
        shown = (await ada.get(f"{ROOT}/channels/support")).json()
        assert shown["max_cc"] is None
        assert shown["no_customer_reply"]["end_after"] == 3600
        assert (await ada.get(f"{ROOT}/parameters")).json()["max_recipients"] == 20
        assert (await ada.get(f"{ROOT}/sending")).json() == "on"
        assert [one["name"] for one in (await ada.get(f"{ROOT}/gateways")).json()["items"]] == ["in", "out"]


async def test_a_thing_is_added_changed_and_removed_and_each_is_a_version_with_who_when_and_what(
    tmp_path: Path,
) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        made = await ada.post(f"{ROOT}/queues", json={"name": "shop", "members": ["anna"]})
        assert (made.status_code, made.json()["version"], made.json()["item"]["offer_for"]) == (201, 1, 60)
        assert here.force.generation.require("acme").queue("shop") is not None
        patched = await changed(ada, "PATCH", "/queues/shop", {"offer_for": "2m", "members": None})
        assert (patched.status_code, patched.json()["item"]["offer_for"], patched.json()["version"]) == (200, 120, 2)
        assert patched.json()["item"]["members"] == []
        assert patched.headers["ETag"] == (await tag_of(ada, "/queues/shop"))["If-Match"]
        put = await changed(ada, "PUT", "/queues/shop", {"pick": False})
        assert (put.json()["item"]["pick"], put.json()["item"]["offer_for"]) == (False, 60)
        assert (await changed(ada, "DELETE", "/queues/shop")).status_code == 200
        assert (await ada.get(f"{ROOT}/queues/shop")).status_code == 404
        versions = (await ada.get(f"{ROOT}/versions")).json()["versions"]
        assert [(one["number"], one["actor"], one["action"]) for one in versions] == [
            (4, "ada", "remove queues/shop"),
            (3, "ada", "change queues/shop"),
            (2, "ada", "change queues/shop"),
            (1, "ada", "add queues/shop"),
        ]
        assert versions[2]["changes"] == [{"path": "/queues/shop", "what": "changed", "keys": ["members", "offer_for"]}]
        assert len(here.force.followed) == 4


async def test_what_is_shown_can_be_written_back_and_then_nothing_changed(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        assert (await ada.post(f"{ROOT}/gateways", json=WITH_PASSWORD)).status_code == 201
        for path in ("/gateways/second", "/gateways/in", "/channels/support", "/queues/help", "/agents/ada"):
            shown = (await ada.get(f"{ROOT}{path}")).json()
            put = await changed(ada, "PUT", path, shown)
            assert (put.status_code, put.json()["item"], put.json()["version"]) == (200, shown, 1), put.text
        assert (await changed(ada, "PUT", "/parameters", (await ada.get(f"{ROOT}/parameters")).json())).is_success


async def test_a_secret_is_written_kept_and_replaced_and_shown_nowhere(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        made = await ada.post(f"{ROOT}/gateways", json=WITH_PASSWORD)
        assert made.json()["item"]["password"] == {"secret": "set"}
        gateway = here.force.generation.require("acme").gateway("second")
        assert gateway is not None
        assert gateway.password is not None
        assert gateway.password.reveal() == PASSWORD
        before = await tag_of(ada, "/gateways/second")
        await changed(ada, "PATCH", "/gateways/second", {"batch": 7})
        replaced = await changed(ada, "PATCH", "/gateways/second", {"password": {"value": "another"}})
        assert replaced.json()["item"]["batch"] == 7
        stale = await ada.delete(f"{ROOT}/gateways/second", headers=before)
        assert stale.status_code == 412
        gateway = here.force.generation.require("acme").gateway("second")
        assert gateway is not None
        assert gateway.password is not None
        assert gateway.password.reveal() == "another"
        answers = [made.text, replaced.text, repr(gateway)]
        answers += [(await ada.get(f"{ROOT}/versions/{number}")).text for number in (1, 2, 3)]
        answers.append((await ada.get(f"{ROOT}/versions")).text)
        assert not [text for text in answers if PASSWORD in text or "another" in text or "gAAAA" in text]
        kept = await here.door.house.read(lambda tx: [one.content for one in tx.settings.newest()])
        assert PASSWORD.encode() not in b"".join(kept)


@pytest.mark.parametrize(
    "secret",
    [
        "env:HOME",
        "file:key",
        PASSWORD,
        {"secret": "set"},
        {"sealed": "gAAAAA"},
        {"value": "two\nlines"},
        {"value": ""},
        {"value": 7},
        {"value": "a", "secret": "set"},
        ["a"],
        {},
    ],
)
async def test_a_secret_is_no_reference_to_what_this_machine_has_and_no_sealed_one(
    tmp_path: Path, secret: object
) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        refused = await ada.post(f"{ROOT}/gateways", json=BOX | {"password": secret})
        assert refused.status_code == 422, refused.text
        assert [one["pointer"] for one in refused.json()["errors"]] == ["#/password"]
        assert PASSWORD not in refused.text


async def test_every_broken_rule_is_answered_at_once_and_nothing_is_changed(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        body = {"name": "support", "receiving_gateway": "nowhere", "sending_gateway": "out", "skill_queue": "nobody"}
        refused = await ada.post(f"{ROOT}/channels", json=body | {"max_cc": 101, "colour": "red", "wrap_up": "soon"})
        assert refused.status_code == 422
        assert {one["pointer"] for one in refused.json()["errors"]} == {
            "#/name",
            "#/receiving_gateway",
            "#/skill_queue",
            "#/max_cc",
            "#/colour",
            "#/wrap_up",
        }
        by_pointer = {one["pointer"]: one for one in refused.json()["errors"]}
        assert by_pointer["#/max_cc"]["value"] == "101"
        assert "is taken: `channels[0].name` has it" in by_pointer["#/name"]["rule"]
        assert (await ada.get(f"{ROOT}/versions")).json()["versions"] == []


async def test_a_change_elsewhere_that_breaks_another_things_rule_names_that_thing(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        refused = await changed(ada, "DELETE", "/queues/help")
        assert refused.status_code == 422
        assert [(one["key"], one.get("pointer", "")) for one in refused.json()["errors"]] == [
            ("channels[0].skill_queue", "")
        ]
        refused = await changed(ada, "PATCH", "/parameters", {"max_cc": 95})
        assert "channel 'support' may name" in refused.json()["problems"][0]


async def test_what_a_change_rests_on_must_be_said_and_must_hold(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        for method in ("PUT", "PATCH", "DELETE"):
            for tag, status in ((None, 428), ('"other"', 412), ('W/"x"', 412), ("rubbish", 412)):
                headers = {"If-Match": tag} if tag else {}
                answer = await ada.request(method, f"{ROOT}/queues/orders", json={}, headers=headers)
                assert (answer.status_code, method) == (status, method)
        assert (await ada.patch(f"{ROOT}/queues/orders", json={"pick": False}, headers={"If-Match": "*"})).is_success
        assert (await ada.put(f"{ROOT}/parameters", json={})).status_code == 428


async def test_the_same_post_again_is_answered_the_same_and_done_once(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        headers = {"Idempotency-Key": "q-1"}
        first = await ada.post(f"{ROOT}/queues", json={"name": "shop"}, headers=headers)
        again = await ada.post(f"{ROOT}/queues", json={"name": "shop"}, headers=headers)
        assert (again.status_code, again.content) == (201, first.content)
        other = await ada.post(f"{ROOT}/queues", json={"name": "shop2"}, headers=headers)
        assert other.status_code == 409


async def test_a_dry_run_says_what_would_come_of_it_and_changes_nothing(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        tried = await ada.post(f"{ROOT}/queues?dry_run=true", json={"name": "shop"})
        assert (tried.status_code, tried.json()["dry_run"], tried.json()["item"]["name"]) == (200, True, "shop")
        assert (await ada.post(f"{ROOT}/queues?dry_run=true", json={"name": "help"})).status_code == 422
        here.force.against = ("tenant acme: queue 'orders' is gone, and 2 open sessions use it",)
        headers = await tag_of(ada, "/queues/orders")
        tried = await ada.delete(f"{ROOT}/queues/orders?dry_run=true", headers=headers)
        assert (tried.status_code, tried.json()["problems"]) == (409, list(here.force.against))
        assert (await ada.get(f"{ROOT}/versions")).json()["versions"] == []
        assert here.force.generation.require("acme").queue("shop") is None


async def test_what_open_sessions_use_is_refused_with_counts_and_nothing_is_kept(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        here.force.against = ("tenant acme: queue 'orders' is gone, and 2 open sessions use it",)
        refused = await changed(ada, "DELETE", "/queues/orders")
        assert (refused.status_code, refused.json()["problems"]) == (409, list(here.force.against))
        assert (await ada.get(f"{ROOT}/versions")).json()["versions"] == []
        assert (await ada.get(ROOT)).json()["version"] == 0


async def test_the_order_of_routes_is_set_and_a_version_is_restored(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        for name in ("first", "second"):
            route = {"name": name, "channel": "support", "when": {"subject": {"contains": name}}}
            assert (await ada.post(f"{ROOT}/routes", json=route)).status_code == 201
        ordered = await changed(ada, "PUT", "/routes", {"order": ["second", "first"]})
        assert ordered.json()["item"] == ["second", "first"]
        for wrong in ({"order": ["second"]}, {"order": "second"}, ["second", "first"], {"order": [1, 2]}):
            assert (await changed(ada, "PUT", "/routes", wrong)).status_code == 422
        names = [one["name"] for one in (await ada.get(f"{ROOT}/routes")).json()["items"]]
        assert names == ["second", "first"]
        restored = await ada.post(f"{ROOT}/versions/2/restore")
        assert (restored.status_code, restored.json()["version"]) == (200, 4)
        assert [one["name"] for one in (await ada.get(f"{ROOT}/routes")).json()["items"]] == ["first", "second"]
        newest = (await ada.get(f"{ROOT}/versions?limit=1")).json()
        assert newest["versions"][0]["changes"] == [{"path": "/routes", "what": "reordered", "keys": []}]
        assert [one["number"] for one in (await ada.get(f"{ROOT}/versions?before={newest['next']}")).json()["versions"]]
        assert (await ada.post(f"{ROOT}/versions/99/restore")).status_code == 404


async def test_no_version_has_a_number_that_the_store_cannot_hold(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        for number in (-1, 0, 2**62 + 1, 10**30):
            assert (await ada.get(f"{ROOT}/versions/{number}")).status_code == 422
            assert (await ada.post(f"{ROOT}/versions/{number}/restore")).status_code == 422
        assert (await ada.get(f"{ROOT}/versions/{2**62}")).status_code == 404


async def test_keys_of_a_section_of_things_are_not_changed_and_allow_says_what_can_be(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        answer = await ada.patch(f"{ROOT}/channels", json={}, headers={"If-Match": "*"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, PUT")


async def test_files_of_this_machine_are_named_in_their_folder_only(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        config = tmp_path / "config"
        (config / "files" / "out").symlink_to("/etc/passwd")
        for file in ("/etc/passwd", "key", "files/../key", "files/out", "files", "/dev/zero"):
            refused = await ada.post(f"{ROOT}/robots", json={"kind": "faq", "name": "helper", "file": file})
            assert refused.status_code == 422
            assert [(one["pointer"], "names a file" in one["rule"]) for one in refused.json()["errors"]] == [
                ("#/file", True)
            ]
        (config / "files" / "faq.yaml").write_text("- {questions: [Where?], answer: Here.}\n")
        robot = {"kind": "faq", "name": "helper", "file": "files/faq.yaml"}
        assert (await ada.post(f"{ROOT}/robots", json=robot)).status_code == 201


async def test_nobody_but_an_administrator_reads_or_writes_settings(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here:
        for account, status in ((None, 401), ("anna", 403), ("sue", 403)):
            async with here.client(account) as client:
                for method, path in (
                    ("GET", ""),
                    ("GET", "/gateways"),
                    ("GET", "/gateways/in"),
                    ("GET", "/versions"),
                    ("GET", "/versions/1"),
                    ("POST", "/versions/1/restore"),
                    ("POST", "/queues"),
                    ("PUT", "/queues/help"),
                    ("PATCH", "/queues/help"),
                    ("DELETE", "/queues/help"),
                    ("PUT", "/parameters"),
                    ("PATCH", "/parameters"),
                ):
                    answer = await client.request(method, f"{ROOT}{path}", json=None if method == "GET" else {})
                    assert (answer.status_code, method, path) == (status, method, path)
        async with here.client("sue") as sue:
            assert (await sue.get(f"{ROOT}/channels")).json()["items"][0]["name"] == "support"
            assert (await sue.get(f"{ROOT}/queues/orders")).status_code == 200
        async with here.client("anna") as anna:
            assert (await anna.get(f"{ROOT}/channels")).status_code == 403


async def test_settings_of_files_are_shown_and_a_write_says_where_to_change_them(tmp_path: Path) -> None:
    async with settings_door(tmp_path, "files") as here, here.client() as ada:
        overview = (await ada.get(ROOT)).json()
        assert (overview["source"], overview["read_only"]) == ("files", True)
        assert "postroom.yaml" in overview["why"]
        assert (await ada.get(f"{ROOT}/channels/support")).status_code == 200
        refused = [
            await ada.post(f"{ROOT}/queues", json={"name": "shop"}),
            await changed(ada, "DELETE", "/queues/help"),
        ]
        for answer in refused:
            assert answer.status_code == 409
            assert answer.json()["type"] == "urn:postroom:problem:settings-read-only"


async def test_there_is_no_section_but_those_of_the_schema(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        for method, path in (("GET", "/name"), ("GET", "/users"), ("POST", "/parameters"), ("PUT", "/parameters/x")):
            answer = await ada.request(method, f"{ROOT}{path}", json={}, headers={"If-Match": "*"})
            assert answer.status_code == 404
        answer = await ada.patch(f"{ROOT}/queues", json={}, headers={"If-Match": "*"})
        assert answer.status_code == 405
        renamed = await changed(ada, "PUT", "/queues/orders", {"name": "other"})
        assert [one["pointer"] for one in renamed.json()["errors"]] == ["#/name"]


async def test_a_change_that_was_kept_and_never_came_in_force_comes_with_the_next_one(tmp_path: Path) -> None:
    async with settings_door(tmp_path) as here, here.client() as ada:
        here.force.is_lost = True
        assert (await ada.post(f"{ROOT}/queues", json={"name": "lost"})).status_code == 503
        here.force.is_lost = False
        made = await ada.post(f"{ROOT}/queues", json={"name": "next"})
        assert (made.status_code, made.json()["version"]) == (201, 2)
        queues = [one["name"] for one in (await ada.get(f"{ROOT}/queues")).json()["items"]]
        assert queues == ["help", "orders", "lost", "next"]
