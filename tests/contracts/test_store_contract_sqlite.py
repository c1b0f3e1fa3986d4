"""The store contract, run against SQLite in a real folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from postroom.ports.store import Store
from tests.contracts.store_automatic_contract import AnsweredMailContract, AutomaticRepliesContract
from tests.contracts.store_broker_contract import BrokerContract
from tests.contracts.store_contract import AtomicityContract, BellsContract, UnitsContract
from tests.contracts.store_desk_contract import DraftsContract, ListsContract, MergingContract, WithdrawingContract
from tests.contracts.store_intake_contract import ConversationsContract, LedgerContract, MailsContract
from tests.contracts.store_memory_contract import (
    LastAgentContract,
    RobotAnswersContract,
    SessionTimersContract,
    TwinsContract,
    UndeliverableContract,
)
from tests.contracts.store_sending_contract import (
    IdempotencyContract,
    OutboxContract,
    RepliesContract,
    SentMailsContract,
)
from tests.contracts.store_service_contract import (
    AgentsContract,
    CountsContract,
    JournalContract,
    SessionsContract,
    TimersContract,
)
from tests.contracts.store_settings_contract import ExportsContract, SettingsVersionsContract
from tests.contracts.store_statistics_contract import StatisticsContract
from tests.contracts.store_uploads_contract import AuditChainContract, UploadsContract
from tests.contracts.store_waiting_contract import (
    CustomersAgentContract,
    HoursContract,
    OpenSessionsContract,
    TurnsContract,
)
from tests.store.opened import opened


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as one:
        yield one


class TestUnits(UnitsContract): ...


class TestBells(BellsContract): ...


class TestAtomicity(AtomicityContract): ...


class TestLedger(LedgerContract): ...


class TestMails(MailsContract): ...


class TestConversations(ConversationsContract): ...


class TestSessions(SessionsContract): ...


class TestJournal(JournalContract): ...


class TestTimers(TimersContract): ...


class TestAgents(AgentsContract): ...


class TestBroker(BrokerContract): ...


class TestOutbox(OutboxContract): ...


class TestSentMails(SentMailsContract): ...


class TestReplies(RepliesContract): ...


class TestAutomaticReplies(AutomaticRepliesContract): ...


class TestAnsweredMail(AnsweredMailContract): ...


class TestIdempotency(IdempotencyContract): ...


class TestCounts(CountsContract): ...


class TestDrafts(DraftsContract): ...


class TestWithdrawing(WithdrawingContract): ...


class TestLists(ListsContract): ...


class TestMerging(MergingContract): ...


class TestTurns(TurnsContract): ...


class TestHours(HoursContract): ...


class TestOpenSessions(OpenSessionsContract): ...


class TestCustomersAgent(CustomersAgentContract): ...


class TestSessionTimers(SessionTimersContract): ...


class TestLastAgent(LastAgentContract): ...


class TestTwins(TwinsContract): ...


class TestUndeliverable(UndeliverableContract): ...


class TestRobotAnswers(RobotAnswersContract): ...


class TestSettingsVersions(SettingsVersionsContract): ...


class TestExports(ExportsContract): ...


class TestStatistics(StatisticsContract): ...


class TestUploads(UploadsContract): ...


class TestAuditChain(AuditChainContract): ...
