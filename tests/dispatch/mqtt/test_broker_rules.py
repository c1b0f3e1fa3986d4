"""The sample Mosquitto with its ACL and TLS: foreign clients read nothing and do nothing (S30)."""

from __future__ import annotations

import gc
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from msgspec.structs import replace
from paho.mqtt.enums import CallbackAPIVersion

from postroom.dispatch.mqtt.connection import Connection
from postroom.dispatch.mqtt.options import Options
from postroom.engine.world import SystemClock
from postroom.errors import TemporaryError
from postroom.ports import topics
from postroom.ports.broker import Incoming
from postroom.settings.mqtt import MqttSettings
from postroom.settings.secrets import Secret
from tests.dispatch.mqtt.stranger import Stranger, a_stranger
from tests.support.certificates import Authority
from tests.support.mosquitto import Mosquitto, running_mosquitto
from tests.support.servers import find

pytestmark = pytest.mark.server

SAMPLE = Path(__file__).parents[3] / "deploy" / "mosquitto"
USERS = ("postroom", "anna", "ben", "acd", "helper", "monitor", "mallory", "#", "+", "$SYS", "anna%2F#")
MAIN = "postroom/v1/main"
SECRET_TOPICS = [
    *(f"{MAIN}/agents/{name}/{end}" for name in ("anna", "ben") for end in ("inbox", "replies", "replies/1")),
    *(f"{MAIN}/conversations/c{number}/events" for number in range(20)),
    *(f"{MAIN}/queues/help/{end}" for end in ("offers", "replies", "commands/accept", "commands/decline")),
    *(f"{MAIN}/robots/helper/{end}" for end in ("requests", "answers")),
    *(f"{MAIN}/gateways/g{number}/status" for number in range(10)),
    *(f"{MAIN}/agents/ben/commands/{verb}" for verb in ("ready", "offline", "accept", "end", "transfer", "park")),
    *(f"postroom/v1/other/agents/{name}/inbox" for name in ("anna", "ben", "zoe")),
    *(f"postroom/v1/t{number}/queues/q/offers" for number in range(40)),
]
WILD = ["#", "+/#", "postroom/#", "postroom/v1/+/agents/+/inbox", f"{MAIN}/#", f"{MAIN}/agents/+/commands/+", "$SYS/#"]
WILD += [f"$share/g/{topic}" for topic in ("#", f"{MAIN}/queues/help/offers", f"{MAIN}/agents/+/inbox")]


@contextmanager
def guarded() -> Iterator[Mosquitto]:
    """A broker with the sample's ACL, and a password `p` for each of USERS."""
    program = find("mosquitto_passwd")
    if program is None:
        pytest.skip("needs mosquitto_passwd")
    with running_mosquitto("allow_anonymous true") as broker:
        broker.kill()
        passwords, rules = broker.folder / "passwd", broker.folder / "acl"
        passwords.write_text("".join(f"{user}:p\n" for user in USERS))
        subprocess.run([program, "-U", str(passwords)], check=True, timeout=60)
        rules.write_text((SAMPLE / "postroom.acl").read_text())
        rules.chmod(0o600)
        conf = broker.folder / "mosquitto.conf"
        with_rules = f"allow_anonymous false\npassword_file {passwords}\nacl_file {rules}"
        conf.write_text(conf.read_text().replace("allow_anonymous true", with_rules))
        broker.start()
        yield broker


def publish_all(client: Stranger, wanted: list[str], payload: bytes = b"{}") -> None:
    for topic in wanted:
        client.client.publish(topic, payload, qos=1).wait_for_publish(20)


def test_a_hundred_topics_and_every_wildcard_are_closed_to_a_stranger() -> None:
    own = f"{MAIN}/agents/mallory/"
    assert len({*SECRET_TOPICS, *WILD}) >= 100
    with (
        guarded() as broker,
        a_stranger(broker, "postroom/v1/#", user="postroom", password="p") as service,
        a_stranger(broker, *SECRET_TOPICS, *WILD, user="mallory", password="p") as mallory,
    ):
        publish_all(service, SECRET_TOPICS)
        publish_all(mallory, [*SECRET_TOPICS, f"{own}commands/ready"], b"of mallory")
        until = time.monotonic() + 20
        while not any(message.topic == f"{own}commands/ready" for message in service.messages):
            assert time.monotonic() < until
            time.sleep(0.02)
        assert [message.topic for message in mallory.messages] == []
        written = [message.topic for message in service.messages if message.payload == b"of mallory"]
        assert written == [f"{own}commands/ready"]


@pytest.mark.parametrize("user", ["#", "+", "$SYS", "anna%2F#"])
def test_a_name_that_is_a_wildcard_opens_nothing(user: str) -> None:
    with guarded() as broker, a_stranger(broker, user="postroom", password="p") as service:
        odd = Stranger(broker, user=user, password="p")
        with suppress(AssertionError):  # to be let in by such a name is not needed
            odd.connect()
            odd.subscribe(*SECRET_TOPICS[:40], *WILD)
        publish_all(service, SECRET_TOPICS)
        time.sleep(0.2)
        odd.close()
        assert odd.messages == []


