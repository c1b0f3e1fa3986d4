"""Every route the door has, with something in place of what its path names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from postroom.api.policy import WITHOUT_SIGN_IN
from tests.api.door import Door
from tests.dispatch.house import ACME

OWN_METHODS = {"GET", "POST", "PUT", "DELETE", "PATCH"}
NAMED = {"{queue_name}": "help", "{index}": "0", "{gateway}": "in", "{number}": "1", "{section_name}": "channels"}


def names(door: Door) -> list[str]:
    """Every route behind the sign-in as the policy names it."""
    found = []
    for route in door.app.routes:
        methods: set[str] = set(getattr(route, "methods", ()))
        if not route.path.startswith("/schema"):
            path = route.path_format.removeprefix("/api/v1/{tenant}")
            found += [f"{method} {path}" for method in sorted(methods & OWN_METHODS)]
    return [name for name in found if name not in WITHOUT_SIGN_IN]


def asked(name: str, named: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The method and path to ask; what is not named is nobody's."""
    method, path = name.split(" ")
    for holder, value in {**NAMED, **(named or {})}.items():
        path = path.replace(holder, value)
    return method, f"/api/v1/{ACME}" + re.sub(r"{\w+}", "x" * 26, path)


def routes(door: Door) -> list[tuple[str, str]]:
    """Every (method, path) behind the sign-in."""
    return [asked(name) for name in names(door)]
