"""Secrets: that each can be read now, and is not open to everybody."""

from __future__ import annotations

from postroom.errors import ConfigurationError
from postroom.settings.problem import Page
from postroom.settings.secrets import PLACEHOLDER, Secret, is_exposed


def readable(page: Page, path: str, secret: Secret) -> None:
    """Note what stands against using the secret."""
    try:
        value = secret.reveal()
    except ConfigurationError as error:
        page.problem(path, str(error))
        return
    if value == PLACEHOLDER:
        page.warning(path, f"{secret.path or secret.reference} still holds the placeholder: put the password there")
    elif is_exposed(secret):
        page.warning(path, f"every user of this machine may read {secret.path}: `chmod 600` it")
