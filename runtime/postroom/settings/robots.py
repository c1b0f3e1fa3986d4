"""The robots a tenant may have, one struct a kind: names, types, ranges and defaults."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from postroom.settings.channel_rules import HOUR
from postroom.settings.rules import AtMost, Between, Name, Octets, Seconds, Unit
from postroom.settings.secrets import Secret
from postroom.settings.targets import NetworkRange, Url
from postroom.settings.wording import Text

Share = Annotated[float, Between(0, 1)]
File = Annotated[str, AtMost(4096, least=1)]
AnswerSize = Annotated[Octets, Between(1024, 1 << 20, Unit.OCTETS)]
Networks = Annotated[tuple[NetworkRange, ...], AtMost(100)]
Tries = Annotated[int, Between(1, 5)]

PROMPT = """\
You answer customers of a company by mail, in the customer's language, politely and in a few sentences.
Use only what the excerpts say. When they do not answer the question, or the customer complains, wants a person, or asks
for anything to be done, hand off.
"""


class Breaker(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After how many failures in a row a robot is left in peace, and for how long."""

    failures: Annotated[int, Between(1, 100)] = 5
    pause: Annotated[Seconds, Between(1, HOUR, Unit.SECONDS)] = 30.0


class FaqRobot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="faq"):
    """Answers from a file of questions and answers, YAML or CSV, relative to the configuration folder."""

    name: Name
    file: File
    threshold: Share = 0.6
    margin: Share = 0.15
    breaker: Breaker = Breaker()


class HttpRobot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="http"):
    """Asks a web service, in requests signed with the secret."""

    name: Name
    url: Url
    secret: Secret
    allow_plain_http: bool = False
    allow_networks: Networks = ()
    """Addresses that may be connected to although they are link-local, loopback or otherwise refused."""
    tries: Tries = 3
    max_answer_size: AnswerSize = 64 * 1024
    breaker: Breaker = Breaker()


class MqttRobot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="mqtt"):
    """Asks over MQTT, on the topics of its name."""

    name: Name
    breaker: Breaker = Breaker()


class OpenAiRobot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="openai"):
    """Asks a chat model of any service that speaks the OpenAI API, with excerpts of a file of questions and answers."""

    name: Name
    url: Url
    """The API's beginning, to which `/chat/completions` is added."""
    model: Annotated[str, AtMost(200, least=1)]
    key: Secret | None = None
    file: File | None = None
    prompt: Annotated[Text, AtMost(20_000, least=1)] = PROMPT
    excerpts: Annotated[int, Between(0, 20)] = 5
    temperature: Annotated[float, Between(0, 2)] = 0.2
    max_tokens: Annotated[int, Between(16, 8192)] = 600
    max_answer_length: Annotated[int, Between(100, 20_000)] = 3_000
    json_mode: bool = True
    """Whether the service is asked for JSON by `response_format`; some do not know it."""
    allow_plain_http: bool = False
    allow_networks: Networks = ()
    tries: Tries = 2
    max_answer_size: AnswerSize = 256 * 1024
    breaker: Breaker = Breaker()


Robot = FaqRobot | HttpRobot | MqttRobot | OpenAiRobot


def secret_of(robot: Robot) -> Secret | None:
    """The secret the robot is asked with, or None where it needs none."""
    match robot:
        case HttpRobot():
            return robot.secret
        case OpenAiRobot():
            return robot.key
        case FaqRobot() | MqttRobot():
            return None
