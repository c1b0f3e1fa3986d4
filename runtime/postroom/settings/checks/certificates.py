"""Certificates: that each can be read and says what it is for, and that gateways name those there are."""

from __future__ import annotations

from collections.abc import Sequence

from postroom.errors import ConfigurationError
from postroom.settings.certificates import Certificate, files, has_none
from postroom.settings.checks.names import exists
from postroom.settings.problem import Page
from postroom.settings.schema import Tenant


def check(page: Page, tenant: Tenant) -> None:
    """Check each certificate alone, then that every one a gateway names is there."""
    for index, certificate in enumerate(tenant.certificates):
        path = f"certificates[{index}]"
        _content(page, path, certificate)
        if certificate.purpose == "ca":
            _authority(page, path, certificate)
        else:
            _pin(page, path, certificate)
    known = [one.name for one in tenant.certificates]
    for index, gateway in enumerate(tenant.gateways):
        _exist(page, f"gateways[{index}].certificate", gateway.certificate, known)
        if gateway.oauth2 is not None:
            _exist(page, f"gateways[{index}].oauth2.certificate", gateway.oauth2.certificate, known)


def _exist(page: Page, path: str, names: Sequence[str], known: Sequence[str]) -> None:
    for place, name in enumerate(names):
        exists(page, f"{path}[{place}]", name, known, "certificate")


def _content(page: Page, path: str, certificate: Certificate) -> None:
    if certificate.file is not None and certificate.pem is not None:
        page.problem(f"{path}.pem", "stands beside `file`: write one of them")
        return
    try:
        files(certificate, page.folder)
    except ConfigurationError as error:
        page.problem(f"{path}.file" if certificate.pem is None else f"{path}.pem", str(error))


def _authority(page: Page, path: str, certificate: Certificate) -> None:
    if has_none(certificate):
        page.problem(f"{path}.file", "is missing: an authority is trusted by its certificate")
    if certificate.pins:
        page.problem(f"{path}.pins", "belong to a certificate of `purpose: pin`; a gateway may name one of each")


def _pin(page: Page, path: str, certificate: Certificate) -> None:
    if has_none(certificate) and not certificate.pins:
        page.problem(f"{path}.pins", "is missing: a pin names at least one public key, here or by a `file`")
    elif has_none(certificate) and len(certificate.pins) == 1:
        page.warning(f"{path}.pins", "has one key: add that of a key in reserve, or a new key ends all mail here")
    if page.is_written(f"{path}.trust"):
        page.problem(f"{path}.trust", "belongs to a certificate of `purpose: ca`: a pin trusts nobody in addition")
