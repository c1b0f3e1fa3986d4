"""Robots in the settings: each kind with its keys, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.settings.compile import revealed
from postroom.settings.load import Loaded
from postroom.settings.robots import FaqRobot, HttpRobot, OpenAiRobot
from tests.settings.making import loaded, rules, tenant, warned, write

FAQ = "- questions: [Where?]\n  answer: Here.\n"
ROBOTS = """\
robots:
  - kind: faq
    name: list
    file: faq.yaml
    threshold: 0.7
  - kind: http
    name: service
    url: https://robot.example/answers
    secret: file:robot-secret
    breaker: {failures: 3, pause: 1m}
  - kind: openai
    name: model
    url: http://localhost:11434/v1
    model: small
    file: faq.yaml
"""


def with_robots(folder: Path, robots: str, faq: str = FAQ) -> Loaded:
    (folder / "faq.yaml").write_text(faq)
    (folder / "robot-secret").write_text("s3cret-of-the-robot\n")
    (folder / "robot-secret").chmod(0o600)
    return loaded(folder, tenant(more=robots))


def one(kind: str, **keys: str) -> str:
    lines = "".join(f"    {key}: {text}\n" for key, text in keys.items())
    return f"robots:\n  - kind: {kind}\n    name: robot\n{lines}"


def test_each_kind_has_its_own_keys(tmp_path: Path) -> None:
    found = with_robots(tmp_path, ROBOTS)
    generation = found.require()
    assert warned(found) == {}
    robots = generation.tenants[0]
    faq, http, openai = (robots.robot(name) for name in ("list", "service", "model"))
    assert isinstance(faq, FaqRobot)
    assert (faq.threshold, faq.breaker.failures) == (0.7, 5)
    assert isinstance(http, HttpRobot)
    assert (http.breaker.failures, http.breaker.pause) == (3, 60.0)
    assert isinstance(openai, OpenAiRobot)
    assert robots.robot("nobody") is None


def test_a_robots_secret_is_blotted_out_of_logs_like_a_gateways(tmp_path: Path) -> None:
    assert "s3cret-of-the-robot" in revealed(with_robots(tmp_path, ROBOTS).require())


def test_a_kind_is_needed_and_the_words_speak_of_robots(tmp_path: Path) -> None:
    found = rules(with_robots(tmp_path, "robots:\n  - name: a\n  - {name: b, kind: imap}\n  - {name: c, kind: http}\n"))
    assert (
        found["robots[0].kind"] == "is missing: it says which kind of robot this is, `faq`, `http`, `mqtt` or `openai`"
    )
    assert found["robots[1].kind"] == "must be `faq`, `http`, `mqtt` or `openai`"
    assert found["robots[2].url"] == found["robots[2].secret"] == "is missing, and has no default"


def test_a_robot_over_mqtt_needs_a_broker(tmp_path: Path) -> None:
    assert "needs a broker" in rules(with_robots(tmp_path, one("mqtt")))["robots[0].kind"]


def test_every_problem_of_its_file_is_shown_at_its_place(tmp_path: Path) -> None:
    text = "- questions: []\n  answer: x\n- questions: [Where?]\n"
    found = with_robots(tmp_path, one("faq", file="faq.yaml"), text)
    places = {(Path(problem.file).name, problem.line) for problem in found.problems}
    assert {("faq.yaml", 1), ("faq.yaml", 3)} == places
    missing = rules(with_robots(tmp_path, one("openai", url="https://x.example", model="m", file="none.yaml")))
    assert "robots[0].file" in missing


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("http://robot.example/", {}, "clear text"),
        ("https://169.254.169.254/latest", {}, "link-local"),
        ("https://[::ffff:169.254.169.254]/", {}, "link-local"),
        ("http://0.0.0.0/", {"allow_plain_http": "true"}, "no address of a server"),
        ("https://user:password@robot.example/", {}, "must be a URL"),
        ("https://2852039166/", {}, "must be a URL"),
    ],
)
def test_where_a_robot_may_not_be_is_said(tmp_path: Path, url: str, more: dict[str, str], words: str) -> None:
    found = with_robots(tmp_path, one("http", url=f'"{url}"', secret="file:robot-secret", **more))
    assert words in rules(found)["robots[0].url"]


def test_clear_text_and_link_local_addresses_are_used_where_that_is_meant(tmp_path: Path) -> None:
    plain = {"url": "http://robot.internal/", "secret": "file:robot-secret", "allow_plain_http": "true"}
    assert "clear text" in warned(with_robots(tmp_path, one("http", **plain)))["robots[0].url"]
    local = {"url": "https://169.254.10.5/", "secret": "file:robot-secret", "allow_networks": "[169.254.10.0/24]"}
    assert rules(with_robots(tmp_path, one("http", **local))) == {}
    broken = local | {"allow_networks": "[169.254.10.5/24]"}
    assert "without bits" in rules(with_robots(tmp_path, one("http", **broken)))["robots[0].allow_networks[0]"]


def test_a_secret_that_is_not_there_or_open_to_all_is_said(tmp_path: Path) -> None:
    robot = one("openai", url="https://x.example", model="m", key="file:robot-secret")
    found = with_robots(tmp_path, robot)
    assert rules(found) == {}
    (tmp_path / "robot-secret").chmod(0o644)
    assert "chmod 600" in warned(loaded(tmp_path, tenant(more=robot)))["robots[0].key"]
    (tmp_path / "robot-secret").unlink()
    assert "cannot be read" in rules(loaded(tmp_path, tenant(more=robot)))["robots[0].key"]
    write(tmp_path, tenant(more=one("http", url="https://x.example", secret="the-secret-itself")))
    assert (
        "never written here itself"
        in rules(loaded(tmp_path, tenant(more=one("http", url="https://x.example", secret="s3cret"))))[
            "robots[0].secret"
        ]
    )


def test_a_robot_that_fails_leaves_no_session_to_nobody(tmp_path: Path) -> None:
    robot = "    robot: {name: robot, hand_off_on_failure: false}\n    transfer_keywords: [human]\n"
    silent = "    no_customer_reply: {enabled: false}\n"
    (tmp_path / "faq.yaml").write_text(FAQ)
    more = one("faq", file="faq.yaml")
    found = rules(loaded(tmp_path, tenant(channel=robot + silent, more=more)))
    assert "to nobody for ever" in found["channels[0].robot.hand_off_on_failure"]
    assert loaded(tmp_path, tenant(channel=robot, more=more)).generation is not None


def test_a_wrong_file_of_questions_is_told_once_though_two_robots_use_it(tmp_path: Path) -> None:
    two = "robots:\n  - {kind: faq, name: one, file: faq.yaml}\n  - {kind: faq, name: two, file: faq.yaml}\n"
    (problem,) = with_robots(tmp_path, two, faq="- questions: [Where?]\n").problems
    assert (Path(problem.file).name, problem.line) == ("faq.yaml", 1)
