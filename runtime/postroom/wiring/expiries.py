"""Finds what expires: the certificates of the settings in force, and what gateways get their access tokens with."""

from __future__ import annotations

from collections.abc import Iterator

from postroom.engine.expiries import Expiry, ExpiryWatch, What
from postroom.engine.supervisor import Loop
from postroom.errors import ConfigurationError, PostroomError
from postroom.settings.certificates import files
from postroom.settings.schema import Gateway, Tenant
from postroom.wiring.parts import Parts


def expiry_loop(parts: Parts) -> Loop:
    """The watch over everything that expires."""

    async def certificates() -> list[Expiry]:
        return await parts.offload.run("blobs", lambda: list(_certificates(parts)))

    async def grants() -> list[Expiry]:
        every = [(tenant, one) for tenant in parts.current().tenants for one in tenant.gateways]
        found = [await _grant(parts, *one) for one in every]
        return [one for one in found if one is not None]

    watch = ExpiryWatch([certificates, grants], parts.metrics, parts.clock)
    return Loop(name="expiries", run=lambda _: watch.run())


async def _grant(parts: Parts, tenant: Tenant, gateway: Gateway) -> Expiry | None:
    try:
        tokens = parts.builder.tokens(tenant, gateway)
        at = await tokens.expires_at() if tokens else None
    except PostroomError:
        return None
    return Expiry(what=What.GRANT, tenant=tenant.name, name=gateway.name, at=at) if at else None


def _certificates(parts: Parts) -> Iterator[Expiry]:
    for tenant in parts.current().tenants:
        for one in tenant.certificates:
            try:
                ends = [certificate.not_valid_after_utc for certificate in files(one, parts.folder)]
            except ConfigurationError:
                continue
            if ends:
                yield Expiry(what=What.CERTIFICATE, tenant=tenant.name, name=one.name, at=min(ends))
