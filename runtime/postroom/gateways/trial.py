"""Signs in to every gateway once, to see how it is; no mail is read, sent or deleted."""

from __future__ import annotations

from pathlib import Path

from postroom.errors import ConfigurationError
from postroom.gateways import build
from postroom.ports.gateways import GatewayError, GatewayStatus
from postroom.ports.world import Clock, Failpoint
from postroom.settings.schema import Gateway, Generation, Pop3Gateway, Tenant


async def try_gateways(generation: Generation, clock: Clock, failpoint: Failpoint) -> list[tuple[str, str, str, str]]:
    """One after the other: (tenant/gateway, kind, status, words), the words empty where it succeeded."""
    found = []
    for tenant in generation.tenants:
        for settings in tenant.gateways:
            status, words = await _try(tenant, settings, Path(generation.folder), clock, failpoint)
            kind = "pop3" if isinstance(settings, Pop3Gateway) else "smtp"
            found.append((f"{tenant.name}/{settings.name}", kind, status.value, words))
    return found


async def _try(
    tenant: Tenant, settings: Gateway, folder: Path, clock: Clock, failpoint: Failpoint
) -> tuple[GatewayStatus, str]:
    try:
        if isinstance(settings, Pop3Gateway):
            mailbox = await build.receiving(tenant, settings, folder, failpoint).open()
            await mailbox.close()
        else:
            gateway = build.sending(tenant, settings, folder, clock, failpoint)
            await gateway.probe()
            await gateway.close()
    except GatewayError as error:
        return error.status, error.words
    except ConfigurationError as error:
        return GatewayStatus.CONNECTION_FAILED, str(error)
    return GatewayStatus.CONNECTION_SUCCEEDED, ""
