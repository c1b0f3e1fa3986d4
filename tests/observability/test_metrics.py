from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from postroom.observability.metrics import NAMES_PER_LABEL, OVERFLOW, Metrics
from postroom.observability.outcomes import (
    AUTO_REPLY_REASONS,
    GatewayState,
    OfferOutcome,
    ReplyOutcome,
    RobotOutcome,
)
from postroom.ports import records
from postroom.ports.gateways import GatewayStatus
from postroom.routing.agents import AgentState
from postroom.routing.outcome import Outcome
from postroom.session.state import Phase

PROMISED = {
    "gateway_up",
    "gateway_status",
    "gateway_poll_seconds",
    "gateway_backlog_mails",
    "mails_received_total",
    "mails_bytes_total",
    "intake_seconds",
    "quarantine_mails",
    "sessions",
    "queue_length",
    "queue_oldest_seconds",
    "offers_total",
    "agents",
    "first_response_seconds",
    "first_responses_total",
    "service_level_target",
    "auto_replies_total",
    "robot_requests_total",
    "robot_seconds",
    "replies_total",
    "reply_seconds",
    "outbox_pending",
    "outbox_oldest_seconds",
    "timers_pending",
    "timer_lateness_seconds",
    "store_commit_seconds",
    "store_batch_units",
    "config_generation",
    "calendar_feed_up",
    "event_loop_lag_seconds",
    "build_info",
}
LABELS = {
    "tenant",
    "gateway",
    "channel",
    "queue",
    "calendar",
    "robot",
    "outcome",
    "reason",
    "status",
    "phase",
    "state",
    "version",
    "python",
    "le",
}


def used() -> Metrics:
    """Metrics of a runtime in which everything happened once."""
    metrics = Metrics("1.2.3")
    for status in GatewayStatus:
        metrics.gateway_status("acme", "support", status.value)
    metrics.gateway_polled("acme", "support", 0.2, 3)
    metrics.calendar_feed("acme", "bank", is_good=True)
    for outcome in Outcome:
        metrics.mail_received("acme", "support", outcome)
    metrics.mail_committed("acme", "support", 2048, 0.4)
    metrics.quarantine("acme", 1)
    metrics.sessions("acme", "help", {Phase.QUEUED: 4})
    metrics.queue("acme", "first", 4, 61.5)
    for offer in OfferOutcome:
        metrics.offer_ended("acme", "first", offer)
    metrics.agents("acme", {AgentState.READY: 2})
    metrics.first_response("acme", "help", 900)
    metrics.first_response_judged("acme", "first", in_time=True)
    metrics.service_level_target("acme", "first", 0.8)
    for outcome_of_reply, reasons in AUTO_REPLY_REASONS.items():
        for reason in reasons:
            metrics.automatic_reply("acme", "help", outcome_of_reply, reason)
    for robot in RobotOutcome:
        metrics.robot_asked("acme", "faq", robot, 0.02)
    for reply in ReplyOutcome:
        metrics.reply_ended("acme", "help", reply)
    metrics.reply_sent_after("acme", "help", 1.5)
    metrics.outbox(7, 12.0)
    metrics.timers_pending(9)
    metrics.timer_fired(0.02)
    metrics.store_committed(0.003, 12)
    metrics.config_generation(5)
    metrics.event_loop_lag(0.001)
    return metrics


def families(metrics: Metrics) -> Iterator[Metric]:
    return iter(text_string_to_metric_families(metrics.render().decode()))


def values(metrics: Metrics) -> dict[str, float]:
    lines = (line.rsplit(" ", 1) for line in metrics.render().decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def test_every_name_has_the_prefix() -> None:
    assert all(family.name.startswith("postroom_") for family in families(used()))


def test_every_promised_metric_is_there() -> None:
    shown = {match[1] for match in re.finditer(r"^# TYPE postroom_(\S+)", used().render().decode(), re.MULTILINE)}
    assert shown >= PROMISED


def test_no_label_is_outside_the_fixed_set() -> None:
    labels = {label for family in families(used()) for sample in family.samples for label in sample.labels}
    ours = labels - {"quantile"}
    assert ours <= LABELS


def test_every_sentence_of_help_is_there() -> None:
    assert all(family.documentation for family in families(used()))


def words(values: type[Enum]) -> set[str]:
    return {str(member.value) for member in values}


def test_the_words_are_those_of_the_ports() -> None:
    assert words(GatewayState) == words(GatewayStatus)
    assert words(ReplyOutcome) < words(records.ReplyState)


def test_a_gateway_has_one_status_at_a_time() -> None:
    metrics = Metrics("1")
    metrics.gateway_status("acme", "support", GatewayState.CONNECTION_SUCCEEDED)
    metrics.gateway_status("acme", "support", GatewayState.AUTH_FAILED)
    shown = values(metrics)
    ones = [name for name, value in shown.items() if name.startswith("postroom_gateway_status") and value]
    assert ones == ['postroom_gateway_status{gateway="support",status="auth_failed",tenant="acme"}']
    assert shown['postroom_gateway_up{gateway="support",tenant="acme"}'] == 0


def test_a_gateway_that_left_is_not_shown() -> None:
    metrics = used()
    metrics.forget_gateway("acme", "support")
    shown = metrics.render().decode()
    assert 'postroom_gateway_up{gateway="support"' not in shown
    assert 'postroom_gateway_status{gateway="support"' not in shown


def test_what_was_told_is_what_is_shown() -> None:
    shown = values(used())
    assert shown['postroom_mails_received_total{gateway="support",outcome="own",tenant="acme"}'] == 1
    assert shown['postroom_mails_bytes_total{gateway="support",tenant="acme"}'] == 2048
    assert shown['postroom_sessions{channel="help",phase="queued",tenant="acme"}'] == 4
    assert shown['postroom_sessions{channel="help",phase="assigned",tenant="acme"}'] == 0
    assert shown['postroom_agents{state="offline",tenant="acme"}'] == 0
    assert shown['postroom_queue_oldest_seconds{queue="first",tenant="acme"}'] == 61.5
    assert shown["postroom_store_batch_units_sum"] == 12
    assert shown["postroom_config_generation"] == 5


def test_a_word_that_is_no_outcome_is_a_mistake_and_not_a_new_label() -> None:
    metrics = Metrics("1")
    with pytest.raises(ValueError, match="lost"):
        metrics.mail_received("acme", "support", "lost")
    assert "lost" not in metrics.render().decode()


def test_names_stop_growing_at_their_limit() -> None:
    metrics = Metrics("1")
    for number in range(NAMES_PER_LABEL + 50):
        metrics.quarantine(f"tenant{number}", 1)
    shown = [name for name in values(metrics) if name.startswith("postroom_quarantine_mails")]
    assert len(shown) == NAMES_PER_LABEL + 1
    assert f'postroom_quarantine_mails{{tenant="{OVERFLOW}"}}' in shown


def test_two_runtimes_in_one_process_do_not_share_counts() -> None:
    first, second = used(), Metrics("1")
    second.config_generation(1)
    assert values(first)["postroom_config_generation"] == 5


def test_an_automatic_reply_has_only_reasons_of_the_fixed_set() -> None:
    metrics = Metrics("1.2.3")
    for outcome, reason in (("sent", "old"), ("suppressed", "working"), ("failed", "anna@example.org")):
        with pytest.raises(ValueError, match="is no reason why an automatic reply is"):
            metrics.automatic_reply("acme", "help", outcome, reason)
