"""From a gateway's settings to the gateway: one `case` a protocol. Secrets are revealed here, at the last moment."""

from __future__ import annotations

from pathlib import Path

from postroom.gateways import pop3, smtp
from postroom.gateways.tls import client_context
from postroom.gateways.trust import tls_options
from postroom.ports.gateways import ReceivingGateway, SendingGateway
from postroom.ports.world import Clock, Failpoint
from postroom.settings import schema


def receiving(
    tenant: schema.Tenant, settings: schema.Pop3Gateway, folder: Path, failpoint: Failpoint
) -> ReceivingGateway:
    """The gateway to collect from; `folder` is the configuration's. Raises ConfigurationError."""
    options = pop3.Pop3Options(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        login_user=settings.login_user,
        security=pop3.Security(settings.security),
        allow_plaintext=settings.allow_plaintext,
        tls=tls_options(tenant, settings, folder),
        auth=pop3.Auth(settings.auth),
        password=settings.password.reveal() if settings.password else "",
        max_message_size=settings.max_message_size,
        window=settings.window,
    )
    return pop3.Pop3Gateway(options, failpoint)


def sending(
    tenant: schema.Tenant, settings: schema.SmtpGateway, folder: Path, clock: Clock, failpoint: Failpoint
) -> SendingGateway:
    """The gateway to send through. Raises ConfigurationError."""
    options = smtp.SmtpOptions(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        security=smtp.Security(settings.security),
        allow_plaintext=settings.allow_plaintext,
        tls=None if settings.security == "none" else client_context(tls_options(tenant, settings, folder)),
        auth=smtp.Auth(settings.auth),
        password=settings.password.reveal() if settings.password else "",
        ehlo_name=settings.ehlo_name or "",
        pool=settings.pool,
    )
    return smtp.SmtpGateway(options, clock=clock, failpoint=failpoint)
