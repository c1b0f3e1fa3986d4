"""Servers the gateway tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.certificates import Authority
from tests.support.dovecot import Dovecot, running_dovecot


@pytest.fixture(scope="session")
def authority() -> Authority:
    """A private authority whose certificate nobody trusts unless told to."""
    return Authority()


@pytest.fixture(scope="session")
def dovecot(authority: Authority) -> Iterator[Dovecot]:
    """A Dovecot for the whole run; each test empties the mailbox it uses."""
    with running_dovecot(users=8, authority=authority) as server:
        yield server