def test_who_may_reads_his_own() -> None:
    with (
        guarded() as broker,
        a_stranger(broker, user="postroom", password="p") as service,
        a_stranger(broker, f"{MAIN}/agents/anna/inbox", user="anna", password="p") as anna,
        a_stranger(broker, f"$share/a/{MAIN}/queues/help/offers", user="acd", password="p") as acd,
    ):
        publish_all(service, SECRET_TOPICS)
        until = time.monotonic() + 20
        while not (anna.messages and acd.messages):
            assert time.monotonic() < until
            time.sleep(0.02)
        assert {message.topic for message in anna.messages} == {f"{MAIN}/agents/anna/inbox"}
        assert {message.topic for message in acd.messages} == {f"{MAIN}/queues/help/offers"}


def test_nobody_comes_in_without_a_password() -> None:
    with guarded() as broker:
        codes: list[object] = []
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.on_connect = lambda _c, _d, _f, code, _p: codes.append(str(code))
        client.connect(broker.host, broker.port)
        client.loop_start()
        until = time.monotonic() + 20
        while not codes and time.monotonic() < until:
            time.sleep(0.02)
        client.loop_stop()
        assert codes[0] == "Not authorized"


@pytest.mark.parametrize("name", ["a/b", "#", "+", "$SYS", "a\x00b", "a\nb", "..", "ä/€", "%2F", "a b", "x" * 300])
def test_no_name_is_more_than_one_level_of_a_topic(name: str) -> None:
    level = topics.level(name)
    assert re.fullmatch(r"[A-Za-z0-9%._~@-]+", level)
    assert topics.name_of(level) == name
    found = topics.addressed(f"postroom/v1/main/agents/{level}/commands/ready")
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("level", ["", "%2f", "a+b", "%", "%FF", "%41", "a%", "x" * 1001])
def test_what_is_no_name_as_we_write_it_is_none(level: str) -> None:
    assert topics.name_of(level) is None


# paho leaves the socket of a failed handshake to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_connection_trusts_only_whom_it_is_told_to(tmp_path: Path) -> None:
    authority, other = Authority(), Authority()
    chain, key = authority.write_server(tmp_path)
    for path in (tmp_path, chain, key):
        path.chmod(0o755)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "other.pem").write_bytes(other.pem)
    (tmp_path / "password").write_text("p")

    async def hear(_message: Incoming) -> None: ...

    with running_mosquitto(listener=f"certfile {chain}\nkeyfile {key}") as broker:
        password = Secret("file:password", str(tmp_path))
        settings = MqttSettings(host="localhost", port=broker.port, ca="ca.pem", user="postroom", password=password)
        await Connection(Options(settings, tmp_path), SystemClock(), hear).try_once()
        for ca in ("other.pem", None):
            wrong = MqttSettings(host="localhost", port=broker.port, ca=ca)
            with pytest.raises(TemporaryError):
                await Connection(Options(wrong, tmp_path), SystemClock(), hear).try_once()
    gc.collect()


def started_as_the_sample_says(broker: Mosquitto, authority: Authority, *, by_certificate: bool = False) -> None:
    """Start it anew on the sample configuration itself; only its paths and its port are other ones."""
    folder = broker.folder
    chain, key = authority.write_server(folder)
    (folder / "clients-ca.pem").write_bytes(authority.pem)
    (folder / "passwd").write_text("".join(f"{user}:p\n" for user in USERS))
    program = find("mosquitto_passwd") or pytest.skip("needs mosquitto_passwd")
    subprocess.run([program, "-U", str(folder / "passwd")], check=True, timeout=60)
    (folder / "acl").write_text((SAMPLE / "postroom.acl").read_text())
    (folder / "acl").chmod(0o600)
    text = (SAMPLE / "mosquitto.conf").read_text()
    for there, here in (
        ("listener 8883", f"listener {broker.port}"),
        ("/etc/mosquitto/certs/server.pem", str(chain)),
        ("/etc/mosquitto/certs/server.key", str(key)),
        ("/etc/mosquitto/certs/clients-ca.pem", str(folder / "clients-ca.pem")),
        ("password_file /etc/mosquitto/postroom.passwd", f"password_file {folder / 'passwd'}"),
        ("/etc/mosquitto/postroom.acl", str(folder / "acl")),
        ("/var/lib/mosquitto/", f"{folder}/"),
    ):
        assert there in text
        text = text.replace(there, here)
    if by_certificate:
        text = re.sub(r"^#(?=cafile|require_certificate|use_identity)", "", text, flags=re.MULTILINE)
    broker.kill()
    (folder / "mosquitto.conf").write_text(f"user root\n{text}")
    broker.start()


# paho leaves the socket of a failed handshake to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("by_certificate", [False, True])
async def test_the_sample_configuration_lets_in_who_may(tmp_path: Path, by_certificate: bool) -> None:
    """By password, or by a certificate whose name is the user with its three lines uncommented; nobody else."""
    authority = Authority()
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "password").write_text("p")
    issued = authority._ca.issue_cert("postroom.example", common_name="postroom")
    (tmp_path / "client.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    (tmp_path / "client.key").write_bytes(issued.private_key_pem.bytes())

    async def hear(_message: Incoming) -> None: ...

    with running_mosquitto() as broker:
        started_as_the_sample_says(broker, authority, by_certificate=by_certificate)
        place = MqttSettings(host="localhost", port=broker.port, ca="ca.pem")
        known = (
            replace(place, client_certificate="client.pem", client_key="client.key")
            if by_certificate
            else replace(place, user="postroom", password=Secret("file:password", str(tmp_path)))
        )
        await Connection(Options(known, tmp_path), SystemClock(), hear).try_once()
        with pytest.raises(TemporaryError):
            await Connection(Options(place, tmp_path), SystemClock(), hear).try_once()
    gc.collect()
