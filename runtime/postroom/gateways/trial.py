"""Signs in to every gateway once, to see how it is; no mail is read, sent or deleted."""

from __future__ import annotations

from postroom.errors import ConfigurationError
from postroom.gateways.build import Builder
from postroom.ports.gateways import GatewayError, GatewayStatus
from postroom.settings.schema import Gateway, Generation, SmtpGateway, Tenant, kind_of


async def try_gateways(generation: Generation, builder: Builder) -> list[tuple[str, str, str, str]]:
    """One after the other: (tenant/gateway, kind, status, words), the words empty where it succeeded."""
    found = []
    for tenant in generation.tenants:
        for settings in tenant.gateways:
            status, words = await try_gateway(tenant, settings, builder)
            found.append((f"{tenant.name}/{settings.name}", kind_of(settings), status.value, words))
    return found


async def try_gateway(tenant: Tenant, settings: Gateway, builder: Builder) -> tuple[GatewayStatus, str]:
    """The status it would have now, and why in words."""
    try:
        if isinstance(settings, SmtpGateway):
            gateway = builder.sending(tenant, settings)
            await gateway.probe()
            await gateway.close()
        else:
            mailbox = await builder.receiving(tenant, settings).open()
            await mailbox.close()
    except GatewayError as error:
        return error.status, error.words
    except ConfigurationError as error:
        return GatewayStatus.CONNECTION_FAILED, str(error)
    return GatewayStatus.CONNECTION_SUCCEEDED, ""
