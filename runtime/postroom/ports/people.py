"""Who may sign in, as the store keeps it: people with passwords, programs with tokens, and browsers signed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from msgspec import Struct


class Role(Enum):
    """What somebody is; what each may do stands in one table of the HTTP door."""

    ADMINISTRATOR = "administrator"
    """Looks after the tenant: people, tokens, gateways, settings; oversees everything in his scope."""
    SUPERVISOR = "supervisor"
    """Works as an agent does, and oversees what is in his scope."""
    AGENT = "agent"
    ROBOT = "robot"
    """A program that reads what is in its scope and changes nothing."""
    OPERATOR = "operator"
    """Watches the service, and sees nothing of what customers write."""


DESK = frozenset({Role.AGENT, Role.SUPERVISOR})
"""Those who answer customers: they are agents of the settings."""


class Scope(Struct, frozen=True, kw_only=True):
    """How far a role reaches: the whole tenant, or a unit and all below it, or these queues alone."""

    ou: str | None = None
    queues: tuple[str, ...] = ()


class User(Struct, frozen=True, kw_only=True):
    """A person; `password` is an argon2id hash, `changed_at` when it was last set.

    Where the account is an agent's of the settings, name, role and unit are the settings'.
    """

    tenant: str
    account: str
    name: str
    role: Role
    password: str
    created_at: datetime
    changed_at: datetime
    scope: Scope = Scope()
    is_disabled: bool = False


class Token(Struct, frozen=True, kw_only=True):
    """A program's token; `digest` is the hex SHA-256, `prefix` its first characters, to tell it from others."""

    id: str
    tenant: str
    account: str
    role: Role
    digest: str
    prefix: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    scope: Scope = Scope()
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class SignedInBrowser(Struct, frozen=True, kw_only=True):
    """A browser in which somebody is signed in; `digest` is the hex SHA-256 of its cookie."""

    digest: str
    tenant: str
    account: str
    created_at: datetime
    expires_at: datetime


class People(Protocol):
    """Users, tokens and sign-ins of every tenant."""

    def add(self, user: User) -> bool:
        """Keep a new user; False where the account is taken."""
        ...

    def get(self, tenant: str, account: str) -> User | None:
        """One user."""
        ...

    def all(self, tenant: str) -> Sequence[User]:
        """Every user of the tenant by account."""
        ...

    def set_password(self, tenant: str, account: str, password: str, now: datetime) -> bool:
        """Keep another hash, and end every sign-in of the account; False where there is no such user."""
        ...

    def set_disabled(self, tenant: str, account: str, *, is_disabled: bool) -> bool:
        """Let him sign in no more, or again; his sign-ins end. False where there is no such user."""
        ...

    def sign_in(self, browser: SignedInBrowser) -> None:
        """Remember a browser."""
        ...

    def browser(self, digest: str) -> SignedInBrowser | None:
        """The browser with that cookie."""
        ...

    def sign_out(self, digest: str) -> None:
        """Forget a browser."""
        ...

    def sign_out_everywhere(self, tenant: str, account: str) -> int:
        """Forget every browser of the account; gives how many."""
        ...

    def add_token(self, token: Token) -> None:
        """Keep a new token."""
        ...

    def token(self, digest: str) -> Token | None:
        """The token with that hash, whether it is still good or not."""
        ...

    def tokens(self, tenant: str, after: str, limit: int) -> Sequence[Token]:
        """The tenant's tokens in the order of their making, after that id."""
        ...

    def revoke(self, tenant: str, token: str, now: datetime) -> bool:
        """Let a token be good no more; False where there is none of that id, or it was revoked before."""
        ...

    def revoke_of(self, tenant: str, account: str, now: datetime) -> int:
        """Let every token of the account be good no more; gives how many."""
        ...

    def used(self, digest: str, now: datetime) -> None:
        """Note that a token was used."""
        ...

    def forget_before(self, when: datetime) -> int:
        """Forget browsers whose sign-in ended before then; gives how many."""
        ...
