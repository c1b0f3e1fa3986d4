"""Every metric, every label and every label value of the runtime.

Labels name things of the configuration (tenant, gateway, channel, queue, calendar) or one of a fixed set (outcome,
phase, state, status); never an address or a subject. It counts what it is told, and never asks anybody.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from postroom.observability.outcomes import (
    ALARMS,
    AUTO_REPLY_REASONS,
    PAUSABLE,
    AutoReplyOutcome,
    GatewayState,
    OfferOutcome,
    ReplyOutcome,
    RobotOutcome,
)
from postroom.routing.agents import AgentState
from postroom.routing.outcome import Outcome
from postroom.session.state import Phase

PREFIX = "postroom"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

NAMES_PER_LABEL = 2_000
OVERFLOW = "(other)"
"""Stands for every further name once a label has NAMES_PER_LABEL values, so that nothing grows for ever."""

NETWORK_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
SERVICE_SECONDS = (30, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800, 604_800)
LATENESS_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 15, 60, 300, 3600, 86_400)
SHORT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
UNITS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """The runtime's metrics over a registry of their own; outcome, state and status are given as member or value."""

    def __init__(self, version: str, registry: CollectorRegistry | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library gave it no annotation
        self.registry = registry or CollectorRegistry()
        self._names: dict[str, set[str]] = {}
        ProcessCollector(namespace=PREFIX, registry=self.registry)
        self._gateways()
        self._intake()
        self._service()
        self._robots()
        self._replies()
        self._runtime(version)

    def render(self) -> bytes:
        """All metrics in the Prometheus text format (CONTENT_TYPE)."""
        return generate_latest(self.registry)

    # Gateways

    def _gateways(self) -> None:
        which = ("tenant", "gateway")
        self._gateway_up = self._gauge("gateway_up", "1 while the last contact succeeded", which)
        self._gateway_status = self._gauge("gateway_status", "1 for the status it has", (*which, "status"))
        self._poll_seconds = self._histogram("gateway_poll_seconds", "One poll, login to QUIT", which, NETWORK_SECONDS)
        self._backlog = self._gauge("gateway_backlog_mails", "Mails in the box not yet taken in", which)
        self._certificate = self._gauge(
            "certificate_expiry_seconds", "Until the first certificate of this name expires", ("tenant", "certificate")
        )
        self._grant = self._gauge("oauth2_expiry_seconds", "Until the gateway's OAuth 2.0 grant expires", which)

    def gateway_status(self, tenant: str, gateway: str, status: GatewayState | str) -> None:
        """A gateway changed its status."""
        now = GatewayState(status)
        labels = self._named(tenant=tenant, gateway=gateway)
        self._gateway_up.labels(**labels).set(now is GatewayState.CONNECTION_SUCCEEDED)
        for state in GatewayState:
            self._gateway_status.labels(**labels, status=state.value).set(state is now)

    def gateway_polled(self, tenant: str, gateway: str, seconds: float, backlog: int) -> None:
        """A poll ended; `backlog` mails were left in the box for the next."""
        labels = self._named(tenant=tenant, gateway=gateway)
        self._poll_seconds.labels(**labels).observe(seconds)
        self._backlog.labels(**labels).set(backlog)

    def certificate_expiry(self, tenant: str, certificate: str, seconds: float) -> None:
        """A trusted certificate expires in so many seconds, less than none where it has."""
        self._certificate.labels(**self._named(tenant=tenant, certificate=certificate)).set(seconds)

    def oauth2_expiry(self, tenant: str, gateway: str, seconds: float) -> None:
        """What a gateway gets its access tokens with expires in so many seconds."""
        self._grant.labels(**self._named(tenant=tenant, gateway=gateway)).set(seconds)

    def forget_gateway(self, tenant: str, gateway: str) -> None:
        """A gateway left the configuration: its present state is no longer shown."""
        for metric in (self._gateway_up, self._gateway_status, self._backlog):
            metric.remove_by_labels({"tenant": tenant, "gateway": gateway})

    # Intake

    def _intake(self) -> None:
        which = ("tenant", "gateway")
        self._received = self._counter("mails_received_total", "Mails taken in, by how that ended", (*which, "outcome"))
        self._bytes = self._counter("mails_bytes_total", "Octets of the mails taken in", which)
        self._intake_seconds = self._histogram("intake_seconds", "Arrival seen to committed", which, NETWORK_SECONDS)
        self._quarantine = self._gauge("quarantine_mails", "Mails in quarantine", ("tenant",))

    def mail_received(self, tenant: str, gateway: str, outcome: Outcome | str) -> None:
        """The intake of one mail ended."""
        labels = self._named(tenant=tenant, gateway=gateway)
        self._received.labels(**labels, outcome=Outcome(outcome).value).inc()

    def mail_committed(self, tenant: str, gateway: str, octets: int, seconds: float) -> None:
        """One mail's bytes are safe, so many seconds after its arrival was seen."""
        labels = self._named(tenant=tenant, gateway=gateway)
        self._bytes.labels(**labels).inc(octets)
        self._intake_seconds.labels(**labels).observe(seconds)

    def quarantine(self, tenant: str, mails: int) -> None:
        """So many mails of the tenant are in quarantine now."""
        self._quarantine.labels(**self._named(tenant=tenant)).set(mails)

    # Sessions, queues, agents

    def _service(self) -> None:
        channel, queue = ("tenant", "channel"), ("tenant", "queue")
        self._sessions = self._gauge("sessions", "Sessions in each phase", (*channel, "phase"))
        self._queue_length = self._gauge("queue_length", "Sessions waiting", queue)
        self._queue_oldest = self._gauge("queue_oldest_seconds", "Age of the oldest session waiting", queue)
        self._offers = self._counter("offers_total", "Offers to agents, by how they ended", (*queue, "outcome"))
        self._agents = self._gauge("agents", "Agents in each state", ("tenant", "state"))
        self._calendar_feed_up = self._gauge(
            "calendar_feed_up", "1 while the last reading of a calendar's feed succeeded", ("tenant", "calendar")
        )
        self._in_time = self._counter(
            "first_responses_total", "First replies, by whether they were within the queue's time", (*queue, "outcome")
        )
        self._target = self._gauge("service_level_target", "Share of first replies that is to be in time", queue)
        self._first_response = self._histogram(
            "first_response_seconds", "First mail received to first reply sent", channel, SERVICE_SECONDS
        )

    def calendar_feed(self, tenant: str, calendar: str, *, is_good: bool) -> None:
        """A calendar's feed was read, or could not be."""
        self._calendar_feed_up.labels(**self._named(tenant=tenant, calendar=calendar)).set(is_good)

    def forget_calendar_feed(self, tenant: str, calendar: str) -> None:
        """A feed left the configuration: its present state is no longer shown."""
        self._calendar_feed_up.remove_by_labels({"tenant": tenant, "calendar": calendar})

    def sessions(self, tenant: str, channel: str, counts: Mapping[Phase, int]) -> None:
        """The sessions of a channel now; a phase not named has none."""
        labels = self._named(tenant=tenant, channel=channel)
        for phase in Phase:
            self._sessions.labels(**labels, phase=phase.value).set(counts.get(phase, 0))

    def queue(self, tenant: str, queue: str, length: int, oldest_seconds: float) -> None:
        """The sessions waiting in a queue now; the age is 0 when none does."""
        labels = self._named(tenant=tenant, queue=queue)
        self._queue_length.labels(**labels).set(length)
        self._queue_oldest.labels(**labels).set(oldest_seconds)

    def offer_ended(self, tenant: str, queue: str, outcome: OfferOutcome | str) -> None:
        """An offer to an agent ended."""
        labels = self._named(tenant=tenant, queue=queue)
        self._offers.labels(**labels, outcome=OfferOutcome(outcome).value).inc()

    def agents(self, tenant: str, counts: Mapping[AgentState, int]) -> None:
        """The agents of a tenant now; a state not named has none."""
        labels = self._named(tenant=tenant)
        for state in AgentState:
            self._agents.labels(**labels, state=state.value).set(counts.get(state, 0))

    def first_response_judged(self, tenant: str, queue: str, *, in_time: bool) -> None:
        """A first reply was sent, within the time its queue sets itself or not."""
        self._in_time.labels(**self._named(tenant=tenant, queue=queue), outcome="in_time" if in_time else "late").inc()

    def service_level_target(self, tenant: str, queue: str, share: float) -> None:
        """The share of first replies that shall be in time."""
        self._target.labels(**self._named(tenant=tenant, queue=queue)).set(share)

    def first_response(self, tenant: str, channel: str, seconds: float) -> None:
        """A session got its first reply, so long after its first mail."""
        self._first_response.labels(**self._named(tenant=tenant, channel=channel)).observe(seconds)

    # Robots

    def _robots(self) -> None:
        which = ("tenant", "robot")
        self._robot_requests = self._counter(
            "robot_requests_total", "Questions to robots, by how they ended", (*which, "outcome")
        )
        self._robot_seconds = self._histogram("robot_seconds", "Question asked to verdict", which, NETWORK_SECONDS)

    def robot_asked(self, tenant: str, robot: str, outcome: RobotOutcome | str, seconds: float) -> None:
        """A question to a robot ended; one that was not asked took no time."""
        labels = self._named(tenant=tenant, robot=robot)
        self._robot_requests.labels(**labels, outcome=RobotOutcome(outcome).value).inc()
        if RobotOutcome(outcome) is not RobotOutcome.NOT_ASKED:
            self._robot_seconds.labels(**labels).observe(seconds)

    # Replies

    def _replies(self) -> None:
        which = ("tenant", "channel")
        self._reply_outcomes = self._counter("replies_total", "Replies, by how sending ended", (*which, "outcome"))
        self._alarms = self._counter("session_alarms_total", "Sessions that need a person", (*which, "reason"))
        self._auto_replies = self._counter(
            "auto_replies_total", "Automatic replies, by how and why they ended", (*which, "outcome", "reason")
        )
        self._reply_seconds = self._histogram(
            "reply_seconds", "Reply accepted to first recipient taken", which, NETWORK_SECONDS
        )

    def alarm(self, tenant: str, channel: str, what: str) -> None:
        """Something happened to a session that a person who watches must know; ValueError for an unknown kind."""
        if what not in ALARMS:
            raise ValueError(f"{what} is no kind of alarm")
        self._alarms.labels(**self._named(tenant=tenant, channel=channel), reason=what).inc()

    def automatic_reply(self, tenant: str, channel: str, outcome: AutoReplyOutcome | str, reason: str) -> None:
        """An automatic reply ended, or was decided against; ValueError for a reason not in AUTO_REPLY_REASONS."""
        ended = AutoReplyOutcome(outcome)
        if reason not in AUTO_REPLY_REASONS[ended]:
            raise ValueError(f"{reason} is no reason why an automatic reply is {ended.value}")
        labels = self._named(tenant=tenant, channel=channel)
        self._auto_replies.labels(**labels, outcome=ended.value, reason=reason).inc()

    def reply_ended(self, tenant: str, channel: str, outcome: ReplyOutcome | str) -> None:
        """The sending of a reply came to an outcome."""
        labels = self._named(tenant=tenant, channel=channel)
        self._reply_outcomes.labels(**labels, outcome=ReplyOutcome(outcome).value).inc()

    def reply_sent_after(self, tenant: str, channel: str, seconds: float) -> None:
        """A relay took a reply, so long after the API had accepted it."""
        self._reply_seconds.labels(**self._named(tenant=tenant, channel=channel)).observe(seconds)

    # The runtime itself

    def _runtime(self, version: str) -> None:
        self._outbox_pending = self._gauge("outbox_pending", "Effects not yet performed")
        self._outbox_oldest = self._gauge("outbox_oldest_seconds", "Age of the oldest of them")
        self._timers_pending = self._gauge("timers_pending", "Timers not yet due or not yet fired")
        self._timer_lateness = self._histogram("timer_lateness_seconds", "Due to fired", buckets=LATENESS_SECONDS)
        self._commit_seconds = self._histogram("store_commit_seconds", "One commit of the store", buckets=SHORT_SECONDS)
        self._batch_units = self._histogram("store_batch_units", "Units of work in one commit", buckets=UNITS)
        self._refused_settings = self._counter("config_reload_failures_total", "Changed configurations refused", ())
        self._is_refused = self._gauge("config_refused", "1 while what the files say is refused and not in force")
        self._generation = self._gauge("config_generation", "The generation of the settings in force")
        self._paused = self._gauge("paused", "1 while it is held back", ("what", "tenant"))
        self._mqtt_connected = self._gauge("mqtt_connected", "1 while the broker is there")
        self._loop_lag = self._histogram("event_loop_lag_seconds", "How late the loop wakes", buckets=SHORT_SECONDS)
        info = self._gauge("build_info", "1; the labels say what runs", ("version", "python"))
        info.labels(version=version, python=platform.python_version()).set(1)

    def outbox(self, pending: int, oldest_seconds: float) -> None:
        """The effects waiting now; the age is 0 when none does."""
        self._outbox_pending.set(pending)
        self._outbox_oldest.set(oldest_seconds)

    def timers_pending(self, count: int) -> None:
        """So many timers wait now."""
        self._timers_pending.set(count)

    def timer_fired(self, lateness_seconds: float) -> None:
        """A timer fired, so long after it was due."""
        self._timer_lateness.observe(lateness_seconds)

    def store_committed(self, seconds: float, units: int) -> None:
        """The store committed so many units of work at once."""
        self._commit_seconds.observe(seconds)
        self._batch_units.observe(units)

    def settings_refused(self) -> None:
        """A changed configuration was refused, and the one before stays in force."""
        self._refused_settings.inc()
        self._is_refused.set(1)

    def settings_accepted(self) -> None:
        """What the files say is in force."""
        self._is_refused.set(0)

    def config_generation(self, generation: int) -> None:
        """These settings are in force now."""
        self._generation.set(generation)

    def paused(self, tenant: str, what: str, *, is_paused: bool) -> None:
        """It is held back for the tenant now, or not; ValueError for what cannot be."""
        if what not in PAUSABLE:
            raise ValueError(f"{what} cannot be held back")
        self._paused.labels(what=what, **self._named(tenant=tenant)).set(is_paused)

    def mqtt_connected(self, is_there: bool) -> None:
        """The broker came or went."""
        self._mqtt_connected.set(is_there)

    def event_loop_lag(self, seconds: float) -> None:
        """The loop woke so long after it was asked to."""
        self._loop_lag.observe(seconds)

    def _named(self, **labels: str) -> dict[str, str]:
        return {label: self._bounded(label, value) for label, value in labels.items()}

    def _bounded(self, label: str, value: str) -> str:
        known = self._names.setdefault(label, set())
        if value not in known and len(known) >= NAMES_PER_LABEL:
            return OVERFLOW
        known.add(value)
        return value

    def _counter(self, name: str, help_text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(name, help_text, labels, namespace=PREFIX, registry=self.registry)

    def _gauge(self, name: str, help_text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, help_text, labels, namespace=PREFIX, registry=self.registry)

    def _histogram(
        self, name: str, help_text: str, labels: tuple[str, ...] = (), buckets: tuple[float, ...] = SHORT_SECONDS
    ) -> Histogram:
        return Histogram(name, help_text, labels, namespace=PREFIX, buckets=buckets, registry=self.registry)
