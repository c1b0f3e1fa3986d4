"""Everything an administrator can set, as frozen values with their defaults.

It is in charge of names, types, defaults and what is right for one value alone. Whether the values fit together is
validate's; reading files is load.py's; what has no effect yet stands in inactive.py. Durations are seconds.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from postroom.routing.routes import Route
from postroom.settings.blocklist import BlocklistSettings
from postroom.settings.calendars import DEFAULT, CalendarSettings
from postroom.settings.certificates import Certificate
from postroom.settings.channel_rules import (
    DAY,
    MINUTE,
    AutoReply,
    ChannelRobot,
    Keyword,
    LastAgent,
    NoAgentReply,
    NoCustomerReply,
    OfflineMessages,
    SessionTransfer,
    WorkTime,
)
from postroom.settings.letters import CannedAnswer, Signature
from postroom.settings.oauth2 import OAuth2
from postroom.settings.process import Process
from postroom.settings.retention import Retention
from postroom.settings.robots import Robot
from postroom.settings.rules import (
    Account,
    AtMost,
    Between,
    Count,
    Domain,
    FieldName,
    Host,
    Identity,
    MailAddress,
    Mark,
    Moment,
    Name,
    Octets,
    OneOf,
    Port,
    Seconds,
    TokenHash,
    Unit,
    Zone,
)
from postroom.settings.secrets import Secret
from postroom.settings.wording import Template

Security = Annotated[str, OneOf(("tls", "starttls", "none"))]
TlsVersion = Annotated[str, Mark.AS_WRITTEN, OneOf(("1.2", "1.3"))]
Strictness = Annotated[str, OneOf(("auto", "on", "off"))]
Folder = Annotated[str, AtMost(500, least=1)]
User = Annotated[str, AtMost(500)]
Cap = Annotated[int, Between(0, 100)]
RecipientCap = Annotated[int, Between(1, 100)]
Places = Annotated[int, Between(1, 60)]
Priority = Annotated[int, Between(0, 100)]
SkillLevel = Annotated[int, Between(0, 100)]
Label = Annotated[str, AtMost(64, least=1)]
Code = Annotated[str, Mark.AS_WRITTEN, AtMost(100, least=1)]
PollTime = Annotated[Seconds, Between(0.1, DAY, Unit.SECONDS)]
MailSize = Annotated[Octets, Between(1024, 1 << 30, Unit.OCTETS)]


class SpamHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The header field by which the mail server marks spam."""

    name: FieldName
    value: Annotated[str, AtMost(500, least=1)]


