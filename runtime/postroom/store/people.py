"""Users, tokens and sign-ins over SQL; of passwords and tokens only hashes are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from postroom.ports.people import Role, Scope, SignedInBrowser, Token, User
from postroom.store.columns import to_json, to_micros, to_strings, to_time, to_time_or_none
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("people")


class SqlPeople:
    """ports.people.People."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, user: User) -> bool:
        """Keep a new user; False where the account is taken."""
        row = (
            user.tenant,
            user.account,
            user.name,
            user.role.value,
            user.scope.ou,
            to_json(user.scope.queues),
            user.password,
            int(user.is_disabled),
            to_micros(user.created_at),
            to_micros(user.changed_at),
        )
        return self._db.run(_SQL["people_add"], row) == 1

    def get(self, tenant: str, account: str) -> User | None:
        """One user."""
        row = self._db.one(_SQL["people_get"], (tenant, account))
        return _user(row) if row else None

    def all(self, tenant: str) -> Sequence[User]:
        """Every user of the tenant by account."""
        return [_user(row) for row in self._db.all(_SQL["people_all"], (tenant,))]

    def set_password(self, tenant: str, account: str, password: str, now: datetime) -> bool:
        """Keep another hash, and end every sign-in of the account; False where there is no such user."""
        self.sign_out_everywhere(tenant, account)
        return self._db.run(_SQL["people_set_password"], (password, to_micros(now), tenant, account)) == 1

    def set_disabled(self, tenant: str, account: str, *, is_disabled: bool) -> bool:
        """Let him sign in no more, or again; his sign-ins end. False where there is no such user."""
        self.sign_out_everywhere(tenant, account)
        return self._db.run(_SQL["people_set_disabled"], (int(is_disabled), tenant, account)) == 1

    def sign_in(self, browser: SignedInBrowser) -> None:
        """Remember a browser."""
        times = (to_micros(browser.created_at), to_micros(browser.expires_at))
        self._db.run(_SQL["people_sign_in"], (browser.digest, browser.tenant, browser.account, *times))

    def browser(self, digest: str) -> SignedInBrowser | None:
        """The browser with that cookie."""
        row = self._db.one(_SQL["people_browser"], (digest,))
        if row is None:
            return None
        created_at, expires_at = to_time(row[3]), to_time(row[4])
        return SignedInBrowser(
            digest=row[0], tenant=row[1], account=row[2], created_at=created_at, expires_at=expires_at
        )

    def sign_out(self, digest: str) -> None:
        """Forget a browser."""
        self._db.run(_SQL["people_sign_out"], (digest,))

    def sign_out_everywhere(self, tenant: str, account: str) -> int:
        """Forget every browser of the account; gives how many."""
        return self._db.run(_SQL["people_sign_out_everywhere"], (tenant, account))

    def forget_before(self, when: datetime) -> int:
        """Forget browsers whose sign-in ended before then; gives how many."""
        return self._db.run(_SQL["people_forget_before"], (to_micros(when),))

    def add_token(self, token: Token) -> None:
        """Keep a new token."""
        row = (
            token.id,
            token.tenant,
            token.account,
            token.role.value,
            token.scope.ou,
            to_json(token.scope.queues),
            token.digest,
            token.prefix,
            to_micros(token.created_at),
            token.created_by,
            to_micros(token.expires_at),
        )
        self._db.run(_SQL["people_add_token"], row)

    def token(self, digest: str) -> Token | None:
        """The token with that hash, whether it is still good or not."""
        row = self._db.one(_SQL["people_token"], (digest,))
        return _token(row) if row else None

    def tokens(self, tenant: str, after: str, limit: int) -> Sequence[Token]:
        """The tenant's tokens in the order of their making, after that id."""
        return [_token(row) for row in self._db.all(_SQL["people_tokens"], (tenant, after, limit))]

    def revoke(self, tenant: str, token: str, now: datetime) -> bool:
        """Let a token be good no more; False where there is none of that id, or it was revoked before."""
        return self._db.run(_SQL["people_revoke"], (to_micros(now), tenant, token)) == 1

    def revoke_of(self, tenant: str, account: str, now: datetime) -> int:
        """Let every token of the account be good no more; gives how many."""
        return self._db.run(_SQL["people_revoke_of"], (to_micros(now), tenant, account))

    def used(self, digest: str, now: datetime) -> None:
        """Note that a token was used."""
        self._db.run(_SQL["people_used"], (to_micros(now), digest))


def _user(row: Row) -> User:
    return User(
        tenant=row[0],
        account=row[1],
        name=row[2],
        role=Role(row[3]),
        scope=Scope(ou=row[4], queues=to_strings(row[5])),
        password=row[6],
        is_disabled=bool(row[7]),
        created_at=to_time(row[8]),
        changed_at=to_time(row[9]),
    )


def _token(row: Row) -> Token:
    return Token(
        id=row[0],
        tenant=row[1],
        account=row[2],
        role=Role(row[3]),
        scope=Scope(ou=row[4], queues=to_strings(row[5])),
        digest=row[6],
        prefix=row[7],
        created_at=to_time(row[8]),
        created_by=row[9],
        expires_at=to_time(row[10]),
        revoked_at=to_time_or_none(row[11]),
        last_used_at=to_time_or_none(row[12]),
    )
