"""Signs in to a gateway once, to see how it is; no mail is read, sent or deleted."""

from __future__ import annotations

from pathlib import Path

from postroom.errors import ConfigurationError
from postroom.gateways import build
from postroom.ports.gateways import GatewayError, GatewayStatus
from postroom.ports.world import Clock, Failpoint
from postroom.settings.schema import Gateway, Pop3Gateway


async def tried(settings: Gateway, folder: Path, clock: Clock, failpoint: Failpoint) -> tuple[GatewayStatus, str]:
    """How it went and why in words, empty where it succeeded; `folder` is the configuration's."""
    try:
        if isinstance(settings, Pop3Gateway):
            mailbox = await build.receiving(settings, folder, failpoint).open()
            await mailbox.close()
        else:
            gateway = build.sending(settings, folder, clock, failpoint)
            await gateway.probe()
            await gateway.close()
    except GatewayError as error:
        return error.status, error.words
    except ConfigurationError as error:
        return GatewayStatus.CONNECTION_FAILED, str(error)
    return GatewayStatus.CONNECTION_SUCCEEDED, ""
