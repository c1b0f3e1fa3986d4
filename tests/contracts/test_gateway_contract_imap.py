"""The receiving contract, for IMAP against a real Dovecot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import pytest

from postroom.gateways.imap import ImapGateway, ImapOptions
from postroom.gateways.reading import Security
from tests.contracts.gateway_contract import ReceivingGatewayContract
from tests.support.dovecot import Dovecot, running_dovecot
from tests.support.ports import free_ports

pytestmark = pytest.mark.server

LIMIT = 100_000
USERS = 16
_users = count()


class ImapBox:
    """One user's mailbox."""

    limit = LIMIT

    def __init__(self, server: Dovecot, user: int) -> None:
        name, password = server.login(user)
        self._server, self._user = server, user
        self._options = ImapOptions(
            host="127.0.0.1",
            port=server.imap,
            user=name,
            password=password,
            security=Security.NONE,
            allow_plaintext=True,
            max_message_size=LIMIT,
        )
        self.gateway = ImapGateway(self._options)

    def deliver(self, raw: bytes) -> None:
        self._server.deliver(self._user, raw)

    def mails(self) -> Sequence[bytes]:
        return self._server.mails(self._user)

    def with_wrong_password(self) -> ImapGateway:
        return ImapGateway(replace(self._options, password="not-his"))

    def nowhere(self) -> ImapGateway:
        return ImapGateway(replace(self._options, port=free_ports(1)[0]))


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with running_dovecot(users=USERS) as running:
        yield running


@pytest.fixture
def box(server: Dovecot) -> ImapBox:
    return ImapBox(server, next(_users) % USERS)


class TestImap(ReceivingGatewayContract):
    pass
