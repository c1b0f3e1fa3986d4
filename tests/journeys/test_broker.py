"""The real process with a real Mosquitto and the external ACD of deploy/examples, the broker killed in the middle."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.dispatch.mqtt.stranger import a_stranger
from tests.journeys.config import Written
from tests.journeys.process import AgentClient, wait_for
from tests.journeys.world import World, world
from tests.support.mosquitto import Mosquitto, running_mosquitto

pytestmark = [pytest.mark.server, pytest.mark.journey]

ACD = Path(__file__).parents[2] / "deploy" / "examples" / "acd.py"
OUTSIDE = Written(queue="served_by: mqtt", offer_for="2s")


def write(here: World, broker: Mosquitto) -> None:
    """Let that broker be the one of the configuration."""
    here.write(OUTSIDE)
    file = here.config / "postroom.yaml"
    file.write_text(f"{file.read_text()}mqtt: {{host: 127.0.0.1, port: {broker.port}, tls: false}}\n")


@contextmanager
def acd(broker: Mosquitto, folder: Path) -> Iterator[None]:
    """The example, started as an integrator starts it."""
    with (folder / "acd.log").open("ab") as log:
        arguments = [sys.executable, str(ACD), "127.0.0.1", str(broker.port), "acme", "first_line", "anna", "bernd"]
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.kill()
            process.wait()


def are_all_assigned(here: World, *agents: AgentClient) -> bool:
    """Whether every mail's session is somebody's."""
    held = {item["session"] for agent in agents for item in agent.work()["assigned"]}
    return len(held) == len(here.oracle.tokens)


def test_an_acd_outside_gets_every_mail_though_the_broker_is_killed_wiped_and_changed(tmp_path: Path) -> None:
    with ExitStack() as stack:
        here = stack.enter_context(world(tmp_path))
        broker = stack.enter_context(running_mosquitto())
        other = stack.enter_context(running_mosquitto())
        write(here, broker)
        process = stack.enter_context(here.process())
        agents = [stack.enter_context(AgentClient(here.http, name)) for name in ("anna", "bernd")]
        for agent in agents:
            agent.ready()
        here.deliver(4)
        with acd(broker, tmp_path):
            wait_for(lambda: are_all_assigned(here, *agents), "the first mails to be assigned")
            broker.kill()
            broker.forget()
            here.deliver(4)
            here.wait_until_collected()
            assert "postroom_mqtt_connected 0.0" in process.metrics()
            broker.start()
        with a_stranger(broker, "$share/acd/postroom/v1/acme/queues/first_line/offers") as dies:
            wait_for(lambda: dies.messages, "an offer to be taken by one who dies with it")
        with acd(broker, tmp_path):
            wait_for(lambda: are_all_assigned(here, *agents), "the mails of the outage to be assigned")
        write(here, other)
        with acd(other, tmp_path):
            here.deliver(2)
            wait_for(lambda: are_all_assigned(here, *agents), "the mails to be assigned over the other broker")
        assert process.stop() == 0


def test_check_connect_tries_the_broker(tmp_path: Path) -> None:
    with world(tmp_path) as here, running_mosquitto() as broker:
        write(here, broker)
        command = [sys.executable, "-m", "postroom", "check", "--config", str(here.config), "--connect"]
        environment = {"JOURNEY_POP3_PASSWORD": "pw0"}
        good = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert "mqtt  mqtt  connection_succeeded" in good.stdout, good.stdout + good.stderr
        broker.kill()
        bad = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert (bad.returncode, "connection_failed" in bad.stdout) == (1, True), bad.stdout
