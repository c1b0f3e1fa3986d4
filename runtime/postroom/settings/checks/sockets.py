"""Where the process listens: nothing readable leaves the machine unless that is said."""

from __future__ import annotations

from ipaddress import ip_address

from postroom.settings.problem import Page, shown
from postroom.settings.process import Process


def check(page: Page, settings: Process) -> None:
    """Check the two listening sockets."""
    http, ops = settings.http, settings.ops
    if page.is_sound("http.listen") and not is_loopback(http.listen):
        if not http.allow_plain_http:
            page.problem(
                "http.listen",
                "plain HTTP is for this machine only: listen on 127.0.0.1 behind a proxy that speaks TLS, "
                "or set `allow_plain_http: true`",
                shown(http.listen),
            )
        else:
            page.warning("http.listen", "tokens and mails travel in clear text to whoever is not on this machine")
    if http.listen == ops.listen and not http.listen.endswith(":0"):
        page.problem("ops.listen", "must not be where `http.listen` is already", shown(ops.listen))


def is_loopback(listen: str) -> bool:
    """Whether only this machine can reach the socket."""
    host = listen.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
