"""What is read and checked and the runtime does not act on yet, so that nobody is misled.

It is in charge of this table. A word leaves it with the change that makes it work.
"""

from __future__ import annotations

from postroom.settings.problem import Page
from postroom.settings.schema import Tenant

WORDS = "is read and checked, and has no effect in this version"

WITHOUT_EFFECT: dict[str, dict[str, str]] = {"agents": {"notices": "mail"}}
"""By section and key, the one word of a list that does nothing; the others do."""


def check(page: Page, tenant: Tenant) -> None:
    """Warn of the words that are in the table."""
    for section, lists in WITHOUT_EFFECT.items():
        for index, entity in enumerate(getattr(tenant, section)):
            for key, word in lists.items():
                if word in getattr(entity, key):
                    page.warning(f"{section}[{index}].{key}", f"`{word}` {WORDS}")
