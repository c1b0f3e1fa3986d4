"""Texts that the runtime sends by itself, as they are written: one for all, one a language, or a template by name.

    working: Thank you, we have your mail.                      one text for everybody
    working: {en: Thank you., de: Vielen Dank.}                 by language; `any` is for every other one
    working: {en: {subject: Thank you, text: …, html: …}}       with a subject of its own, and HTML beside the text
    working: {template: thanks}                                 the texts of that name in the tenant's `templates`

Names in braces, like `{channel_name}`, are those of mail/templates.py; a brace itself is doubled.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from postroom.settings.rules import AtMost, Mark, Name
from postroom.settings.yaml import Entry, Mapping, Node, Scalar

ANY = "any"
"""Stands in place of a language: for every mail in a language that is not there."""

Text = Annotated[str, Mark.LINES, AtMost(100_000, least=1)]
_OF_ONE = frozenset({"text", "subject", "html", "template"})


class Wording(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text, written as it is or with these keys; without a subject it has the usual one of its language."""

    text: Annotated[str, Mark.LINES, AtMost(100_000)] = ""
    subject: Annotated[str, AtMost(200)] = ""
    html: Text | None = None
    template: str | None = None


Texts = tuple[tuple[str, Wording], ...]
"""A text by language (`en`, `de` …)."""


class Template(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Texts that channels name instead of writing them out."""

    name: Name
    texts: Texts


def one_wording(node: Node) -> Node:
    """A text alone is a wording."""
    return Mapping((Entry("text", node.line, node),), node.line) if isinstance(node, Scalar) else node


def with_languages(node: Node, keys: frozenset[str]) -> Node:
    """Give each of these keys of the mapping a language, where it is written as one text for all."""
    if not isinstance(node, Mapping):
        return node
    entries = (
        Entry(entry.key, entry.line, _for_all(entry.node)) if entry.key in keys else entry for entry in node.entries
    )
    return Mapping(tuple(entries), node.line)


def _for_all(node: Node) -> Node:
    written_alone = isinstance(node, Scalar) and node.value is not None
    if written_alone or (isinstance(node, Mapping) and any(entry.key in _OF_ONE for entry in node.entries)):
        return Mapping((Entry(ANY, node.line, node),), node.line)
    return node
