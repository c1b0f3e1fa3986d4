"""From a robot's settings to the robot: one `case` a kind. Secrets are revealed here, at the last moment."""

from __future__ import annotations

from pathlib import Path

import httpx
from msgspec import Struct

from postroom.dispatch.robots.faq import FaqRobot, Sureness
from postroom.dispatch.robots.http import HttpRobot
from postroom.dispatch.robots.knowledge import Knowledge
from postroom.dispatch.robots.mqtt import Answers, MqttRobot
from postroom.dispatch.robots.openai import Model, OpenAiRobot
from postroom.dispatch.robots.post import Poster, Target
from postroom.errors import ConfigurationError
from postroom.ports.robots import Robot, RobotWire
from postroom.ports.world import Clock, Ids, Offload
from postroom.settings import robots
from postroom.settings.targets import networks


class World(Struct, frozen=True, kw_only=True):
    """What a robot needs of the machine; `folder` is the configuration's."""

    folder: Path
    clock: Clock
    ids: Ids
    offload: Offload
    wire: RobotWire | None = None
    """The tenant's way to the broker, and `answers` who waits there; None where there is no such door."""
    answers: Answers | None = None


def build(settings: robots.Robot, world: World) -> Robot:
    """Make the robot. Raises ConfigurationError."""
    match settings:
        case robots.FaqRobot():
            sureness = Sureness(threshold=settings.threshold, margin=settings.margin)
            return FaqRobot(Knowledge(world.folder / settings.file, world.offload), sureness)
        case robots.HttpRobot():
            return HttpRobot(_poster(settings, settings.url, world), settings.secret.reveal(), world.clock)
        case robots.OpenAiRobot():
            url = httpx.URL(settings.url)
            whole = str(url.copy_with(path=url.path.rstrip("/") + "/chat/completions"))
            knowledge = Knowledge(world.folder / settings.file, world.offload) if settings.file else None
            return OpenAiRobot(_poster(settings, whole, world), _model(settings), knowledge, world.ids)
        case robots.MqttRobot():
            if world.wire is None or world.answers is None:
                raise ConfigurationError(f"the robot {settings.name} needs a broker")
            return MqttRobot(world.wire, world.answers, settings.name)


def _poster(settings: robots.HttpRobot | robots.OpenAiRobot, url: str, world: World) -> Poster:
    target = Target(
        url=url,
        allowed=networks(settings.allow_networks),
        tries=settings.tries,
        largest_answer=settings.max_answer_size,
    )
    return Poster(target, world.clock)


def _model(settings: robots.OpenAiRobot) -> Model:
    return Model(
        name=settings.model,
        prompt=settings.prompt,
        key=settings.key.reveal() if settings.key else "",
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        longest_answer=settings.max_answer_length,
        excerpts=settings.excerpts,
        json_mode=settings.json_mode,
    )
