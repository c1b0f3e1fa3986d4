"""Keys that are read and checked and that the runtime does not act on yet, so that nobody is misled.

It is in charge of this one table. A key leaves it with the change that makes it work.
"""

from __future__ import annotations

from postroom.settings.problem import Page
from postroom.settings.schema import Tenant

WORDS = "is read and checked, and has no effect in this version"

INACTIVE: dict[str, dict[str, tuple[object, ...]]] = {
    "agents": {"notices": ((),)},
}
"""By section and key, the values that say what this version does anyway: they need no warning."""


def check(page: Page, tenant: Tenant) -> None:
    """Warn of every key of the table that is written and would change something."""
    for section, keys in INACTIVE.items():
        for index, entity in enumerate(getattr(tenant, section)):
            for key, harmless in keys.items():
                path = f"{section}[{index}].{key}"
                if page.is_written(path) and getattr(entity, key, None) not in harmless:
                    page.warning(path, WORDS)
