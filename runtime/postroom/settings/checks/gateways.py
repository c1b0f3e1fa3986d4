"""Gateways: security, sign-in, certificates, and that no box is collected twice."""

from __future__ import annotations

from collections.abc import Sequence

from postroom.settings.checks import secrets
from postroom.settings.problem import Page
from postroom.settings.schema import Box, Gateway, ImapGateway, SmtpGateway, Tenant


def check(page: Page, tenant: Tenant) -> None:
    """Check each gateway alone."""
    for index, gateway in enumerate(tenant.gateways):
        path = f"gateways[{index}]"
        if not page.is_sound(f"{path}.kind"):
            continue
        _security(page, path, gateway)
        _sign_in(page, path, gateway)
        if isinstance(gateway, SmtpGateway):
            _sending(page, path, gateway)
        else:
            _polling(page, path, gateway)
        if isinstance(gateway, ImapGateway):
            _folders(page, path, gateway)


def check_boxes(tenants: Sequence[tuple[Page, Tenant]]) -> None:
    """Check that no two receiving gateways, of whatever tenants, collect the same user's mail at the same host."""
    first: dict[tuple[str, str], str] = {}
    for page, tenant in tenants:
        for index, gateway in enumerate(tenant.gateways):
            path = f"gateways[{index}]"
            if not isinstance(gateway, Box) or not page.is_sound(f"{path}.host", f"{path}.user"):
                continue
            box = (gateway.host.casefold(), gateway.user)
            if box in first:
                page.problem(f"{path}.user", f"collects the same user's mail at the same host as {first[box]}")
            else:
                first[box] = f"{gateway.name!r} in {page.file} {page.where(path)}"


def _security(page: Page, path: str, gateway: Gateway) -> None:
    if gateway.security != "none":
        return
    if gateway.allow_plaintext:
        page.warning(f"{path}.security", "password and mails travel in clear text")
    else:
        page.problem(
            f"{path}.security",
            "`none` sends password and mails in clear text: use `tls` or `starttls`, or set `allow_plaintext: true`",
        )


def _sign_in(page: Page, path: str, gateway: Gateway) -> None:
    if gateway.auth == "xoauth2":
        _oauth2(page, path, gateway)
        return
    if gateway.oauth2 is not None:
        page.problem(f"{path}.oauth2", "belongs to `auth: xoauth2`")
    if gateway.auth == "none":
        if gateway.user or gateway.password is not None:
            page.warning(f"{path}.auth", "with `none`, `user` and `password` are not used")
        return
    if not gateway.user:
        page.problem(f"{path}.user", "is missing" + _or_none(gateway))
    if gateway.password is None:
        page.problem(f"{path}.password", "is missing" + _or_none(gateway))
    else:
        secrets.readable(page, f"{path}.password", gateway.password)


def _oauth2(page: Page, path: str, gateway: Gateway) -> None:
    if not gateway.user:
        page.problem(f"{path}.user", "is missing: a token is shown for a mailbox")
    if gateway.password is not None:
        page.warning(f"{path}.password", "with `xoauth2` it is not used")
    if gateway.oauth2 is None:
        page.problem(f"{path}.oauth2", "is missing: it says where `xoauth2` gets its tokens")
        return
    needed = ("client_secret",) if gateway.oauth2.grant == "client_credentials" else ("refresh_token",)
    for key in ("client_secret", "refresh_token"):
        secret = getattr(gateway.oauth2, key)
        if secret is not None:
            secrets.readable(page, f"{path}.oauth2.{key}", secret)
        elif key in needed:
            page.problem(f"{path}.oauth2.{key}", f"is missing: `grant: {gateway.oauth2.grant}` shows it")
    if "refresh_token" not in needed and gateway.oauth2.refresh_token is not None:
        page.warning(f"{path}.oauth2.refresh_token", "with `client_credentials` it is not used")


def _or_none(gateway: Gateway) -> str:
    return " (a relay without sign-in is written `auth: none`)" if isinstance(gateway, SmtpGateway) else ""


def _polling(page: Page, path: str, gateway: Box) -> None:
    low = gateway.poll_every if gateway.poll_min is None else gateway.poll_min
    high = gateway.poll_every if gateway.poll_max is None else gateway.poll_max
    if low > gateway.poll_every:
        page.problem(f"{path}.poll_min", "must not be longer than `poll_every`")
    if high < gateway.poll_every:
        page.problem(f"{path}.poll_max", "must not be shorter than `poll_every`")


def _folders(page: Page, path: str, gateway: ImapGateway) -> None:
    if len(set(gateway.folders)) < len(gateway.folders):
        page.problem(f"{path}.folders", "names a folder twice")
    if gateway.after_intake == "move" and gateway.move_to is None:
        page.problem(f"{path}.move_to", "is missing: `after_intake: move` says to move mails, and not where to")
    if gateway.move_to is not None and gateway.move_to in gateway.folders:
        page.problem(f"{path}.move_to", "is one of the `folders` that are read")
    if gateway.move_to is not None and gateway.after_intake != "move":
        page.problem(f"{path}.move_to", "belongs to `after_intake: move`")
    if gateway.after_intake == "flag" and gateway.leave_days is not None:
        page.problem(f"{path}.leave_on_server", "has no days with `after_intake: flag`, by which mails stay for ever")


def _sending(page: Page, path: str, gateway: SmtpGateway) -> None:
    if gateway.automatic_envelope == "bounce" and gateway.bounce_address is None:
        page.problem(f"{path}.automatic_envelope", "`bounce` needs a `bounce_address`")
    if gateway.notify_agent_after > gateway.give_up_after:
        page.warning(f"{path}.notify_agent_after", "is longer than `give_up_after`: nobody is told before the end")
