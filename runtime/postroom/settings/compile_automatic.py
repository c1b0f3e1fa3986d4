"""From a channel's settings to what decides on its automatic replies and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from zoneinfo import ZoneInfo

from postroom.mail.compose_automatic import AutomaticText
from postroom.session.automatic import AutomaticKind, AutomaticPolicy
from postroom.settings.schema import Channel, SmtpGateway, Tenant
from postroom.settings.wording import ANY, Texts, Wording

AutomaticTexts = dict[AutomaticKind, tuple[AutomaticText, ...]]


def automatic_policy(channel: Channel) -> AutomaticPolicy:
    """The rules of a channel's automatic replies."""
    return AutomaticPolicy(
        texts=frozenset(kind for kind, texts in _written(channel).items() if texts),
        again_after=channel.auto_reply.again_after,
        each=channel.offline_messages.auto_reply_each,
    )


def automatic_texts(tenant: Tenant, channel: Channel) -> AutomaticTexts:
    """What is sent, by kind and language; templates are written out."""
    every_other = automatic_language(channel)
    return {kind: tuple(_texts(tenant, texts, every_other)) for kind, texts in _written(channel).items()}


def automatic_language(channel: Channel) -> str:
    """The language to answer in; empty for the one a mail says it is in."""
    return "" if channel.auto_reply.language == "auto" else channel.auto_reply.language


def multilingual(tenant: Tenant) -> frozenset[str]:
    """The channels for whose automatic replies the language of a mail has to be known."""
    return frozenset(channel.name for channel in tenant.channels if _is_multilingual(tenant, channel))


def _is_multilingual(tenant: Tenant, channel: Channel) -> bool:
    texts = automatic_texts(tenant, channel).values()
    return not automatic_language(channel) and any(len(some) > 1 for some in texts)


def start_from(tenant: Tenant, channel: Channel) -> datetime | None:
    """Since when the channel's mail is answered: a day begins at midnight in the tenant's time zone."""
    gateway = tenant.gateway(channel.receiving_gateway)
    if gateway is None or isinstance(gateway, SmtpGateway) or gateway.start_from is None:
        return None
    found = datetime.fromisoformat(gateway.start_from)
    if found.tzinfo is not None:
        return found
    return datetime.combine(found, time(), ZoneInfo(tenant.parameters.time_zone))


def _written(channel: Channel) -> dict[AutomaticKind, Texts]:
    replies = channel.auto_reply
    return {
        AutomaticKind.WORKING: replies.working,
        AutomaticKind.NON_WORKING: replies.non_working,
        AutomaticKind.HOLIDAY: replies.holiday,
        AutomaticKind.BACKLOG: replies.backlog,
        AutomaticKind.REMINDER: channel.no_customer_reply.remind_with,
    }


def _texts(tenant: Tenant, texts: Texts, every_other: str) -> Iterator[AutomaticText]:
    for language, wording in texts:
        written = ((language, wording),) if wording.template is None else _template(tenant, wording.template)
        yield from (_text(every_other if tag == ANY else tag, one) for tag, one in written)


def _template(tenant: Tenant, name: str) -> Texts:
    return next((template.texts for template in tenant.templates if template.name == name), ())


def _text(language: str, wording: Wording) -> AutomaticText:
    return AutomaticText(language=language, text=wording.text, subject=wording.subject, html=wording.html)
