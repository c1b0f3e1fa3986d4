"""From a gateway's settings to the gateway: one `case` a protocol. Secrets are revealed here, at the last moment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from postroom.errors import ConfigurationError
from postroom.gateways import imap, pop3, smtp
from postroom.gateways.oauth2 import AccessTokens
from postroom.gateways.oauth2_grant import Grant, origin
from postroom.gateways.oauth2_request import GrantType, OAuth2Options
from postroom.gateways.reading import Auth, Security
from postroom.gateways.tls import TlsOptions, client_context
from postroom.gateways.trust import tls_options, token_tls
from postroom.ports.gateways import ReceivingGateway, SendingGateway
from postroom.ports.kept import Keeper
from postroom.ports.world import Clock, Failpoint
from postroom.settings import schema
from postroom.settings.oauth2 import OAuth2
from postroom.settings.secrets import Secret


class _BoxOptions(TypedDict):
    """What the options of every receiving protocol have alike."""

    host: str
    port: int
    user: str
    login_user: str
    security: Security
    allow_plaintext: bool
    tls: TlsOptions
    auth: Auth
    password: str
    token: AccessTokens | None
    max_message_size: int
    window: int


class Builder:
    """Builds gateways; those whose tokens come from the same grant share it. `folder` is the configuration's."""

    def __init__(self, folder: Path, clock: Clock, failpoint: Failpoint, keeper: Keeper) -> None:
        self._folder = folder
        self._clock = clock
        self._failpoint = failpoint
        self._keeper = keeper
        self._grants: dict[str, Grant] = {}
        self._tokens: dict[OAuth2Options, AccessTokens] = {}

    def receiving(self, tenant: schema.Tenant, settings: schema.Box, *, telling: bool = False) -> ReceivingGateway:
        """The gateway to collect from; `telling` for who listens between sessions. Raises ConfigurationError."""
        match settings:
            case schema.Pop3Gateway():
                return pop3.Pop3Gateway(pop3.Pop3Options(**self._box(tenant, settings)), self._failpoint)
            case schema.ImapGateway():
                options = imap.ImapOptions(
                    **self._box(tenant, settings),
                    folders=settings.folders,
                    after=imap.After(settings.after_intake),
                    move_to=settings.move_to or "",
                    idle=telling and settings.idle,
                )
                return imap.ImapGateway(options, self._failpoint)
        raise ConfigurationError(f"gateway {settings.name}: nothing is collected over this protocol")

    def _box(self, tenant: schema.Tenant, settings: schema.Pop3Gateway | schema.ImapGateway) -> _BoxOptions:
        return _BoxOptions(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            login_user=settings.login_user,
            security=Security(settings.security),
            allow_plaintext=settings.allow_plaintext,
            tls=tls_options(tenant, settings, self._folder),
            auth=Auth(settings.auth),
            password=_revealed(settings.password),
            token=self.tokens(tenant, settings),
            max_message_size=settings.max_message_size,
            window=settings.window,
        )

    def sending(self, tenant: schema.Tenant, settings: schema.SmtpGateway) -> SendingGateway:
        """The gateway to send through. Raises ConfigurationError."""
        is_clear = settings.security == "none"
        options = smtp.SmtpOptions(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            security=smtp.Security(settings.security),
            allow_plaintext=settings.allow_plaintext,
            tls=None if is_clear else client_context(tls_options(tenant, settings, self._folder)),
            auth=smtp.Auth(settings.auth),
            password=_revealed(settings.password),
            token=self.tokens(tenant, settings),
            ehlo_name=settings.ehlo_name or "",
            pool=settings.pool,
        )
        return smtp.SmtpGateway(options, clock=self._clock, failpoint=self._failpoint)

    def tokens(self, tenant: schema.Tenant, gateway: schema.Gateway) -> AccessTokens | None:
        """Where the gateway gets its access tokens, None where it needs none. Raises ConfigurationError."""
        if gateway.auth != "xoauth2" or gateway.oauth2 is None:
            return None
        options = self._oauth2(tenant, gateway.oauth2)
        if options not in self._tokens:
            grant = self._grants.setdefault(origin(options), Grant(options, self._keeper))
            self._tokens[options] = AccessTokens(options, grant, self._clock)
        return self._tokens[options]

    def _oauth2(self, tenant: schema.Tenant, settings: OAuth2) -> OAuth2Options:
        return OAuth2Options(
            token_endpoint=settings.token_endpoint,
            client_id=settings.client_id,
            client_secret=_revealed(settings.client_secret),
            scope=settings.scope,
            grant=GrantType(settings.grant),
            refresh_token=_revealed(settings.refresh_token),
            expires_at=_moment(settings.expires),
            tls=token_tls(tenant, settings, self._folder),
        )


def _revealed(secret: Secret | None) -> str:
    return secret.reveal() if secret is not None else ""


def _moment(text: str | None) -> datetime | None:
    """A day stands for its beginning in UTC."""
    at = datetime.fromisoformat(text) if text is not None else None
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
