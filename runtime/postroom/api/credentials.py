"""Finds who a token, a cookie or a name belongs to: the agents of the settings, then the tokens and users of the store.

Of a token or cookie only its SHA-256 is compared. A disabled user, an ended sign-in, and a token that was revoked or
has expired belong to nobody, from the moment that is committed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from postroom.api.auth import Caller
from postroom.ports.people import DESK, Role, Scope, Token, User
from postroom.ports.store import Store, Tx
from postroom.ports.world import Clock
from postroom.settings.schema import Agent, Generation

USE_NOTED_EVERY = timedelta(minutes=1)


def digest_of(token: bytes) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token).hexdigest()


class Credentials:
    """auth.Directory over the settings in force and the store."""

    def __init__(self, current: Callable[[], Generation], store: Store, clock: Clock) -> None:
        self._current = current
        self._store = store
        self._clock = clock
        self._generation: Generation | None = None
        self._configured: tuple[Caller, ...] = ()

    async def by_token(self, token: bytes) -> Caller | None:
        """Whose bearer token this is; notes about once a minute that one of the store was used."""
        digest = digest_of(token)
        found = self._of_settings(digest)
        if found is not None:
            return found
        kept = await self._store.read(lambda tx: tx.people.token(digest))
        now = self._clock.now()
        if kept is None or not _is_good(kept, now):
            return None
        if kept.last_used_at is None or now - kept.last_used_at >= USE_NOTED_EVERY:
            await self._store.write(lambda tx: tx.people.used(digest, now))
        return self._holder(kept)

    async def by_cookie(self, cookie: bytes) -> Caller | None:
        """Who is signed in in the browser with that cookie."""
        digest = digest_of(cookie)
        return await self._store.read(lambda tx: self._browsing(tx, digest))

    async def still_knows(self, caller: Caller) -> bool:
        """Whether what the caller came with is still good, and he is still who he was."""
        if self._of_settings(caller.digest) == caller:
            return True
        return await self._store.read(lambda tx: self._again(tx, caller.digest)) == caller

    def agent(self, tenant: str, account: str) -> Caller | None:
        """That agent of the settings in force; he came with no token of his own."""
        found = self._agent(tenant, account)
        return _as_agent(tenant, found, "") if found is not None else None

    def user(self, user: User, digest: str = "") -> Caller | None:
        """Who a user is now; None where he may not come in."""
        if user.is_disabled:
            return None
        return self._known(user.tenant, user.account, digest, user.role, user.scope)

    def _again(self, tx: Tx, digest: str) -> Caller | None:
        kept = tx.people.token(digest)
        if kept is not None:
            return self._holder(kept) if _is_good(kept, self._clock.now()) else None
        return self._browsing(tx, digest)

    def _browsing(self, tx: Tx, digest: str) -> Caller | None:
        browser = tx.people.browser(digest)
        if browser is None or browser.expires_at <= self._clock.now():
            return None
        user = tx.people.get(browser.tenant, browser.account)
        return self.user(user, digest) if user is not None else None

    def _holder(self, token: Token) -> Caller | None:
        return self._known(token.tenant, token.account, token.digest, token.role, token.scope)

    def _known(self, tenant: str, account: str, digest: str, role: Role, scope: Scope) -> Caller | None:
        """Who answers customers is who the settings say he is; for everybody else the store says it."""
        if role not in DESK:
            is_there = self._current().tenant(tenant) is not None
            return Caller(tenant=tenant, account=account, digest=digest, role=role, reach=scope) if is_there else None
        agent = self._agent(tenant, account)
        return _as_agent(tenant, agent, digest) if agent is not None else None

    def _agent(self, tenant: str, account: str) -> Agent | None:
        space = self._current().tenant(tenant)
        return space.agent(account) if space is not None else None

    def _of_settings(self, digest: str) -> Caller | None:
        """Takes equally long for every token."""
        self._refresh()
        found = None
        for caller in self._configured:
            if hmac.compare_digest(caller.digest, digest):
                found = caller
        return found

    def _refresh(self) -> None:
        generation = self._current()
        if generation is self._generation:
            return
        self._generation = generation
        self._configured = tuple(
            _as_agent(tenant.name, agent, digest.lower())
            for tenant in generation.tenants
            for agent in tenant.agents
            for digest in agent.token_sha256
        )


def _as_agent(tenant: str, agent: Agent, digest: str) -> Caller:
    scope = Scope(ou=agent.ou)
    return Caller(tenant=tenant, account=agent.account, digest=digest, role=Role(agent.role), reach=scope)


def _is_good(token: Token, now: datetime) -> bool:
    return token.revoked_at is None and token.expires_at > now
