"""From a gateway's settings to the gateway: one `case` a protocol. Secrets are revealed here, at the last moment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from postroom.gateways import pop3, smtp
from postroom.gateways.oauth2 import AccessTokens
from postroom.gateways.oauth2_grant import Grant, origin
from postroom.gateways.oauth2_request import GrantType, OAuth2Options
from postroom.gateways.tls import client_context
from postroom.gateways.trust import tls_options, token_tls
from postroom.ports.gateways import ReceivingGateway, SendingGateway
from postroom.ports.kept import Keeper
from postroom.ports.world import Clock, Failpoint
from postroom.settings import schema
from postroom.settings.oauth2 import OAuth2
from postroom.settings.secrets import Secret


class Builder:
    """Builds gateways; those whose tokens come from the same grant share it. `folder` is the configuration's."""

    def __init__(self, folder: Path, clock: Clock, failpoint: Failpoint, keeper: Keeper) -> None:
        self._folder = folder
        self._clock = clock
        self._failpoint = failpoint
        self._keeper = keeper
        self._grants: dict[str, Grant] = {}
        self._tokens: dict[OAuth2Options, AccessTokens] = {}

    def receiving(self, tenant: schema.Tenant, settings: schema.Pop3Gateway) -> ReceivingGateway:
        """The gateway to collect from. Raises ConfigurationError."""
        options = pop3.Pop3Options(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            login_user=settings.login_user,
            security=pop3.Security(settings.security),
            allow_plaintext=settings.allow_plaintext,
            tls=tls_options(tenant, settings, self._folder),
            auth=pop3.Auth(settings.auth),
            password=_revealed(settings.password),
            token=self.tokens(tenant, settings),
            max_message_size=settings.max_message_size,
            window=settings.window,
        )
        return pop3.Pop3Gateway(options, self._failpoint)

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
