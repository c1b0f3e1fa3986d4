"""Figures are read by the index of their time, and of nothing beside the tenant's span."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from postroom.store.database import open_writer
from postroom.store.migrations import known_migrations, migrate
from postroom.store.queries import queries

BY = {
    "statistics_marks": "milestones_range (tenant=? AND at>? AND at<?)",
    "statistics_first_replies": "milestones_range (tenant=? AND at>? AND at<?)",
    "statistics_mails": "COVERING INDEX mails_range (tenant=? AND received_at>? AND received_at<?)",
    "statistics_replies": "COVERING INDEX replies_range (tenant=? AND accepted_at>? AND accepted_at<?)",
    "statistics_queued": "sessions_phase (tenant=?)",
    "statistics_open": "sessions_agent (tenant=? AND agent>?)",
    "statistics_forget": "milestones_range (tenant=? AND at<?)",
}


@pytest.mark.parametrize("name", BY)
def test_a_figure_walks_its_index_within_the_span_alone(tmp_path: Path, name: str) -> None:
    with closing(open_writer(tmp_path)) as raw:
        migrate(raw, known_migrations())
        steps = plan(raw, name)
    assert not any(step.startswith("SCAN") for step in steps), steps
    assert any(BY[name] in step for step in steps), steps


def plan(raw: sqlite3.Connection, name: str) -> list[str]:
    query = queries("statistics")[name]
    return [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {query.sql}", (None,) * len(query.takes))]


def test_every_question_about_figures_is_looked_at_here() -> None:
    assert {*BY} == {*queries("statistics")} - {"statistics_add"}
