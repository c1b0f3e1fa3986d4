"""Every operation of the description, asked by every role with what it says is right and what it says is wrong.

The event stream is left out: it is no answer but goes on until somebody ends it, and test_events.py reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import argon2
import pytest
import requests
import schemathesis
from schemathesis import Case, CheckContext, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi import checks

from postroom.api import passwords
from postroom.api.policy import POLICY, SHOWN_PREFIX, WITHOUT_SIGN_IN
from postroom.ports.people import Role
from tests.api.scene import Scene, Stage, document_of, scene
from tests.dispatch.house import token_of

Operation = APIOperation[Any, Any, Any, Any]
Asked = Case[Operation]

PEOPLE = {Role.AGENT: "anna", Role.ADMINISTRATOR: "ada", Role.SUPERVISOR: "sue"}
STREAMS = {"GET /events"}
REFUSED = ("400", "401", "403", "404", "405", "413", "422", "428")
NUMBERS = {"index", "number"}
"""What of a path may be wrong by itself."""
CONFIG = {"checks": {"negative_data_rejection": {"expected-statuses": [*REFUSED]}}}
SHAPE = re.compile(r"^[^:]*: (Expected|Object|Invalid|it is missing)")
"""What the decoder says of a value that is not as described."""


def is_described_as_it_is(_: CheckContext, response: Response, case: Asked) -> None:
    """What is as described is never refused for its shape, only for what it means."""
    if response.status_code in {400, 422}:
        problems = response.json().get("problems", ())
        assert response.status_code == 422, (case, response.text)
        assert not any(SHAPE.match(one) for one in problems), (case, problems)


ALWAYS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
OF_RIGHT = [*ALWAYS, is_described_as_it_is]
OF_WRONG = [
    *ALWAYS,
    checks.negative_data_rejection,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.allow_header_conformance,
]


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    monkeypatch.setattr(passwords, "_NOBODY", hasher.hash("nobody's"))


@pytest.mark.parametrize("role", PEOPLE)
def test_every_operation_answers_as_the_description_says(tmp_path: Path, role: Role) -> None:
    with scene(tmp_path) as here, requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token_of(PEOPLE[role])}"
        schema = schemathesis.openapi.from_dict(document_of(here.url), config=schemathesis.Config.from_dict(CONFIG))
        schema.config.update(base_url=here.url)
        for operation in operations(schema):
            name = name_of(operation)
            for case in right(here, schema, operation, role):
                answer(here, session, case, OF_RIGHT)
            if role is who_may(name)[-1]:
                for case in wrong(here, schema, operation):
                    answer(here, session, case, OF_WRONG)


def operations(schema: BaseSchema) -> Iterator[Operation]:
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        if name_of(found.ok()) not in STREAMS:
            yield found.ok()


def name_of(operation: Operation) -> str:
    """As the policy names it."""
    return f"{operation.method.upper()} {operation.path.removeprefix(SHOWN_PREFIX)}"


def who_may(name: str) -> list[Role]:
    """Whom the policy lets in. The first has what is asked about; to the last is left to ask what is wrong."""
    return [role for role in PEOPLE if name in WITHOUT_SIGN_IN or role in POLICY[name]]


def cases(schema: BaseSchema, operation: Operation, mode: GenerationMode) -> Iterator[Asked]:
    """Every boundary and every kind of fault of each parameter and key: the same in every run."""
    config = schema.config.generation_for(operation=operation)
    return schema.iter_coverage_cases(operation, generation_modes=[mode], generation_config=config)


def right(here: Scene, schema: BaseSchema, operation: Operation, role: Role) -> Iterator[Asked]:
    """What is right, every other time of things that are there; who may not ask at all asks once."""
    name = name_of(operation)
    may = who_may(name)
    is_spent = operation.method != "get" and role is may[0]
    for number, case in enumerate(cases(schema, operation, GenerationMode.POSITIVE)):
        is_there = number % 2 == 0
        if number == 0 or (is_there and is_spent):
            stage = here.set_for(name)
        about(case, stage, f"{number}-{stage.key}")
        if is_there:
            of_what_is_there(case, stage)
        yield case
        if role not in may:
            return


def about(case: Asked, stage: Stage, key: str) -> None:
    """Have the path name what is there, and say what a write needs of its caller."""
    case.path_parameters = {name: stage.named[name] for name in case.path_parameters}
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = key.rjust(len(case.headers["Idempotency-Key"]), "0")
    if isinstance(case.body, dict) and "token" in case.body:
        case.body = {**case.body, "token": stage.token}


def of_what_is_there(case: Asked, stage: Stage) -> None:
    """Have also the query and the body name it."""
    case.query = {name: value for name, value in (case.query or {}).items() if name != "after"}
    if isinstance(case.body, dict):
        said = {name: value if value is None else stage.known.get(name, value) for name, value in case.body.items()}
        case.body = said | stage.whole


def wrong(here: Scene, schema: BaseSchema, operation: Operation) -> Iterator[Asked]:
    """What is wrong in one place, and else about what is there."""
    named = here.set_for(name_of(operation)).named
    for case in cases(schema, operation, GenerationMode.NEGATIVE):
        path = {key: value if key in NUMBERS else named[key] for key, value in case.path_parameters.items()}
        case.path_parameters = path
        yield case


def answer(here: Scene, session: requests.Session, case: Asked, wanted: list[Any]) -> None:
    here.passes()
    response = case.call(session=session)
    try:
        case.validate_response(response, checks=wanted, transport_kwargs={"session": session})
    except FailureGroup as failures:
        said = f"{case.operation.label} {case.query} {case.headers} {case.body!r:.500}"
        words = "; ".join(f"{one.title}: {one.message}" for one in failures.exceptions)
        pytest.fail(f"{said}\n{words:.2000}\n{response.status_code} {response.text:.1000}", pytrace=False)
