"""The benchmark itself works: its mails are those it promises, every peer is checked, the figures are well formed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from tests.benchmarks import api, broker, deciding, idle, imap, many_sessions, reading, receiving, sending
from tests.benchmarks.bare_reader import read_box
from tests.benchmarks.boxes import filled, stocked
from tests.benchmarks.mails import mails
from tests.benchmarks.measure import Idling, Measure
from tests.benchmarks.peers import PEERS, missing
from tests.benchmarks.proof import check_store
from tests.benchmarks.report import Row, compared, limited, merge, recorded
from tests.benchmarks.tables import idle_table, race_table, row_table
from tests.support.dovecot import require_dovecot, running_dovecot

KEYS = ["name", "value", "unit", "peer", "peer_value", "ratio", "bar", "met"]


def test_the_mixed_box_has_the_sizes_it_promises() -> None:
    sizes = sorted(len(raw) for raw in mails("mixed", 100))
    assert 1_500 < sizes[0] < sizes[59] < 3_000
    assert 15_000 < sizes[60] < sizes[89] < 25_000
    assert 200_000 < sizes[90] < sizes[97] < 300_000
    assert 2_000_000 < sizes[98] < sizes[99] < 3_000_000


def test_the_same_seed_gives_the_same_mails_and_no_two_are_alike() -> None:
    first, again = list(mails("plain", 200)), list(mails("plain", 200))
    assert first == again
    assert len(set(first)) == 200
    assert list(mails("plain", 200, seed=4)) != first


def test_a_row_replaces_the_one_of_its_name_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "build" / "bench.json"
    merge([recorded("kept", 1, "s"), recorded("again", 1, "s")], file)
    merge([recorded("again", 2, "s"), recorded("new", 3, "s")], file)
    rows = msgspec.json.decode(file.read_bytes(), type=list[Row])
    assert [(row.name, row.value) for row in rows] == [("kept", 1), ("again", 2), ("new", 3)]
    assert [list(row) for row in msgspec.json.decode(file.read_bytes())] == [KEYS] * 3


def test_a_bar_is_met_by_its_ratio_or_its_limit_and_by_nothing_else() -> None:
    assert compared("speed", 100, "mails/s", "peer", 100, least=1.0).met is True
    assert compared("speed", 99, "mails/s", "peer", 100, least=1.0).met is False
    assert compared("speed", 99, "mails/s", "peer", 100).met is None
    assert limited("memory", 199, "MB", 200).met is True
    assert limited("memory", 200, "MB", 200).met is False


def test_a_store_that_lost_a_mail_is_not_believed(tmp_path: Path) -> None:
    tables = ("receipts (outcome)", "mails (sha256, incoming, conversation)", "raws (sha256)", "journal (event)")
    with closing(sqlite3.connect(tmp_path / "postroom.db")) as store:
        for table in (*tables, "sessions (phase, conversation)", "conversations (id)"):
            store.execute(f"CREATE TABLE {table}")
        store.execute("INSERT INTO receipts VALUES ('conversation')")
        store.commit()
    with pytest.raises(RuntimeError, match="mails with their bytes"):
        check_store(tmp_path / "postroom.db", 1)


@pytest.mark.server
async def test_a_reader_that_leaves_mail_behind_would_be_noticed() -> None:
    with running_dovecot(users=1) as server:
        box = filled(server, 0, stocked(server, "some", mails("plain", 3)))
        assert server.maildir_count(0) == 3
        measure = await read_box(box.host, box.port, box.user, box.password)
        assert (measure.mails, server.maildir_count(0)) == (3, 0)


@pytest.mark.server
def test_every_peer_receives_and_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    require_dovecot()
    here = {name: peer for name, peer in PEERS.items() if name != "mpop" or not missing()}
    monkeypatch.setattr(receiving, "PEERS", here)
    said: list[str] = []
    races = receiving.run(1, 5, said.append)
    assert [race.mix for race in races] == ["mixed", "plain"]
    assert len(said) == 2 * len(here)
    for race in races:
        assert set(race.measures) == set(here)
        assert race_table(race).row_count == len(here)
        assert all(_is_whole(one) for measures in race.measures.values() for one in measures)
    if "mpop" in here:
        rows = [row for race in races for row in receiving.rows(race)]
        assert len({row.name for row in rows}) == len(rows) == 10
        assert {row.bar for row in rows} == {None, "ratio >= 1", "value < 200"}
        assert row_table(rows).row_count == 10


def _is_whole(measure: Measure) -> bool:
    return measure.mails == 5 and min(measure.octets, measure.seconds, measure.cpu_seconds, measure.peak_memory) > 0


@pytest.mark.server
def test_idling_is_watched_at_both_servers() -> None:
    require_dovecot()
    spells = idle.run(0.002, 1.0, lambda _: None)
    assert {server: seen.gateways for server, seen in spells.items()} == {"dovecot": 2, "scripted": 20}
    for server, seen in spells.items():
        assert _is_plausible(seen), seen
        names = [row.name for row in idle.rows(server, seen)]
        assert len(set(names)) == 5
        assert not seen.store_changed
    assert idle_table(spells).row_count == 2


def _is_plausible(seen: Idling) -> bool:
    return seen.seconds >= 1 and seen.memory > 0 and seen.lag_worst >= seen.lag_p99


def test_lives_of_sessions_are_decided_to_their_end() -> None:
    (row,) = deciding.rows(20, 1, print)
    assert (row.name, row.unit) == ("deciding: decisions on one core", "decisions/s")
    assert row.value > 0


@pytest.mark.journey
def test_a_full_store_is_started_on_and_its_deadlines_fire() -> None:
    seen = many_sessions.run(200, print)
    assert seen.fired == 20
    assert [row.met is None for row in many_sessions.rows(seen)] == [False, True, False, True, False, False]


@pytest.mark.server
def test_offers_go_through_a_broker_and_mail_is_taken_in_without_one() -> None:
    seen = broker.run(1, print, offers=50, mails=20)
    assert [row.met is None for row in broker.rows(seen)] == [True, False, True, True]
    assert min(seen.pipelined, seen.one_by_one, seen.with_broker, seen.without, seen.p99_with, seen.p99_without) > 0


@pytest.mark.server
def test_requests_are_answered_while_mails_come() -> None:
    require_dovecot()
    seen = api.run(0.2, print)
    assert [row.unit for row in api.rows(seen)] == ["ms", "ms", "requests/s", "mails/s"]
    assert 0 < seen.answers.p50 <= seen.answers.p99


@pytest.mark.server
def test_every_peer_hands_its_mails_to_the_same_sink() -> None:
    if sending.missing():
        pytest.skip(sending.missing())
    speeds = sending.run(1, 8, lambda _: None)
    assert set(speeds) == set(sending.PEERS)
    assert [row.bar for row in sending.rows(speeds)] == ["ratio >= 2", None, None, None]


def test_every_reader_takes_everything_out_of_the_same_mails() -> None:
    rows = reading.rows(reading.run(1, 3, lambda _: None))
    assert len({row.name for row in rows}) == len(rows) >= 4
    assert {row.bar for row in rows} == {"ratio >= 10", "ratio >= 4"}


@pytest.mark.parametrize("mix", ["plain", "mixed"])
def test_every_reader_finds_the_same_in_a_mail(mix: str) -> None:
    for raw in mails(mix, 100):
        ours, *theirs = [replace(reader(raw), content_hash="") for reader in reading.READERS.values()]
        assert theirs == [ours, ours]


@pytest.mark.server
def test_imap_is_raced_with_pop3_on_the_same_mails() -> None:
    require_dovecot()
    (row,) = imap.rows(imap.run(1, 5, lambda _: None))
    assert (row.peer, row.met) == ("postroom over POP3", None)
    assert row.value > 0
