"""The receiving contract, for POP3 against a real Dovecot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import pytest

from postroom.gateways.pop3 import Pop3Gateway, Pop3Options, Security
from tests.contracts.gateway_contract import ReceivingGatewayContract
from tests.support.dovecot import Dovecot, running_dovecot
from tests.support.ports import free_ports

pytestmark = pytest.mark.server

LIMIT = 100_000
USERS = 16
_users = count()


class Pop3Box:
    """One user's mailbox."""

    limit = LIMIT

    def __init__(self, server: Dovecot, user: int) -> None:
        name, password = server.login(user)
        self._server, self._user = server, user
        self._options = Pop3Options(
            host="127.0.0.1",
            port=server.pop3,
            user=name,
            password=password,
            security=Security.NONE,
            allow_plaintext=True,
            max_message_size=LIMIT,
        )
        self.gateway = Pop3Gateway(self._options)

    def deliver(self, raw: bytes) -> None:
        self._server.deliver(self._user, raw)

    def mails(self) -> Sequence[bytes]:
        return self._server.mails(self._user)

    def with_wrong_password(self) -> Pop3Gateway:
        return Pop3Gateway(replace(self._options, password="not-his"))

    def nowhere(self) -> Pop3Gateway:
        return Pop3Gateway(replace(self._options, port=free_ports(1)[0]))


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with running_dovecot(users=USERS) as running:
        yield running


@pytest.fixture
def box(server: Dovecot) -> Pop3Box:
    return Pop3Box(server, next(_users) % USERS)


class TestPop3(ReceivingGatewayContract):
    pass
