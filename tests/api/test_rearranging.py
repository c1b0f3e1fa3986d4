"""Conversations laid together and apart over HTTP, and where later mail goes then."""

from __future__ import annotations

from pathlib import Path

import httpx
from msgspec.structs import replace

from postroom.session.events import ReplyFailed
from postroom.session.state import Phase, Session
from tests.api.asking import ROOT, ask, reply, token_of_owner
from tests.api.door import PLAIN, Door, open_door
from tests.api.overseen import oversee

STILL = PLAIN.replace(b"The lamp is broken.", b"Still broken.")


async def merge(client: httpx.AsyncClient, one: Session, other: Session, token: str | None = None) -> httpx.Response:
    body = {"other": other.conversation, "token": token}
    return await client.post(f"{ROOT}/conversations/{one.conversation}/merge", json=body)


async def split(client: httpx.AsyncClient, one: Session, mail: str, token: str | None = None) -> httpx.Response:
    return await client.post(f"{ROOT}/conversations/{one.conversation}/split", json={"mail": mail, "token": token})


async def mails_of(door: Door, session: Session) -> list[str]:
    return [one.id for one in await door.mails_of(session)]


async def test_the_younger_goes_into_the_older_whose_owner_keeps_it(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        older = await door.assigned("anna")
        younger = await door.mail_comes(STILL)
        answer = await merge(client, younger, older)
        assert (answer.status_code, answer.json()["session"], answer.json()["owner"]) == (200, older.id, "anna")
        ended = await door.house.session(younger.id)
        assert (ended.phase, ended.ended_because) == (Phase.ENDED, "merged")
        assert len(await mails_of(door, older)) == 2
        shown = (await client.get(f"{ROOT}/conversations/{younger.conversation}")).json()
        assert (shown["id"], shown["session"]["id"]) == (older.conversation, older.id)
        assert [one["id"] for one in shown["earlier"]] == [younger.id]
        assert [line["step"] for line in shown["mails"][-1]["trace"]].count("decision") == 2
        assert (await door.house.agent("anna")).load == 1


async def test_which_is_named_first_does_not_matter(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        older, younger = await door.assigned("anna"), await door.mail_comes(STILL)
        assert (await merge(client, older, younger)).json()["session"] == older.id


async def test_who_has_the_younger_goes_on_where_nobody_has_the_older(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        older = await door.assigned("anna")
        await ask(client, older, "end", token=token_of_owner(older))
        younger = await door.assigned("anna", STILL)
        answer = await merge(client, younger, older, token_of_owner(younger))
        assert (answer.status_code, answer.json()["phase"], answer.json()["owner"]) == (200, "assigned", "anna")
        goes_on = await door.house.read(lambda tx: tx.sessions.latest(older.conversation))
        assert goes_on is not None
        assert goes_on.id not in {older.id, younger.id}
        assert (await door.house.agent("anna")).load == 1


async def test_an_answer_the_customer_already_has_asks_for_nothing_more(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        older, younger = await door.assigned("anna"), await door.assigned("anna", STILL)
        await reply(client, older)
        await reply(client, younger)
        answer = await merge(client, younger, older, token_of_owner(younger))
        assert (answer.status_code, answer.json()["phase"]) == (200, "awaiting_customer")


async def test_what_was_sent_in_the_younger_and_fails_is_work_in_the_older(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        older, younger = await door.assigned("anna"), await door.assigned("anna", STILL)
        sent = await reply(client, younger)
        await ask(client, older, "end", token=token_of_owner(older))
        await merge(client, younger, older, token_of_owner(younger))
        event = ReplyFailed(reply=sent["reply"], words="550 no such user")
        session, _ = await door.house.write(lambda tx: door.house.step(tx, younger.id, event))
        assert (session.conversation, session.phase) == (older.conversation, Phase.QUEUED)


async def test_a_colleagues_work_is_not_laid_together_by_others(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("ben") as other:
        older, younger = await door.assigned("anna"), await door.assigned("anna", STILL)
        refused = await merge(other, younger, older, token_of_owner(younger))
        assert (refused.status_code, refused.json()["holder"]) == (409, "Anna Auer")
        for token in (None, "older", token_of_owner(older)):
            assert (await merge(client, younger, older, token)).status_code == 409
        assert (await door.house.session(younger.id)).phase is Phase.ASSIGNED


async def test_what_cannot_be_one_is_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client, door.client("all") as boss:
        await oversee(door)
        session = await door.mail_comes()
        order = await door.house.customer_writes("An order", "shop")
        assert (await merge(client, session, session)).status_code == 422
        assert (await merge(client, session, order)).status_code == 404
        assert (await merge(boss, session, order)).status_code == 409
        failed = await door.mail_comes(STILL)
        no_mail = replace(await door.house.session(failed.id), customer_mail="")
        await door.house.write(lambda tx: tx.sessions.save(no_mail))
        assert (await merge(boss, session, failed)).status_code == 409


async def test_a_mail_is_given_a_conversation_of_its_own_and_served_there(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        await door.mail_comes(STILL, into=session.conversation)
        first, second = await mails_of(door, session)
        answer = await split(client, session, second, token_of_owner(session))
        assert (answer.status_code, answer.json()["phase"]) == (200, "queued")
        assert await mails_of(door, session) == [first]
        shown = (await client.get(f"{ROOT}/conversations/{answer.json()['conversation']}")).json()
        assert (shown["related"], [one["id"] for one in shown["mails"]]) == (session.conversation, [second])
        assert "split" in [line["step"] for line in shown["mails"][0]["trace"]]
        assert (await door.house.session(session.id)).phase is Phase.ASSIGNED


async def test_a_session_in_which_nothing_else_waits_is_over_once_its_mail_is_split_off(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session = await door.assigned("anna")
        await reply(client, session)
        door.house.clock.passed += 60
        await door.mail_comes(STILL, into=session.conversation)
        *_, second = await mails_of(door, session)
        answer = await split(client, session, second, token_of_owner(session))
        assert (answer.status_code, answer.json()["phase"]) == (200, "queued")
        old = await door.house.session(session.id)
        assert (old.phase, old.ended_because) == (Phase.ENDED, "split")
        assert (await door.house.agent("anna")).load == 0


async def test_the_only_mail_or_one_of_ours_or_elsewhere_stays(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client("anna") as client:
        session, another = await door.assigned("anna"), await door.mail_comes(STILL)
        token = token_of_owner(session)
        (only,) = await mails_of(door, session)
        assert (await split(client, session, only, token)).status_code == 422
        sent = await reply(client, session)
        for mail in (sent["mail"], (await mails_of(door, another))[0], "none"):
            assert (await split(client, session, mail, token)).status_code == 404
        assert (await split(client, session, only, "older")).status_code == 409
