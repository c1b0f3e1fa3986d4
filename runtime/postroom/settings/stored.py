"""Tenants as the store keeps them, one document each, and reading them as files are read.

A document is what written.py writes, with secrets sealed. It is in charge of both ways, and of one generation of all
documents; which version is the newest is the store's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from msgspec import Struct

from postroom.errors import ConfigurationError
from postroom.settings import validate
from postroom.settings.checks.source import confined
from postroom.settings.convert import record
from postroom.settings.load import Loaded, loaded_from, read_process
from postroom.settings.nodes import node_of
from postroom.settings.problem import Page, Problem
from postroom.settings.process import Process
from postroom.settings.schema import Tenant
from postroom.settings.secrets import SEALED, Secret
from postroom.settings.vault import Vault
from postroom.settings.written import record as write_out
from postroom.settings.yaml import Mapping as MappingNode
from postroom.settings.yaml import Node, Scalar

Content: TypeAlias = dict[str, Any]
"""A tenant as JSON has it."""


class Document(Struct, frozen=True, kw_only=True):
    """The settings of one tenant at one version; version 0 is that of a tenant that was never kept."""

    tenant: str
    version: int
    content: Content


def content_of(tenant: Tenant, vault: Vault) -> Content:
    """What is kept of a tenant, its secrets sealed with the vault's first key. Raises ConfigurationError."""
    return write_out(tenant, lambda secret: {SEALED: vault.renewed(secret).name})


def with_old_seals(content: Any, before: Any, vault: Vault) -> Any:  # noqa: ANN401 as JSON has it
    """The same, with secrets that did not change sealed as they were, so that nothing else seems to have changed."""
    if isinstance(content, dict):
        held = before if isinstance(before, dict) else {}
        if set(content) == {SEALED} == set(held):
            return held if vault.is_same(content[SEALED], held[SEALED]) else content
        return {key: with_old_seals(one, held.get(key), vault) for key, one in content.items()}
    if isinstance(content, list):
        named = {_name(one): one for one in before if _name(one)} if isinstance(before, list) else {}
        return [with_old_seals(one, named.get(_name(one)), vault) for one in content]
    return content


def load_stored(
    folder: Path,
    documents: Iterable[Document],
    number: int = 1,
    known: Mapping[str, Iterable[Problem]] = MappingProxyType({}),
) -> Loaded:
    """Read `postroom.yaml` and every document, and check all of it; `known` are problems by tenant. Blocking."""
    page, process = read_process(folder)
    validate.process(page, process)
    vault, documents = vault_of(process), tuple(documents)
    if not documents:
        page.warning("settings.source", "the store holds no tenant yet: `postroom import DIR` brings the first")
    pages = [(page_of(one.tenant, folder, vault, known.get(one.tenant, ())), one) for one in documents]
    tenants = [(one, checked(one, process, document.content)) for one, document in pages]
    validate.together(page, process, tenants)
    return loaded_from(folder, number, (page, process), list(tenants))


def vault_of(process: Process) -> Vault | None:
    """The vault of the process's keys; None where they cannot be read, which is checked elsewhere."""
    try:
        return Vault(process.settings.keys)
    except ConfigurationError:
        return None


def page_of(tenant: str, folder: Path, vault: Vault | None, problems: Iterable[Problem] = ()) -> Page:
    """A page for a tenant's document, with the problems that are known of it already."""
    page = Page(f"tenant {tenant}", folder, lambda node, _: _unsealed(node, vault), first_line=0)
    for one in problems:
        page.problem(one.key, one.rule, one.value)
    return page


def checked(page: Page, process: Process, content: Mapping[str, Any]) -> Tenant:
    """The tenant of a document, every problem noted on the page; blocking."""
    tenant = record(Tenant, node_of(dict(content)), "", page)
    # A file outside is not even looked at.
    if confined(page, tenant, process.settings):
        validate.tenant(page, tenant)
    return tenant


def _name(one: Any) -> str:  # noqa: ANN401 as JSON has it
    return str(one.get("name", "")) if isinstance(one, dict) else ""


def _unsealed(node: Node, vault: Vault | None) -> Secret:
    token = node.get(SEALED) if isinstance(node, MappingNode) else None
    if not isinstance(token, Scalar) or vault is None:
        raise ValueError("is no secret that was sealed with one of `settings.keys`")
    return vault.sealed(token.text)
