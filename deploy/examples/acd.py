#!/usr/bin/env python3
"""An external ACD in plain paho-mqtt: takes each offer of a queue and names the agent, in turn.

    acd.py HOST PORT TENANT QUEUE AGENT [AGENT ...]

With MQTT_USER, MQTT_PASSWORD and MQTT_CA in the environment it signs in, over TLS. Start it as often as you like: the
offers are shared out among all of them, and one that is taken by a process that dies comes again when it runs out.
"""

import itertools
import json
import os
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

host, port, tenant, queue, *agents = sys.argv[1:]
prefix = f"postroom/v1/{tenant}/queues/{queue}"
turn = itertools.cycle(agents)


def on_connect(client: mqtt.Client, *_: object) -> None:
    """Ask for the offers and for the answers, again whenever the connection was lost."""
    client.subscribe([(f"$share/acd/{prefix}/offers", 1), (f"{prefix}/replies/{os.getpid()}", 1)])


def on_message(client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
    """Take an offer, or print what came of it."""
    event = json.loads(message.payload)
    data = event["data"]
    if event["type"] == "com.postroom.queue.offer_withdrawn":
        return  # whoever keeps offers for later forgets data["offer"] here
    if message.topic.endswith("/offers"):
        accept = {"session": data["session"], "token": data["token"], "agent": next(turn)}
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = f"{prefix}/replies/{os.getpid()}"
        properties.CorrelationData = message.properties.CorrelationData
        client.publish(f"{prefix}/commands/accept", json.dumps({"data": accept}), qos=1, properties=properties)
    else:  # a status of 409 says that the agent has no place left, or that somebody else was faster
        print(data["status"], data["body"].get("owner") or data["body"].get("detail"), flush=True)  # noqa: T201 - a command speaks


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
if "MQTT_USER" in os.environ:
    client.username_pw_set(os.environ["MQTT_USER"], os.environ["MQTT_PASSWORD"])
if "MQTT_CA" in os.environ:
    client.tls_set(os.environ["MQTT_CA"])
client.on_connect, client.on_message = on_connect, on_message
client.connect(host, int(port))
client.loop_forever()
