"""The MQTT door described (AsyncAPI 3.0) at /schema/asyncapi.json: topics, who sends and who receives, and the data."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import MediaType, Response, get
from msgspec import Struct

from postroom import __version__
from postroom.ports.broker_messages import (
    Accept,
    AgentCommand,
    Answered,
    Decline,
    GatewayNews,
    Happened,
    Offered,
    RobotRequest,
    Withdrawn,
)
from postroom.ports.telling import Told
from postroom.ports.topics import ROOT

REF = "#/components/schemas/{name}"


class Channel(Struct, frozen=True, kw_only=True):
    """A topic, which way its messages go as the service sees it, and their data."""

    address: str
    action: str
    says: str
    data: type
    also: type | None = None
    """The data of the other message there, where there is one."""


CHANNELS: dict[str, Channel] = {
    "offers": Channel(
        address="queues/{queue}/offers",
        action="send",
        says="A session held out to who serves the queue (type com.postroom.queue.offer), or one that is not any more "
        "(com.postroom.queue.offer_withdrawn); shared subscriptions share them out",
        data=Offered,
        also=Withdrawn,
    ),
    "inbox": Channel(
        address="agents/{agent}/inbox", action="send", says="What the agent's event stream tells him", data=Told
    ),
    "conversation": Channel(
        address="conversations/{conversation}/events", action="send", says="Each decision", data=Happened
    ),
    "robotRequests": Channel(
        address="robots/{robot}/requests",
        action="send",
        says="A question; answer at the response topic, with its correlation data",
        data=RobotRequest,
    ),
    "gatewayStatus": Channel(
        address="gateways/{gateway}/status", action="send", says="How a gateway is; retained", data=GatewayNews
    ),
    "agentReplies": Channel(
        address="agents/{agent}/replies", action="send", says="Answers to the agent's commands", data=Answered
    ),
    "queueReplies": Channel(
        address="queues/{queue}/replies", action="send", says="Answers to the queue's commands", data=Answered
    ),
    "agentCommands": Channel(
        address="agents/{agent}/commands/{verb}",
        action="receive",
        says="What the agent does, as over HTTP: ready, not_ready, offline, here, pick, accept, decline, park, unpark, "
        "end, wrap_up, transfer, file, reply",
        data=AgentCommand,
    ),
    "queueAccept": Channel(
        address="queues/{queue}/commands/accept", action="receive", says="An agent takes an offer", data=Accept
    ),
    "queueDecline": Channel(
        address="queues/{queue}/commands/decline", action="receive", says="Nobody takes an offer now", data=Decline
    ),
}


def document() -> dict[str, Any]:
    """The whole description."""
    data = [data for one in CHANNELS.values() for data in (one.data, one.also) if data is not None]
    _, schemas = msgspec.json.schema_components(data, ref_template=REF)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Postroom", "version": __version__, "description": "The MQTT 5 door of Postroom."},
        "defaultContentType": "application/cloudevents+json",
        "channels": {name: _channel(channel) for name, channel in CHANNELS.items()},
        "operations": {
            name: {
                "action": channel.action,
                "channel": {"$ref": f"#/channels/{name}"},
                "summary": channel.says,
                "bindings": {"mqtt": {"qos": 1, "retain": name == "gatewayStatus"}},
            }
            for name, channel in CHANNELS.items()
        },
        "components": {"schemas": schemas},
    }


def _channel(channel: Channel) -> dict[str, Any]:
    address = f"{ROOT}/{{tenant}}/{channel.address}"
    names = [level[1:-1] for level in address.split("/") if level.startswith("{")]
    return {
        "address": address,
        "parameters": {name: {"description": "percent-encoded"} for name in names},
        "messages": {
            name: {"payload": _event(channel, data)}
            for name, data in (("event", channel.data), ("other", channel.also))
            if data is not None
        },
    }


def _event(channel: Channel, data: type) -> dict[str, Any]:
    """A CloudEvent 1.0 whose data is that; of what is received, only the data is asked for."""
    text = {"type": "string"}
    required = ["specversion", "id", "source", "type", "data"] if channel.action == "send" else ["data"]
    return {
        "type": "object",
        "required": required,
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": text,
            "type": text,
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": text,
            "data": {"$ref": f"#/components/schemas/{data.__name__}"},
        },
    }


@get("/schema/asyncapi.json", include_in_schema=False, sync_to_thread=False)
def asyncapi() -> Response[bytes]:
    """Give the description."""
    return Response(content=msgspec.json.encode(document()), media_type=MediaType.JSON)
