"""How mail leaves a channel, from the settings in force: what agents write, and what is sent by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from postroom.engine.automatic import AutomaticRules
from postroom.engine.automatic_mail import AutomaticMailer
from postroom.engine.letters import Canned, Hand
from postroom.engine.sending_rules import SendingRules
from postroom.errors import ConfigurationError
from postroom.mail.letter import Words
from postroom.mail.message import Address
from postroom.mail.tokens import KeyRing
from postroom.ports.pauses import Paused
from postroom.ports.world import Failpoint
from postroom.session.state import Session
from postroom.settings import compile as compiled
from postroom.settings import compile_automatic, compile_hands
from postroom.settings.letters import CannedAnswer
from postroom.settings.schema import Channel, SmtpGateway, Tenant
from postroom.wiring.in_force import InForce


def sending_rules(in_force: InForce, ring: KeyRing, tenant_name: str, channel_name: str) -> SendingRules:
    """A channel's way out. Raises ConfigurationError where it has none any more."""
    tenant, channel, gateway = _way_out(in_force, tenant_name, channel_name)
    own = {gateway.from_address, *(address for one in tenant.channels for address in one.addresses)}
    own |= compile_hands.personal_addresses(tenant, channel)
    return SendingRules(
        gateway=gateway.name,
        from_=Address(addr=gateway.from_address, name=gateway.from_name),
        envelope_from=gateway.bounce_address or gateway.from_address,
        domain=gateway.reply_domain or gateway.from_address.rpartition("@")[2],
        caps=compiled.caps(tenant, channel),
        blocklist=compiled.blocklist(tenant),
        own_addresses=frozenset(own),
        max_size=gateway.max_send_size,
        ring=ring,
        hand_of=partial(_hand, tenant, channel, gateway),
        canned=tuple(_canned(one) for one in compile_hands.canned_answers(tenant, channel.name)),
        reply_to=compiled.answer_address(channel, gateway),
        plus_address=gateway.plus_address,
        subject_tag=channel.subject_tag,
    )


def _hand(tenant: Tenant, channel: Channel, gateway: SmtpGateway, account: str) -> Hand:
    agent = tenant.agent(account)
    address, why_not = compile_hands.personal(channel, gateway, agent)
    return Hand(
        name=agent.name if agent is not None else account,
        signature=compile_hands.signature(tenant, channel, agent),
        personal=address,
        why_not=why_not,
        is_preset=channel.reply_with_personal_email,
    )


def _canned(answer: CannedAnswer) -> Canned:
    return Canned(name=answer.name, words=Words(text=answer.text, html=answer.html), language=answer.language)


IsPaused = Callable[[Paused, str], bool]
"""Whether something is held back for a tenant."""


def automatic_mailer(in_force: InForce, ring: KeyRing, is_paused: IsPaused, failpoint: Failpoint) -> AutomaticMailer:
    """What writes the channels' texts and robots' answers."""

    def rules_of(tenant: str, channel: str) -> AutomaticRules | None:
        try:
            rules = _automatic_rules(in_force, ring, tenant, channel)
        except ConfigurationError:
            return None
        # An automatic reply that waits until sending goes on would come too late to be of any use.
        paused = is_paused(Paused.AUTOMATIC, tenant) or is_paused(Paused.SENDING, tenant)
        return replace(rules, paused=paused)

    def opening_of(session: Session, now: datetime) -> datetime | None:
        return in_force.policy(session.tenant, session.channel).hours.next_opening(now)

    def name_of(tenant: str, account: str) -> str:
        space = in_force.generation.tenant(tenant)
        agent = space.agent(account) if space is not None else None
        return agent.name if agent is not None else account

    return AutomaticMailer(rules_of, opening_of, name_of, failpoint)


def _automatic_rules(in_force: InForce, ring: KeyRing, tenant_name: str, channel_name: str) -> AutomaticRules:
    tenant, channel, gateway = _way_out(in_force, tenant_name, channel_name)
    sending = sending_rules(in_force, ring, tenant_name, channel_name)
    return AutomaticRules(
        sending=sending,
        policy=in_force.policy(tenant_name, channel_name).automatic,
        texts=compile_automatic.automatic_texts(tenant, channel),
        language=compile_automatic.automatic_language(channel),
        zone=compiled.zone(tenant, channel),
        # RFC 3834 §3.3: a reply of a machine has the null sender, or nobody could ever stop a bounce of a bounce.
        envelope_from="" if gateway.automatic_envelope == "null" else sending.envelope_from,
        per_minute=gateway.auto_replies_per_minute,
        start_from=compile_automatic.start_from(tenant, channel),
    )


def _way_out(in_force: InForce, tenant_name: str, channel_name: str) -> tuple[Tenant, Channel, SmtpGateway]:
    tenant = in_force.generation.tenant(tenant_name)
    channel = tenant.channel(channel_name) if tenant else None
    gateway = tenant.gateway(channel.sending_gateway) if tenant and channel else None
    if tenant is None or channel is None or not isinstance(gateway, SmtpGateway):
        raise ConfigurationError(f"channel {channel_name} of {tenant_name} has no sending gateway any more")
    return tenant, channel, gateway
