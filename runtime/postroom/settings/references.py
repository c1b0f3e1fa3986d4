"""What a configuration names that stands elsewhere: secrets, and files that are not its own.

It says where they are, and whether what stands there is still the same; what they mean is known to others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from postroom.settings.robots import FaqRobot, OpenAiRobot, secret_of
from postroom.settings.schema import Gateway, Tenant
from postroom.settings.secrets import Secret


def secrets(tenants: Iterable[Tenant]) -> Iterator[Secret]:
    """Every secret of gateways and robots."""
    for tenant in tenants:
        for gateway in tenant.gateways:
            yield from secrets_of(gateway)
        yield from (secret for robot in tenant.robots if (secret := secret_of(robot)) is not None)


def secrets_of(gateway: Gateway) -> Iterator[Secret]:
    """What the gateway signs in with."""
    grant = gateway.oauth2
    found = (gateway.password, *((grant.client_secret, grant.refresh_token) if grant is not None else ()))
    yield from (secret for secret in found if secret is not None)


def files(folder: Path, tenants: Iterable[Tenant]) -> tuple[Path, ...]:
    """Every file named, but calendars' feeds: those are read again by themselves."""
    found = set[Path]()
    for tenant in tenants:
        found.update(secret.path for secret in secrets([tenant]) if secret.path is not None)
        found.update(folder / file for file in _files_of(tenant))
    return tuple(sorted(found))


def files_beside(tenants: Iterable[Tenant]) -> tuple[str, ...]:
    """Every file named that is no secret, calendars' too, as it is written."""
    found = set[str]()
    for tenant in tenants:
        found.update(_files_of(tenant))
        sources = [calendar.ical.source for calendar in tenant.calendars if calendar.ical is not None]
        found.update(source for source in sources if "://" not in source)
    return tuple(sorted(found))


def _files_of(tenant: Tenant) -> Iterator[str]:
    yield from (one.file for one in tenant.certificates if one.file is not None)
    robots = [one for one in tenant.robots if isinstance(one, FaqRobot | OpenAiRobot)]
    yield from (robot.file for robot in robots if robot.file is not None)


def stamp(folder: Path, tenant: Tenant, gateway: Gateway) -> bytes:
    """Digest all that the gateway is built from: it differs where a new one would be another. Blocking.

    Raises ConfigurationError where a secret is not there.
    """
    digest = sha256(repr(gateway).encode())
    for secret in secrets_of(gateway):
        digest.update(sha256(secret.reveal().encode()).digest())
    trusted = {*gateway.certificate, *(gateway.oauth2.certificate if gateway.oauth2 is not None else ())}
    for one in tenant.certificates:
        if one.name in trusted:
            digest.update(repr(one).encode())
            digest.update(_content(folder / one.file) if one.file is not None else b"")
    return digest.digest()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (OSError, ValueError):
        return b""
