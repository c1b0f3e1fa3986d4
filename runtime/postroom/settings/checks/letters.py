"""Signatures and canned answers: the names in them, and that each is there once; and whose address a reply may bear."""

from __future__ import annotations

import re
from collections.abc import Mapping

from postroom.mail.templates import ANSWER_NAMES, LETTER_NAMES, faults
from postroom.settings.checks.names import exists, unique
from postroom.settings.letters import CannedAnswer, Signature
from postroom.settings.problem import Page, shown
from postroom.settings.schema import SmtpGateway, Tenant

_LANGUAGE = re.compile(r"(?:[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3})?\Z")


def check(page: Page, tenant: Tenant) -> None:
    """Check every signature, every canned answer, and every channel on which agents may write as themselves."""
    for index, signature in enumerate(tenant.signatures):
        _names(page, f"signatures[{index}]", signature, LETTER_NAMES)
    channels = {channel.name for channel in tenant.channels}
    for index, answer in enumerate(tenant.canned_answers):
        path = f"canned_answers[{index}]"
        _names(page, path, answer, ANSWER_NAMES)
        if not _LANGUAGE.match(answer.language):
            page.problem(f"{path}.language", "must be a language, like `en` or `pt-BR`", shown(answer.language))
        for place, name in enumerate(answer.channels):
            exists(page, f"{path}.channels[{place}]", name, channels, "channel")
    unique(
        page,
        (
            (f"canned_answers[{index}].name", f"{one.name} {one.language}".strip())
            for index, one in enumerate(tenant.canned_answers)
        ),
        "the name, for one language,",
    )
    _personal(page, tenant)


def _names(page: Page, path: str, written: Signature | CannedAnswer, known: Mapping[str, str]) -> None:
    for key, template in (("text", written.text), ("html", written.html or "")):
        for fault in faults(template, known):
            page.problem(f"{path}.{key}", f"line {fault.line} of it: {fault.words}")


def _personal(page: Page, tenant: Tenant) -> None:
    for index, channel in enumerate(tenant.channels):
        gateway = tenant.gateway(channel.sending_gateway)
        if channel.reply_with_personal_email and isinstance(gateway, SmtpGateway) and not gateway.identities:
            words = f"gateway {gateway.name!r} has no `identities`: every reply will bear its `from_address`"
            page.warning(f"channels[{index}].reply_with_personal_email", words)
