"""What supervisors see and move: in their unit and below, and nothing beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from postroom.routing.agents import AgentState
from postroom.session.events import SessionFiled
from postroom.session.state import Phase, Session, SessionId
from tests.api.asking import ROOT, ask, reply, token_of_owner
from tests.api.door import Door, open_door
from tests.api.overseen import oversee
from tests.dispatch.house import ACME


async def offline(door: Door, session: Session) -> Session:
    """The session as an offline message nobody has."""
    found = replace(
        session, phase=Phase.OFFLINE, is_offline_message=True, was_offline=True, customer_wrote_at=session.opened_at
    )
    await door.house.write(lambda tx: tx.sessions.save(found))
    return found


async def listed(client: httpx.AsyncClient, path: str, **query: object) -> dict[str, Any]:
    answer = await client.get(f"{ROOT}/{path}", params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("who", "sees"), [("all", 2), ("cleo", 2), ("nils", 1), ("sven", 1), ("anna", None), ("zoe", None)]
)
async def test_a_supervisor_lists_what_is_in_his_unit_and_below(tmp_path: Path, who: str, sees: int | None) -> None:
    async with open_door(tmp_path) as door, door.client(who) as client:
        await oversee(door)
        await door.mail_comes()
        await door.house.customer_writes("An order", "shop")
        for path in ("sessions", "offline-messages", "agents"):
            answer = await client.get(f"{ROOT}/{path}")
            assert answer.status_code == (404 if who == "zoe" else 403 if sees is None else 200)
        if sees is not None:
            assert len((await listed(client, "sessions"))["sessions"]) == sees
            agents = {"all": 7, "cleo": 6, "nils": 3, "sven": 2}[who]
            assert len((await listed(client, "agents"))["agents"]) == agents


async def test_open_sessions_are_filtered_and_come_in_pages(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("nils") as client:
        await oversee(door)
        mine = await door.assigned("anna")
        waiting = [(await door.mail_comes()).id for _ in range(4)]
        await door.house.customer_writes("An order", "shop")
        # Who has a customer's first mail is to have his others too.
        hers = (await listed(client, "sessions", agent="anna"))["sessions"]
        assert [(one["session"], one["asked"]) for one in hers] == [(mine.id, ""), *((one, "anna") for one in waiting)]
        assert (await listed(client, "sessions", agent="ben"))["sessions"] == []
        (row,) = (await listed(client, "sessions", phase="assigned", channel="support", queue="help"))["sessions"]
        assert (row["owner"], row["customer"], row["subject"]) == ("anna", "carla@example.com", "It broke")
        seen: list[str] = []
        after: int | None = 0
        while after is not None:
            page = await listed(client, "sessions", phase="queued", limit=3, after=after)
            seen, after = seen + [one["session"] for one in page["sessions"]], page["next"]
        assert seen == waiting
        for bad in ({"limit": 0}, {"limit": 201}, {"after": -1}, {"phase": "lost"}):
            assert (await client.get(f"{ROOT}/sessions", params=bad)).status_code == 422, bad


async def test_a_page_that_looks_at_much_and_finds_nothing_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.api.paging.PAGE", 1)
    monkeypatch.setattr("postroom.api.paging.LOOK_THROUGH", 2)
    async with open_door(tmp_path) as door, door.client("sven") as client:
        await oversee(door)
        for _ in range(3):
            await door.mail_comes()
        order = await door.house.customer_writes("An order", "shop")
        first = await listed(client, "sessions")
        assert (first["sessions"], first["next"] is not None) == ([], True)
        second = await listed(client, "sessions", after=first["next"])
        assert [one["session"] for one in second["sessions"]] == [order.id]


async def test_offline_messages_are_to_be_assigned_or_assigned(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("nils") as client:
        await oversee(door)
        await door.house.stand("anna")
        first, second = await offline(door, await door.mail_comes()), await offline(door, await door.mail_comes())
        waiting = (await listed(client, "offline-messages"))["messages"]
        assert [(one["session"], one["assigned"], one["agent"]) for one in waiting] == [
            (first.id, False, ""),
            (second.id, False, ""),
        ]
        assert waiting[0]["since"] == _z(first.queued_at)
        answer = await ask(client, first, "assign", agent="anna")
        assert (answer.status_code, answer.json()["owner"]) == (200, "anna")
        assert [one["session"] for one in (await listed(client, "offline-messages", assigned="true"))["messages"]] == [
            first.id
        ]
        (left,) = (await listed(client, "offline-messages", assigned="false"))["messages"]
        assert (left["session"], left["contact_until"]) == (second.id, None)
        assert (await door.house.agent("anna")).load == 1


def _z(at: object) -> str:
    return at.isoformat().replace("+00:00", "Z") if hasattr(at, "isoformat") else ""


async def test_an_agent_who_cannot_take_it_is_named_with_the_reason(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("nils") as client:
        await oversee(door)
        session = await door.mail_comes()
        refused = await ask(client, session, "assign", agent="ben")
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:postroom:problem:not-ready")
        assert refused.json()["detail"] == "Ben Bright is not ready"
        await door.house.stand("ben")
        for _ in range(2):
            assert (await ask(client, await door.mail_comes(), "assign", agent="ben")).status_code == 200
        full = await ask(client, session, "assign", agent="ben")
        assert (full.status_code, full.json()["type"]) == (409, "urn:postroom:problem:no-place")
        assert full.json()["detail"] == "Ben Bright has no place left: 2 of 2 are taken"
        for nobody in ("chen", "zoe", "none"):
            assert (await ask(client, session, "assign", agent=nobody)).status_code == 422, nobody
        assert (await door.house.session(session.id)).phase is Phase.QUEUED
        assert (await door.house.agent("ben")).load == 2


async def test_a_session_is_reassigned_and_its_owner_has_it_no_more(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("nils") as boss, door.client("anna") as client:
        await oversee(door)
        session = await door.assigned("anna")
        again = await ask(boss, session, "assign", agent="anna")
        assert (again.status_code, again.json()["detail"]) == (409, "Anna Auer has it already")
        await door.house.stand("ben")
        assert (await ask(boss, session, "assign", agent="ben")).json()["owner"] == "ben"
        assert ((await door.house.agent("anna")).load, (await door.house.agent("ben")).load) == (0, 1)
        late = await ask(client, session, "end", token=token_of_owner(session))
        assert (late.status_code, late.json()["holder"]) == (409, "Ben Bright")
        his = await door.house.session(session.id)
        async with door.client("ben") as other:
            await reply(other, his)
        await door.house.stand("anna", AgentState.NOT_READY, "lunch")
        moved = await ask(boss, session, "assign", agent="anna")
        assert (moved.status_code, moved.json()["phase"], moved.json()["owner"]) == (200, "awaiting_customer", "anna")


async def test_a_place_is_given_back_where_it_was_too_late(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("nils") as client:
        await oversee(door)
        session = await door.mail_comes()
        filed = SessionFiled(by="anna", reason="spam")
        await door.house.write(lambda tx: door.house.step(tx, session.id, filed))
        await door.house.stand("ben")
        answer = await ask(client, session, "assign", agent="ben")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:postroom:problem:stale")
        assert (await door.house.agent("ben")).load == 0


async def test_nobody_is_given_what_is_only_decided_on(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("nils") as client:
        await oversee(door)
        shadow = replace(await door.mail_comes(), is_shadow=True)
        await door.house.write(lambda tx: tx.sessions.save(shadow))
        await door.house.stand("ben")
        assert (await ask(client, shadow, "assign", agent="ben")).status_code == 409
        assert (await door.house.agent("ben")).load == 0


async def test_a_supervisor_takes_back_moves_and_files_without_a_token(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("nils") as client:
        await oversee(door)
        first, second = await door.assigned("anna"), await door.assigned("anna")
        back = await ask(client, first, "transfer", queue="help")
        assert (back.status_code, back.json()["phase"], back.json()["owner"]) == (200, "queued", "")
        moved = await ask(client, first, "transfer", queue="orders")
        assert moved.json()["queue"] == "orders"
        assert (await ask(client, second, "file", reason="spam")).json()["phase"] == "ended"
        assert (await door.house.agent("anna")).load == 0
        assert (await client.get(f"{ROOT}/conversations/{second.conversation}")).status_code == 200
        assert len((await listed(client, "mails"))["mails"]) == 2


async def test_a_supervisor_who_names_a_token_acts_as_the_agent_he_also_is(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("nils") as client:
        await oversee(door)
        session = await door.assigned("anna")
        answer = await ask(client, session, "transfer", queue="help", token=token_of_owner(session))
        assert (answer.status_code, answer.json()["holder"]) == (409, "Anna Auer")


ACTS: list[tuple[str, str, dict[str, object]]] = [
    ("GET", "conversations/{conversation}", {}),
    ("POST", "conversations/{conversation}/merge", {"other": "{other}"}),
    ("POST", "conversations/{conversation}/split", {"mail": "{mail}"}),
    ("GET", "mails/{mail}/raw", {}),
    ("GET", "mails/{mail}/text", {}),
    ("GET", "mails/{mail}/html", {}),
    ("GET", "mails/{mail}/trace", {}),
    ("GET", "mails/{mail}/attachments/0", {}),
    ("POST", "sessions/{session}/accept", {"token": "t"}),
    ("POST", "sessions/{session}/decline", {"token": "t"}),
    ("POST", "sessions/{session}/end", {"token": "t"}),
    ("POST", "sessions/{session}/park", {"token": "t"}),
    ("POST", "sessions/{session}/unpark", {"token": "t"}),
    ("POST", "sessions/{session}/wrap-up", {"token": "t"}),
    ("POST", "sessions/{session}/transfer", {"queue": "help", "token": "t"}),
    ("POST", "sessions/{session}/file", {"reason": "spam", "token": "t"}),
    ("POST", "sessions/{session}/assign", {"agent": "ben"}),
    ("PUT", "sessions/{session}/draft", {"token": "t"}),
    ("GET", "sessions/{session}/drafts", {}),
    ("DELETE", "sessions/{session}/draft", {}),
    ("POST", "sessions/{session}/replies", {"token": "t", "text": "hello"}),
    ("POST", "sessions/{session}/replies/none/withdraw", {"token": "t"}),
    ("POST", "sessions/{session}/forward", {"token": "t", "to": ["x@example.org"], "text": "hello"}),
    ("POST", "sessions/{session}/notes", {"text": "hello"}),
    ("GET", "sessions/{session}/canned-answers", {}),
    ("GET", "mails/{mail}/proposals", {}),
]
"""Every route about one session, conversation or mail, with a token that is nobody's."""

