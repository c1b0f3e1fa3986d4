"""Robots: their files, where they connect to, and their secrets."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from postroom.settings import faq
from postroom.settings.checks import secrets
from postroom.settings.problem import Page
from postroom.settings.robots import FaqRobot, HttpRobot, MqttRobot, OpenAiRobot, Robot, secret_of
from postroom.settings.schema import Tenant
from postroom.settings.targets import is_loopback, networks, refusal


def check(page: Page, tenant: Tenant) -> None:
    """Check each robot alone."""
    for index, robot in enumerate(tenant.robots):
        path = f"robots[{index}]"
        if not page.is_sound(f"{path}.kind"):
            continue
        match robot:
            case FaqRobot():
                _file(page, f"{path}.file", robot.file)
            case HttpRobot():
                _target(page, path, robot)
                _secret(page, f"{path}.secret", robot)
            case OpenAiRobot():
                _target(page, path, robot)
                _secret(page, f"{path}.key", robot)
                _file(page, f"{path}.file", robot.file)
            case MqttRobot():
                pass  # that there is a broker, broker.py looks at


def _file(page: Page, path: str, file: str | None) -> None:
    """Note every problem of a file of questions and answers, at its own place and once, whoever uses it."""
    if file is None or not page.is_sound(path):
        return
    found = faq.load(page.folder / file)
    if not (page.folder / file).is_file():
        page.problem(path, found.problems[0].rule)
        return
    page.problems.extend(problem for problem in found.problems if problem not in page.problems)


def _secret(page: Page, path: str, robot: Robot) -> None:
    secret = secret_of(robot)
    if secret is not None:
        secrets.readable(page, path, secret)


def _target(page: Page, path: str, robot: HttpRobot | OpenAiRobot) -> None:
    if not page.is_sound(f"{path}.url"):
        return
    parts = urlsplit(robot.url)
    host = parts.hostname or ""
    if parts.scheme == "http" and not is_loopback(host):
        if robot.allow_plain_http:
            page.warning(f"{path}.url", "customers' mails travel in clear text")
        else:
            words = "`http` sends customers' mails in clear text: use `https`, or set `allow_plain_http: true`"
            page.problem(f"{path}.url", words)
    _address(page, path, robot, host)


def _address(page: Page, path: str, robot: HttpRobot | OpenAiRobot, host: str) -> None:
    try:
        ip_address(host)
    except ValueError:
        return
    why = refusal(host, host, networks(robot.allow_networks))
    if why:
        page.problem(f"{path}.url", f"is not connected to, because {why}: name it in `allow_networks` if it is meant")
