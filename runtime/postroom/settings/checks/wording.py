"""Texts that are sent by themselves: their languages, the names in them, and the templates they stand for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from postroom.mail.templates import AUTOMATIC_NAMES, faults
from postroom.settings.checks.names import exists
from postroom.settings.problem import Page, shown
from postroom.settings.schema import Channel, Tenant
from postroom.settings.wording import ANY, Texts, Wording

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\Z")
_LANGUAGE_WORDS = "must be a language, like `en` or `pt-BR`"


def check(page: Page, tenant: Tenant) -> None:
    """Check every text of every channel, and every template."""
    templates = {template.name for template in tenant.templates}
    for index, channel in enumerate(tenant.channels):
        path = f"channels[{index}]"
        language = channel.auto_reply.language
        if language != "auto" and not _LANGUAGE.match(language):
            page.problem(f"{path}.auto_reply.language", f"{_LANGUAGE_WORDS}, or `auto`", shown(language))
        for key, texts in _texts_of(channel):
            _texts(page, f"{path}.{key}", texts, templates)
    for index, template in enumerate(tenant.templates):
        path = f"templates[{index}].texts"
        if not template.texts:
            page.problem(path, "must have a text")
        _texts(page, path, template.texts, ())


def _texts_of(channel: Channel) -> Iterator[tuple[str, Texts]]:
    for key in ("working", "non_working", "holiday", "backlog"):
        yield f"auto_reply.{key}", getattr(channel.auto_reply, key)
    yield "no_customer_reply.remind_with", channel.no_customer_reply.remind_with


def _texts(page: Page, path: str, texts: Texts, templates: Collection[str]) -> None:
    for language, wording in texts:
        inner = f"{path}.{language}"
        if language != ANY and not _LANGUAGE.match(language):
            page.problem(inner, f"{_LANGUAGE_WORDS}, or `{ANY}`")
        if wording.template is not None:
            _by_name(page, f"{inner}.template", language, wording, templates)
        else:
            _written(page, inner, wording)


def _by_name(page: Page, path: str, language: str, wording: Wording, templates: Collection[str]) -> None:
    if wording.text or wording.subject or wording.html:
        page.problem(path, "stands for texts: there is none beside it")
    elif language != ANY:
        page.problem(path, "has its own languages: write `{template: NAME}` in place of them")
    else:
        exists(page, path, wording.template, templates, "template")


def _written(page: Page, path: str, wording: Wording) -> None:
    if not wording.text.strip():
        page.problem(f"{path}.text", "must not be empty: every mail has a plain text")
    for key, template in (("text", wording.text), ("subject", wording.subject), ("html", wording.html or "")):
        for fault in faults(template, AUTOMATIC_NAMES):
            page.problem(f"{path}.{key}", f"line {fault.line} of it: {fault.words}")