SEEN = {200, 201, 204, 409, 422}
CELLS: list[tuple[str | None, set[int]]] = [
    ("anna", SEEN | {403}),
    ("ben", SEEN | {403}),
    ("nils", SEEN),
    ("cleo", SEEN),
    ("all", SEEN),
    ("sven", {403, 404}),
    ("chen", {403, 404}),
    ("zoe", {404}),
    (None, {401}),
]


@pytest.mark.parametrize(("who", "expected"), CELLS, ids=str)
async def test_who_may_do_what_with_a_session_of_the_north(tmp_path: Path, who: str | None, expected: set[int]) -> None:
    """Every route, for its agents, its supervisors, those of another unit, a stranger, and nobody."""
    async with open_door(tmp_path) as door, door.client(who) as client:
        await oversee(door)
        session, other = await door.mail_comes(), await door.mail_comes()
        (mail,) = await door.mails_of(session)
        names = {
            "{session}": session.id,
            "{conversation}": session.conversation,
            "{mail}": mail.id,
            "{other}": other.conversation,
        }
        for number, (method, path, body) in enumerate(ACTS):
            before = await _standing(door, session.id)
            headers = {"Idempotency-Key": f"k{number}"}
            said = {name: names.get(str(value), value) for name, value in body.items()} or None
            answer = await client.request(method, f"{ROOT}/{_filled(path, names)}", json=said, headers=headers)
            assert answer.status_code in _allowed(path, expected), (method, path, answer.text)
            if expected <= {401, 403, 404}:
                assert "carla" not in answer.text
                assert await _standing(door, session.id) == before


