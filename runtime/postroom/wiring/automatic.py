"""Builds what the engine asks of a channel's automatic replies from the settings in force."""

from __future__ import annotations

from postroom.engine.automatic import AutomaticRules
from postroom.errors import ConfigurationError
from postroom.settings import compile as compiled
from postroom.settings import compile_automatic
from postroom.settings.schema import SmtpGateway
from postroom.wiring.doors import sending_rules
from postroom.wiring.parts import Parts


def automatic_rules(parts: Parts, tenant_name: str, channel_name: str) -> AutomaticRules:
    """A channel's automatic replies. Raises ConfigurationError where it has no way out any more."""
    tenant = parts.generation.tenant(tenant_name)
    channel = tenant.channel(channel_name) if tenant else None
    gateway = tenant.gateway(channel.sending_gateway) if tenant and channel else None
    if tenant is None or channel is None or not isinstance(gateway, SmtpGateway):
        raise ConfigurationError(f"channel {channel_name} of {tenant_name} has no sending gateway any more")
    sending = sending_rules(parts, tenant_name, channel_name)
    return AutomaticRules(
        sending=sending,
        policy=compile_automatic.automatic_policy(channel),
        texts=compile_automatic.automatic_texts(tenant, channel),
        language=compile_automatic.automatic_language(channel),
        zone=compiled.zone(tenant, channel),
        # RFC 3834 §3.3: a reply of a machine has the null sender, or nobody could ever stop a bounce of a bounce.
        envelope_from="" if gateway.automatic_envelope == "null" else sending.envelope_from,
        per_minute=gateway.auto_replies_per_minute,
        start_from=compile_automatic.start_from(tenant, channel),
    )
