"""What is shown to a token endpoint, and the refresh token that took the place of the one in the settings.

Gateways with the same grant share it, and one asks at a time: a refresh token shown twice at once may be taken for a
stolen one. What is kept belongs to the settings it came from; a new refresh token there makes an end of it.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
import structlog
from msgspec import Struct

from postroom.gateways.oauth2_answer import Granted
from postroom.gateways.oauth2_request import GrantType, OAuth2Options
from postroom.ports.kept import Keeper

log = structlog.get_logger(__name__)


LONGEST = 3_650 * 86_400.0


class Kept(Struct, frozen=True, kw_only=True):
    """The content of the kept file."""

    refresh_token: str
    expires_at: datetime | None = None


class Grant:
    """One client's right to tokens; `lock` is held from reading what to show until what came back is kept."""

    def __init__(self, options: OAuth2Options, keeper: Keeper) -> None:
        self._options = options
        self._keeper = keeper
        self._name = f"oauth2-{origin(options)[:40]}"
        self._unwritten: Kept | None = None
        """A refresh token that the disk did not take: the only one that is still good."""
        self.lock = asyncio.Lock()

    async def form(self) -> dict[str, str]:
        """What to post. Raises TemporaryError where the kept token cannot be read."""
        form = {"grant_type": self._options.grant.value}
        if self._options.grant is GrantType.REFRESH_TOKEN:
            kept = await self._kept()
            form["refresh_token"] = kept.refresh_token if kept else self._options.refresh_token
        return form

    async def replaced_by(self, granted: Granted, now: datetime) -> None:
        """Keep the refresh token that came, if one did. Raises TemporaryError where it could not be kept."""
        if self._options.grant is not GrantType.REFRESH_TOKEN:
            return
        expires_at = _until(granted, now)
        kept = await self._kept()
        shown = kept.refresh_token if kept else self._options.refresh_token
        given = Kept(refresh_token=granted.refresh_token or shown, expires_at=expires_at)
        is_known = given.refresh_token == shown and (expires_at is None or (kept and kept.expires_at == expires_at))
        if not is_known or self._unwritten is not None:
            self._unwritten = given
            await self._keeper.keep(self._name, msgspec.json.encode(given))
            self._unwritten = None

    async def expires_at(self) -> datetime | None:
        """When the refresh token runs out, where its server said so."""
        kept = await self._kept()
        return kept.expires_at if kept else None

    async def _kept(self) -> Kept | None:
        if self._unwritten is not None:
            return self._unwritten
        content = await self._keeper.read(self._name)
        if content is None:
            return None
        try:
            return msgspec.json.decode(content, type=Kept)
        except msgspec.MsgspecError:
            log.warning("kept_token_unreadable", name=self._name)
            return None


def _until(granted: Granted, now: datetime) -> datetime | None:
    """When the refresh token that came along runs out, where the server says so."""
    lasts = granted.grant_expires_in
    return None if lasts is None else now + timedelta(seconds=min(max(lasts, 0.0), LONGEST))


def origin(options: OAuth2Options) -> str:
    """What tells one grant from another: where, who, and the refresh token of the settings; a digest in hex."""
    parts = (options.token_endpoint, options.client_id, options.refresh_token)
    return sha256("\0".join(parts).encode()).hexdigest()