def _filled(path: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        path = path.replace(name, value)
    return path


def _allowed(path: str, expected: set[int]) -> set[int]:
    """Also 404 for what the mail or session does not have (HTML, files, a reply of that name), 403 for its owner's."""
    is_absent = path.endswith(("/html", "/0", "/none/withdraw")) and expected >= SEEN
    is_owners_alone = path.endswith("/forward") and expected >= SEEN
    return expected | ({404} if is_absent else set()) | ({403} if is_owners_alone else set())


async def _standing(door: Door, session: SessionId) -> tuple[Session, int]:
    found = await door.house.session(session)
    return found, len(await door.house.read(lambda tx: tx.journal.after(ACME, 0, 1000)))


def test_every_route_about_a_session_is_in_the_matrix() -> None:
    from postroom.api.app import RESOURCES

    walked = set()
    for handler in RESOURCES:
        for path in getattr(handler, "paths", ()):
            if "{" in path and "queue_name" not in path and not path.startswith(("/settings", "/exports")):
                methods = getattr(handler, "http_methods", None) or {getattr(handler, "http_method", "")}
                walked |= {(str(getattr(method, "value", method)), _plain(path)) for method in methods}
    # Who may ask those of administrators, the policy's own walk says.
    elsewhere = ("/users", "/tokens", "/gateways", "/waiting-mails")
    walked = {(method, path) for method, path in walked if not path.startswith(elsewhere)}
    assert walked == {(method, _plain("/" + path)) for method, path, _ in ACTS}


def _plain(path: str) -> str:
    parts = ["*" if "{" in one or one in {"0", "none"} else one for one in path.split("/")]
    return "/".join(parts)
