"""The broker: that nothing readable leaves the machine unless that is said, and that who needs it has one."""

from __future__ import annotations

from collections.abc import Sequence

from postroom.settings.checks import secrets
from postroom.settings.checks.sockets import is_loopback
from postroom.settings.mqtt import MqttSettings
from postroom.settings.problem import Page, shown
from postroom.settings.process import Process
from postroom.settings.robots import MqttRobot
from postroom.settings.schema import Tenant

NEEDED = "needs a broker: `mqtt` in postroom.yaml"


def check(page: Page, settings: Process) -> None:
    """Check the broker's settings, its password excepted."""
    mqtt = settings.mqtt
    if mqtt is None or not page.is_sound("mqtt.host"):
        return
    _in_clear(page, mqtt)
    if mqtt.password is not None and not mqtt.user:
        page.problem("mqtt.user", "a password needs a user")
    if (mqtt.client_certificate is None) is not (mqtt.client_key is None):
        page.problem("mqtt.client_certificate", "and `client_key` belong together")
    for key in ("ca", "client_certificate", "client_key"):
        _file(page, mqtt, key)


def together(page: Page, settings: Process, tenants: Sequence[tuple[Page, Tenant]]) -> None:
    """Check the broker's password, and that a broker is there for every queue and robot that needs one."""
    if settings.mqtt is not None and settings.mqtt.password is not None:
        secrets.readable(page, "mqtt.password", settings.mqtt.password)
    if settings.mqtt is None and not page.is_written("mqtt"):
        for place, tenant in tenants:
            _needs_none(place, tenant)


def _needs_none(page: Page, tenant: Tenant) -> None:
    for index, queue in enumerate(tenant.queues):
        if queue.served_by == "mqtt":
            page.problem(f"queues[{index}].served_by", f"`mqtt` {NEEDED}")
    for index, robot in enumerate(tenant.robots):
        if isinstance(robot, MqttRobot):
            page.problem(f"robots[{index}].kind", f"a robot over MQTT {NEEDED}")


def _in_clear(page: Page, mqtt: MqttSettings) -> None:
    if mqtt.tls or is_loopback(f"{mqtt.host}:{mqtt.port}"):
        return
    if mqtt.allow_plaintext:
        page.warning("mqtt.tls", "passwords and customers' names travel in clear text")
    else:
        words = "without TLS only a broker on this machine is spoken to: use TLS, or set `allow_plaintext: true`"
        page.problem("mqtt.tls", words, shown(mqtt.tls))


def _file(page: Page, mqtt: MqttSettings, key: str) -> None:
    name = getattr(mqtt, key)
    if name is not None and page.is_sound(f"mqtt.{key}") and not (page.folder / name).is_file():
        page.problem(f"mqtt.{key}", "there is no such file", shown(name))
