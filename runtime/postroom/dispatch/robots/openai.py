"""A robot that asks a chat model over the OpenAI API (`POST …/chat/completions`), of whatever service speaks it.

A model may be talked into anything by the mail it reads. So nothing it writes has an effect but the text of an answer;
and where that is malformed, cut short, or held back by held_back.py, the mail is handed off.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from postroom.dispatch.robots.held_back import held_back
from postroom.dispatch.robots.knowledge import Knowledge
from postroom.dispatch.robots.post import Poster
from postroom.dispatch.robots.prompt import fenced, instructions, rules
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.robots import Fail, HandOff, RobotAnswer, RobotQuestion, Verdict
from postroom.ports.world import Ids
from postroom.settings.faq import FaqEntry


class Model(Struct, frozen=True, kw_only=True):
    """Which model, how it is asked, and what of its answers is taken."""

    name: str
    prompt: str
    key: str = ""
    temperature: float = 0.2
    max_tokens: int = 600
    longest_answer: int = 3_000
    excerpts: int = 5
    json_mode: bool = True


class Said(Struct, frozen=True):
    """What the model said."""

    content: str | None = None
    refusal: str | None = None


class Choice(Struct, frozen=True):
    """One completion; `finish_reason` is `stop` where the model came to its end."""

    message: Said
    finish_reason: str | None = None


class Completions(Struct, frozen=True):
    """The answer of the API."""

    choices: tuple[Choice, ...]


class Contract(Struct, frozen=True, forbid_unknown_fields=True):
    """What the model is told to write."""

    action: str
    text: str = ""


_COMPLETIONS = msgspec.json.Decoder(Completions)
_CONTRACT = msgspec.json.Decoder(Contract)


class OpenAiRobot:
    """Asks the model."""

    def __init__(self, poster: Poster, model: Model, knowledge: Knowledge | None, ids: Ids) -> None:
        self._poster = poster
        self._model = model
        self._knowledge = knowledge
        self._ids = ids

    async def ask(self, question: RobotQuestion, within: float) -> Verdict:  # noqa: ARG002 the guard keeps the deadline
        """Ask the model with what the list knows of the mail."""
        fence = self._ids.secret()
        try:
            excerpts = await self._excerpts(question)
            told = instructions(self._model.prompt, excerpts, fence)
            answer = await self._poster.post(self._body(question, told, fence), self._headers())
        except TemporaryError as error:
            return Fail(reason=str(error), temporary=True)
        except PermanentError as error:
            return Fail(reason=str(error), temporary=False)
        return judge(answer, self._model, excerpts, fence)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()

    async def _excerpts(self, question: RobotQuestion) -> tuple[FaqEntry, ...]:
        if self._knowledge is None:
            return ()
        found = await self._knowledge.find(f"{question.subject}\n{question.newest}", question.language)
        return tuple(one.entry for one in found[: self._model.excerpts])

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._model.key}"} if self._model.key else {}

    def _body(self, question: RobotQuestion, told: str, fence: str) -> bytes:
        body: dict[str, object] = {
            "model": self._model.name,
            "temperature": self._model.temperature,
            "max_tokens": self._model.max_tokens,
            "messages": [
                {"role": "system", "content": told},
                {"role": "user", "content": fenced(question, fence)},
            ],
        }
        if self._model.json_mode:
            body["response_format"] = {"type": "json_object"}
        return msgspec.json.encode(body)


def judge(answer: bytes, model: Model, excerpts: Sequence[FaqEntry], fence: str) -> Verdict:
    """Make a verdict of what the API answered."""
    try:
        choice = _COMPLETIONS.decode(answer).choices[0]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IndexError):
        return Fail(reason="the answer is not one of the OpenAI API", temporary=False)
    if choice.message.refusal or choice.finish_reason not in {"stop", None}:
        return HandOff(reason=f"the model did not finish its answer ({choice.finish_reason}), or refused to give one")
    try:
        said = _CONTRACT.decode(choice.message.content or "")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return HandOff(reason="the model's answer is not in the form it was told")
    if said.action != "reply":
        return HandOff(reason=said.text if said.action == "hand_off" else "the model's answer names no known action")
    told = rules(model.prompt, fence)
    known = (model.prompt, *(entry.answer for entry in excerpts))
    why = held_back(said.text, told=told, known=known, longest=model.longest_answer)
    if not why and fence in said.text:
        why = "it repeats what the model was told"
    if why:
        return HandOff(reason=f"the model's answer is held back: {why}")
    return RobotAnswer(text=said.text, confidence=0.5, source=excerpts[0].questions[0] if excerpts else model.name)
