"""The settings of the broker, and who needs one."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.settings.load import load
from tests.settings.making import tenant


def problems(folder: Path, mqtt: str, text: str = "") -> dict[str, str]:
    (folder / "tenants").mkdir()
    (folder / "password").write_text("secret")
    (folder / "postroom.yaml").write_text(f"mqtt: {{{mqtt}}}\n" if mqtt else "")
    (folder / "tenants" / "acme.yaml").write_text(text or tenant())
    return {problem.key: problem.rule for problem in load(folder).problems}


@pytest.mark.parametrize(
    ("mqtt", "key", "words"),
    [
        ("host: broker.example, tls: false", "mqtt.tls", "only a broker on this machine"),
        ("host: broker.example, password: 'env:NO_SUCH_NAME', user: a", "mqtt.password", "NO_SUCH_NAME"),
        ("host: 127.0.0.1, password: 'file:p'", "mqtt.user", "needs a user"),
        ("host: b.example, client_certificate: c.pem", "mqtt.client_certificate", "belong together"),
        ("host: b.example, ca: none.pem", "mqtt.ca", "no such file"),
        ("host: b.example, in_flight: 0", "mqtt.in_flight", "between 1 and 1,000"),
        ("port: 1883", "mqtt.host", "missing"),
    ],
)
def test_what_is_wrong_with_a_broker_is_said(tmp_path: Path, mqtt: str, key: str, words: str) -> None:
    (tmp_path / "p").write_text("secret")
    (tmp_path / "p").chmod(0o600)
    assert words in problems(tmp_path, mqtt).get(key, "nothing")


@pytest.mark.parametrize(
    "mqtt", ["host: 127.0.0.1, tls: false", "host: b.example", "host: b, tls: false, allow_plaintext: true"]
)
def test_with_a_broker_a_queue_without_members_may_be_served_outside(tmp_path: Path, mqtt: str) -> None:
    text = tenant().replace("    members: [anna]\n", "    served_by: mqtt\n") + "robots:\n  - {kind: mqtt, name: r}\n"
    assert problems(tmp_path, mqtt, text) == {}


def test_without_a_broker_neither_a_queue_nor_a_robot_can_be_served_by_one(tmp_path: Path) -> None:
    text = tenant().replace("    members: [anna]\n", "    served_by: mqtt\n") + "robots:\n  - {kind: mqtt, name: r}\n"
    assert problems(tmp_path, "", text).keys() == {"queues[0].served_by", "robots[0].kind"}
