from __future__ import annotations

import re
import sqlite3
from importlib import resources
from pathlib import Path

import pytest

from postroom.errors import ConfigurationError
from postroom.store import queries as module
from postroom.store.connection import Connection
from postroom.store.database import open_writer
from postroom.store.migrations import known_migrations, migrate
from postroom.store.queries import CHUNK, Query, queries

SQL = resources.files("postroom.store").joinpath("sql")
FILES = sorted(file.name.removesuffix(".sql") for file in SQL.iterdir() if file.name.endswith(".sql"))
EVERY = [query for file in FILES for query in queries(file).values()]

# These walk an index that holds only what is open, or what is still to be read; never a table.
WALKS_AN_INDEX = {
    "ledger_unsettled",
    "sessions_waiting_queues",
    "sessions_waiting_channels",
    "sessions_kept_for",
    "sessions_channels_in_use",
    "sessions_in_shadow",
    "sessions_agents_in_use",
    "audit_chain_tenants",
    "exports_running",
    "settings_versions_newest",
    "counts_phases",
    "counts_outbox",
    "counts_agents",
    "counts_timers",
    "agents_tenants",
}


def test_parameters_are_numbered_by_first_sight_and_a_list_comes_last() -> None:
    query = Query("q", "Says what.", "SELECT 'a:b', 1::text FROM t WHERE a = :a AND b = :b AND c = :a AND d IN (:d*)")
    assert query.takes == ("a", "b", "d")
    assert query.with_list(3) == "SELECT 'a:b', 1::text FROM t WHERE a = ?1 AND b = ?2 AND c = ?1 AND d IN (?3, ?4, ?5)"


@pytest.mark.parametrize(
    "text", ["", "-- A sentence and no statement.", "SELECT 1;", "-- Two statements.\nSELECT 1;\nSELECT 2;"]
)
def test_a_query_without_sentence_or_with_other_than_one_statement_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="the query x"):
        module._parse(f"x\n{text}")


def test_every_query_has_a_name_of_its_file_and_a_sentence() -> None:
    assert len(EVERY) > 60
    for file in FILES:
        for name, query in queries(file).items():
            assert name.startswith(f"{file}_")
            assert query.sentence.endswith((".", "it.")), name


def test_every_query_is_used_once_by_its_repository() -> None:
    code = "".join(path.read_text("utf-8") for path in Path(str(resources.files("postroom.store"))).glob("*.py"))
    used = re.findall(r'_SQL\["(\w+)"\]', code)
    assert {query.name for query in EVERY} == set(used)


def test_no_query_uses_what_only_sqlite_knows() -> None:
    """The queries are the common subset of SQLite and PostgreSQL."""
    for query in EVERY:
        assert not re.search(
            r"\b(INSERT OR|REPLACE INTO|IFNULL|strftime|julianday|rowid|json_each|GLOB)\b", query.sql, re.IGNORECASE
        ), query.name


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    raw = open_writer(tmp_path_factory.mktemp("plans"))
    migrate(raw, known_migrations())
    return raw


@pytest.mark.parametrize("query", EVERY, ids=lambda query: query.name)
def test_no_query_reads_a_whole_table(database: sqlite3.Connection, query: Query) -> None:
    text = query.with_list(4) if "*" in query.sql else query.sql
    room = max((int(number) for number in re.findall(r"\?(\d+)", text)), default=0)
    plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {text}", (None,) * room)]
    walks = [step for step in plan if step.startswith("SCAN") and "SUBQUERY" not in step and step != "SCAN counted"]
    if query.name in WALKS_AN_INDEX:
        assert all("INDEX" in step for step in walks), plan
    else:
        assert not walks, plan
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in plan) or query.name in SORTS_A_FEW, plan


# What is sorted here is what one key leads to: a handful of rows, or one agent's.
SORTS_A_FEW = {
    "journal_of_conversation",
    "sessions_of_conversation",
    "sessions_with_customer",
    "ledger_settled_with",
    "mails_copy_of",
    "mails_twin",
    "conversations_find",
    "agents_candidates",
    "counts_quarantined",
    "counts_agents",
    "replies_last_to_customer",
    "sessions_channels_in_use",
    "sessions_in_shadow",
}


def test_a_list_of_any_length_needs_few_statements(database: sqlite3.Connection) -> None:
    query = queries("ledger")["ledger_known"]
    for length in range(1, 2 * CHUNK):
        Connection(database).all_in(query, ("g",), [str(number) for number in range(length)])
    assert len(query._with_list) <= 11
