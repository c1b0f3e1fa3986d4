"""Keys that are read and checked and that the runtime does not act on yet, so that nobody is misled.

It is in charge of these two tables. A key leaves them with the change that makes it work.
"""

from __future__ import annotations

from postroom.settings.problem import Page
from postroom.settings.schema import Tenant

WORDS = "is read and checked, and has no effect in this version"

INACTIVE: dict[str, dict[str, tuple[object, ...]]] = {
    "gateways": {
        "plus_address": (False,),
    },
}
"""By section and key, the values that say what this version does anyway: they need no warning."""

WITHOUT_EFFECT: dict[str, dict[str, str]] = {"agents": {"notices": "mail"}}
"""By section and key, the one word of a list that does nothing; the others do."""


def check(page: Page, tenant: Tenant) -> None:
    """Warn of what is written, is in a table, and would change something."""
    _check_keys(page, tenant)
    _check_words(page, tenant)


def _check_keys(page: Page, tenant: Tenant) -> None:
    for section, keys in INACTIVE.items():
        for index, entity in enumerate(getattr(tenant, section)):
            for key, harmless in keys.items():
                path = f"{section}[{index}].{key}"
                if page.is_written(path) and getattr(entity, key, None) not in harmless:
                    page.warning(path, WORDS)


def _check_words(page: Page, tenant: Tenant) -> None:
    for section, lists in WITHOUT_EFFECT.items():
        for index, entity in enumerate(getattr(tenant, section)):
            for key, word in lists.items():
                if word in getattr(entity, key):
                    page.warning(f"{section}[{index}].{key}", f"`{word}` {WORDS}")