class Box(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every receiving gateway is told."""

    name: Name
    host: Host
    security: Security = "tls"
    allow_plaintext: bool = False
    min_tls: TlsVersion = "1.2"
    certificate: tuple[str, ...] = ()
    """Names of the tenant's certificates: whom to trust, and which keys are right."""
    x509_strict: Strictness = "auto"
    auth: Annotated[str, OneOf(("password", "xoauth2"))] = "password"
    user: User = ""
    password: Secret | None = None
    oauth2: OAuth2 | None = None
    login_user: User = ""
    poll_every: PollTime = 30.0
    poll_min: PollTime | None = None
    poll_max: PollTime | None = None
    leave_on_server: bool = False
    leave_days: Annotated[int, Between(1, 3650)] | None = None
    """The N of `leave_on_server: {days: N}`."""
    max_message_size: MailSize = 50 * 1024 * 1024
    start_from: Moment | None = None
    batch: Annotated[int, Between(1, 10_000)] = 500
    window: Annotated[int, Between(1, 1000)] = 32
    own_addresses: tuple[MailAddress, ...] = ()
    own_lists: tuple[Annotated[str, AtMost(500, least=1)], ...] = ()
    forms: tuple[MailAddress, ...] = ()
    authserv_id: Annotated[str, AtMost(255, least=1)] | None = None
    spam_header: SpamHeader | None = None
    answer_when_not_addressed: bool = False


class Pop3Gateway(Box, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="pop3"):
    """A receiving gateway over POP3."""

    port: Port = 995


class ImapGateway(Box, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="imap"):
    """A receiving gateway over IMAP."""

    port: Port = 993
    folders: Annotated[tuple[Folder, ...], AtMost(100, least=1)] = ("INBOX",)
    after_intake: Annotated[str, OneOf(("delete", "move", "flag"))] = "delete"
    """What becomes of a mail there once it is safe here: it is removed, moved to `move_to`, or marked as seen."""
    move_to: Folder | None = None
    idle: bool = True
    """Hear of new mail at once where the server tells (IDLE); polling goes on beside it."""


class UnknownOutcome(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do with a mail whose final dot went out and got no reply."""

    agent: Annotated[str, OneOf(("resend", "hold"))] = "resend"
    automatic: Annotated[str, OneOf(("resend", "hold"))] = "hold"


class SmtpGateway(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="smtp"):
    """A sending gateway."""

    name: Name
    host: Host
    from_address: MailAddress
    port: Port = 465
    security: Security = "tls"
    allow_plaintext: bool = False
    min_tls: TlsVersion = "1.2"
    certificate: tuple[str, ...] = ()
    """Names of the tenant's certificates: whom to trust, and which keys are right."""
    x509_strict: Strictness = "auto"
    auth: Annotated[str, OneOf(("password", "xoauth2", "none"))] = "password"
    user: User = ""
    password: Secret | None = None
    oauth2: OAuth2 | None = None
    from_name: Annotated[str, AtMost(200)] = ""
    identities: tuple[Identity, ...] = ()
    reply_domain: Domain | None = None
    plus_address: bool = False
    bounce_address: MailAddress | None = None
    automatic_envelope: Annotated[str, OneOf(("null", "bounce"))] = "null"
    auto_replies_per_minute: Count = 60
    ehlo_name: Host | None = None
    pool: Annotated[int, Between(1, 64)] = 4
    rate: Annotated[int, Between(1, 100_000)] | None = None
    """Mails a minute."""
    daily_ceiling: Annotated[int, Between(1, 1_000_000)] | None = None
    """Mails a day, by the tenant's clock."""
    max_send_size: MailSize = 25 * 1024 * 1024
    give_up_after: Annotated[Seconds, Between(1, 30 * DAY, Unit.SECONDS)] = 86_400.0
    notify_agent_after: Annotated[Seconds, Between(1, 30 * DAY, Unit.SECONDS)] = 1_800.0
    unknown_outcome: UnknownOutcome = UnknownOutcome()


Gateway = Pop3Gateway | ImapGateway | SmtpGateway


def kind_of(gateway: Gateway) -> str:
    """The protocol as settings write it."""
    return str(gateway.__struct_config__.tag)


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for the whole tenant where a channel says nothing of its own."""

    max_recipients: RecipientCap = 20
    max_cc: Cap = 20
    max_bcc: Cap = 20
    daily_send_ceiling: Annotated[int, Between(1, 1_000_000)] | None = None
    """Mails a day, by the tenant's clock, through all its gateways together."""
    time_zone: Zone = "UTC"
    max_concurrent: Places = 5
    offline_reassign_after: Annotated[Seconds, Between(5 * MINUTE, 600 * MINUTE, Unit.SECONDS)] = 30 * MINUTE
    """The pause between two routings of one offline message."""
    agent_gone_after: Annotated[Seconds, Between(MINUTE, 30 * DAY, Unit.SECONDS)] = 15 * MINUTE
    """Work time after which the work of an agent who is signed out is taken back."""
    agent_heartbeat: Annotated[Seconds, Between(5, DAY, Unit.SECONDS)] = 120.0
    count_awaiting: bool = False
    """Whether a session keeps its agent's place while the customer has the word."""


class Ou(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organisational unit; without a parent it is a root of the tree."""

    name: Name
    parent: str | None = None
    max_concurrent: Places | None = None
    """Of each agent in it and below who has none of his own."""


class Channel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An email channel."""

    name: Name
    receiving_gateway: str
    sending_gateway: str
    skill_queue: str
    max_recipients: RecipientCap | None = None
    max_cc: Cap | None = None
    max_bcc: Cap | None = None
    addresses: tuple[MailAddress, ...] = ()
    automatic_mail: Annotated[str, OneOf(("serve", "file"))] = "serve"
    priority: Priority = 0
    weight: Places = 1
    """Places of an agent's capacity that each of its sessions takes."""
    labels: tuple[Label, ...] = ()
    ou: str | None = None
    mode: Annotated[str, OneOf(("live", "shadow"))] = "live"
    retired: bool = False
    reply_with_personal_email: bool = False
    signature: str | None = None
    subject_tag: bool = False
    robot: ChannelRobot | None = None
    transfer_keywords: Annotated[tuple[Keyword, ...], AtMost(1000)] = ()
    work_time: WorkTime = WorkTime()
    last_agent: LastAgent = LastAgent()
    no_customer_reply: NoCustomerReply = NoCustomerReply()
    no_agent_reply: NoAgentReply = NoAgentReply()
    session_transfer: SessionTransfer = SessionTransfer()
    offline_messages: OfflineMessages = OfflineMessages()
    auto_reply: AutoReply = AutoReply()
    wrap_up: Annotated[Seconds, Between(0, DAY, Unit.SECONDS)] = 0.0


class ServiceLevel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What share of first replies is to be given within what time."""

    first_response_within: Annotated[Seconds, Between(1, 366 * DAY, Unit.SECONDS)] = 4 * 3600.0
    clock: Annotated[str, OneOf(("wall", "work_time"))] = "work_time"
    target: Annotated[float, Between(0, 1)] = 0.8


class Overflow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The queue that takes what waited too long."""

    queue: str
    after: Annotated[Seconds, Between(MINUTE, 30 * DAY, Unit.SECONDS)]


class Relaxation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when on a lower skill level is enough."""

    after: Annotated[Seconds, Between(1, 30 * DAY, Unit.SECONDS)]
    skill_level: SkillLevel


class Queue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A skill queue and who serves it."""

    name: Name
    members: tuple[str, ...] = ()
    offer_for: Annotated[Seconds, Between(0.1, DAY, Unit.SECONDS)] = 60.0
    max_missed_offers: Annotated[int, Between(1, 1000)] = 3
    pick: bool = True
    access_code: Annotated[str, Mark.AS_WRITTEN, AtMost(64, least=1)] | None = None
    ou: str | None = None
    levels: tuple[tuple[str, SkillLevel], ...] = ()
    """The skill level of members by account; 0 where none is written."""
    skill_level: SkillLevel = 0
    """The level that a member must have for who comes; `relaxation` lowers it while that one waits."""
    auto_accept: bool = False
    ageing: Annotated[Seconds, Between(MINUTE, 30 * DAY, Unit.SECONDS)] = 30 * MINUTE
    """Waiting time that counts as one point of priority."""
    service_level: ServiceLevel = ServiceLevel()
    served_by: Annotated[str, OneOf(("postroom", "mqtt"))] = "postroom"
    strategy: Annotated[str, OneOf(("longest_idle", "least_loaded", "skill_level"))] = "longest_idle"
    max_wait: Annotated[Seconds, Between(1, 30 * DAY, Unit.SECONDS)] | None = None
    max_length: Annotated[int, Between(1, 1_000_000)] | None = None
    overflow: Overflow | None = None
    relaxation: Annotated[tuple[Relaxation, ...], AtMost(10)] = ()
    wrap_up_codes: Annotated[tuple[Code, ...], AtMost(1000)] = ()
    """The codes for its sessions; the tenant's where none is written."""


class Agent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person who answers; `token_sha256` are the hex SHA-256 of the bearer tokens he may sign in with.

    A supervisor also sees and moves what is in his organisational unit and below it; in everything, where he has none.
    An administrator reads and writes settings.
    """

    account: Account
    name: Annotated[str, AtMost(200, least=1)]
    token_sha256: tuple[TokenHash, ...] = ()
    role: Annotated[str, OneOf(("agent", "supervisor", "administrator"))] = "agent"
    max_concurrent: Places | None = None
    ou: str | None = None
    signature: str | None = None
    personal_address: MailAddress | None = None
    notices: tuple[Annotated[str, OneOf(("console", "mqtt", "mail"))], ...] = ()
    """How he is told: `mqtt` is his inbox at the broker, `console` the event stream, which whoever opens it gets.

    Where nothing is said, both.
    """


class Tenant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """config/tenants/<name>.yaml: one name space."""

    name: Name
    sending: Annotated[str, OneOf(("on", "hold"))] = "on"
    """On `hold` nothing leaves: what agents write waits, and no automatic reply is written."""
    parameters: Parameters = Parameters()
    blocklist: BlocklistSettings = BlocklistSettings()
    retention: Retention = Retention()
    certificates: tuple[Certificate, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    channels: tuple[Channel, ...] = ()
    routes: tuple[Route, ...] = ()
    queues: tuple[Queue, ...] = ()
    agents: tuple[Agent, ...] = ()
    ous: tuple[Ou, ...] = ()
    signatures: tuple[Signature, ...] = ()
    canned_answers: Annotated[tuple[CannedAnswer, ...], AtMost(10_000)] = ()
    robots: tuple[Robot, ...] = ()
    calendars: tuple[CalendarSettings, ...] = ()
    templates: tuple[Template, ...] = ()
    not_ready_reasons: Annotated[tuple[Label, ...], AtMost(1000)] = ()
    """The reasons an agent may give; any words where none is written."""
    wrap_up_codes: Annotated[tuple[Code, ...], AtMost(1000)] = ()
    """The codes an agent may close a session with; any where none is written."""

    def channel(self, name: str) -> Channel | None:
        """The channel of that name, or None."""
        return next((channel for channel in self.channels if channel.name == name), None)

    def gateway(self, name: str) -> Gateway | None:
        """The gateway of that name, or None."""
        return next((gateway for gateway in self.gateways if gateway.name == name), None)

    def robot(self, name: str) -> Robot | None:
        """The robot of that name, or None."""
        return next((robot for robot in self.robots if robot.name == name), None)

    def queue(self, name: str) -> Queue | None:
        """The queue of that name, or None."""
        return next((queue for queue in self.queues if queue.name == name), None)

    def calendar(self, name: str) -> CalendarSettings:
        """The calendar of that name, or the default where the tenant writes none of that name."""
        return next((calendar for calendar in self.calendars if calendar.name == name), DEFAULT)

    def agent(self, account: str) -> Agent | None:
        """The agent of that account, or None."""
        return next((agent for agent in self.agents if agent.account == account), None)


class Generation(Struct, frozen=True, kw_only=True):
    """One valid configuration as a whole; `number` grows with each that is put in force."""

    number: int
    folder: str
    process: Process
    tenants: tuple[Tenant, ...]

    def tenant(self, name: str) -> Tenant | None:
        """The tenant of that name, or None."""
        return next((tenant for tenant in self.tenants if tenant.name == name), None)

    def require(self, name: str) -> Tenant:
        """The tenant of that name. Raises LookupError where there is none."""
        found = self.tenant(name)
        if found is None:
            raise LookupError(name)
        return found
