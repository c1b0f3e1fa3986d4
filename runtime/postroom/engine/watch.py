"""Shows how each gateway is: its status in the metrics, and a line in the log when it changes."""

from __future__ import annotations

import structlog

from postroom.engine.verdict import IntakeRules
from postroom.observability.metrics import Metrics
from postroom.ports.gateways import GatewayStatus
from postroom.routing.outcome import Outcome

log = structlog.get_logger(__name__)


class Watch:
    """Told by collectors and intake; tells metrics and log."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._shown: dict[str, GatewayStatus] = {}

    def status(self, tenant: str, gateway: str, status: GatewayStatus, words: str) -> None:
        """The gateway's status from now on."""
        key = f"{tenant}/{gateway}"
        if self._shown.get(key) is not status:
            self._shown[key] = status
            self._metrics.gateway_status(tenant, gateway, status.value)
            log.info("gateway_status", gateway=key, status=status.value, why=words)

    def forget(self, tenant: str, gateway: str) -> None:
        """A gateway left the configuration."""
        if self._shown.pop(f"{tenant}/{gateway}", None) is not None:
            self._metrics.forget_gateway(tenant, gateway)

    def polled(self, rules: IntakeRules, seconds: float, backlog: int) -> None:
        """A session ended well."""
        self._metrics.gateway_polled(rules.tenant, rules.gateway, seconds, backlog)

    def settled(self, rules: IntakeRules, outcome: Outcome, octets: int, seconds: float) -> None:
        """A mail came to its outcome, so many seconds after it was first seen."""
        self._metrics.mail_received(rules.tenant, rules.gateway, outcome.value)
        self._metrics.mail_committed(rules.tenant, rules.gateway, octets, seconds)
