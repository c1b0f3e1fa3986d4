"""A customer is found by the key of his address, and by an index."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.ports.store import Tx
from postroom.session.state import ConversationId, Phase
from postroom.store.database import open_writer
from postroom.store.migrations import known_migrations, migrate
from postroom.store.queries import queries
from tests.store.opened import opened
from tests.store.samples import NOW, conversation, session

BEFORE = tuple(one for one in known_migrations() if one.number < 12)


@pytest.mark.parametrize(("file", "name"), [("sessions", "with_customer"), ("replies", "last_to_customer")])
def test_a_customer_is_found_by_an_index(tmp_path: Path, file: str, name: str) -> None:
    with closing(open_writer(tmp_path)) as raw:
        migrate(raw, known_migrations())
        sql = queries(file)[f"{file}_{name}"].sql
        room = 4 if "?4" in sql else 3
        plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", (None,) * room)]
    assert any("conversations_customer (tenant=? AND channel=? AND customer_key=?)" in step for step in plan), plan


def test_the_customers_of_before_the_key_are_found_too(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path)) as raw:
        migrate(raw, BEFORE)
        raw.execute(
            "INSERT INTO conversations (id, tenant, channel, customer, subject, created_at, last_mail_at, "
            "participants) VALUES ('c1', 'acme', 'help', 'Ann@X.example', 's', 1, 1, '[]')"
        )
        migrate(raw, known_migrations())
        assert raw.execute("SELECT customer_key FROM conversations").fetchall() == [("ann@x.example",)]


async def test_a_customer_beyond_ascii_is_found_in_any_letter_case_and_no_look_alike_is(tmp_path: Path) -> None:
    def begin(tx: Tx) -> None:
        tx.conversations.add(replace(conversation("c1"), customer="MÜLLER@straße.example"))
        tx.sessions.save(session("s1", "c1", Phase.ASSIGNED, agent="eve"))

    async with opened(tmp_path) as store:
        await store.write(begin)
        same = replace(conversation("c2"), customer="müller@STRAßE.example")
        other = replace(conversation("c2"), customer="müller@strasse.example")
        assert await store.read(lambda tx: tx.sessions.with_customer(same)) == "eve"
        assert await store.read(lambda tx: tx.sessions.with_customer(other)) is None


async def test_an_expected_mail_is_expected_until_it_comes(tmp_path: Path) -> None:
    def expect(tx: Tx) -> None:
        tx.conversations.add(conversation("c1"))
        tx.conversations.expect("acme", ["a@x", "b@x"], ConversationId("c1"), "inbox", NOW)
        tx.conversations.name("acme", "b@x", ConversationId("c1"), "inbox", NOW)
        tx.conversations.expect("acme", ["b@x"], ConversationId("c1"), "inbox", NOW)

    async with opened(tmp_path) as store:
        await store.write(expect)
        hits = await store.read(lambda tx: tx.conversations.find("acme", ["a@x", "b@x"]))
        assert [(hit.message_id, hit.is_expected) for hit in hits] == [("a@x", True), ("b@x", False)]
