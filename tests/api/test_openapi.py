"""The description of the HTTP door: valid OpenAPI 3.1, complete, and of stable names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis

from postroom.api.policy import POLICY, SHOWN_PREFIX, WITHOUT_SIGN_IN
from postroom.api.problems import MEDIA_TYPE
from tests.api.door import open_door

OPERATIONS = """
accept add_thing add_token add_user ask_export assign decline disable_user disconnect_gateway enable_user end events
file find_conversations forget_draft forward import_channels merge park patch_section patch_thing pick read_agents
read_attachment read_audit read_canned_answers read_certificates read_conversation read_drafts read_export
read_export_file read_exports read_gateways read_html read_mails read_me read_offline_messages read_overview
read_proposals read_queues read_raw read_section read_sessions read_statistics read_text read_thing read_tokens
read_trace read_users read_version read_versions read_waiting_mails read_work rebuild_gateway release_mail
remove_thing replace_thing reply restore retry_mail revoke_token revoke_user route_mail save_draft set_my_password
set_my_state set_password set_section sign_in sign_out split transfer try_gateway unpark upload_file withdraw wrap_up
write_first write_note
"""
"""Generated clients name their functions so: a name that changes breaks them."""


async def described(folder: Path) -> dict[str, Any]:
    async with open_door(folder) as door, door.client(None) as client:
        first, again = (await client.get("/schema/openapi.json"), await client.get("/schema"))
        assert first.content == again.content
        found: dict[str, Any] = first.json()
        return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation, as the policy names it."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path.removeprefix(SHOWN_PREFIX)}", operation


def problems_of(operation: dict[str, Any]) -> set[int]:
    return {int(status) for status, answer in operation["responses"].items() if "$ref" in answer}


async def test_the_description_is_valid_openapi(tmp_path: Path) -> None:
    document = await described(tmp_path)
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()


async def test_what_is_no_openapi_would_not_pass_for_it(tmp_path: Path) -> None:
    document = await described(tmp_path)
    for _, operation in operations(document):
        operation["responses"] = []
    with pytest.raises(Exception, match=r"not valid|not of type"):
        schemathesis.openapi.from_dict(document).validate()


async def test_every_reference_leads_somewhere(tmp_path: Path) -> None:
    document = await described(tmp_path)
    references = set(re.findall(r"'\$ref': '#/([^']*)'", str(document)))
    assert len(references) > 50
    for reference in references:
        at: Any = document
        for step in reference.split("/"):
            at = at[step]


async def test_every_route_is_described_under_a_name_that_stays(tmp_path: Path) -> None:
    found = dict(operations(await described(tmp_path)))
    assert found.keys() == POLICY.keys() | WITHOUT_SIGN_IN
    assert sorted(one["operationId"] for one in found.values()) == OPERATIONS.split()


async def test_everything_is_described_in_words(tmp_path: Path) -> None:
    document = await described(tmp_path)
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        for one in operation["parameters"]:
            assert one["description"], (name, one["name"])
        for status, answer in operation["responses"].items():
            assert "$ref" in answer or answer["description"], (name, status)
    for name, schema in document["components"]["schemas"].items():
        assert "." not in name, "two structs have this name"
        assert schema["description"], name


async def test_every_route_names_the_problems_it_may_answer_with(tmp_path: Path) -> None:
    document = await described(tmp_path)
    for one in document["components"]["responses"].values():
        assert one["content"] == {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    always = {401, 429, 431, 500, 503}
    found = {name: problems_of(operation) for name, operation in operations(document)}
    assert found["GET /me"] == always | {403, 404}
    assert found["POST /sign-in"] == always | {400, 408, 413, 422}
    assert found["GET /mails"] == always | {403, 404, 422}
    assert found["GET /mails/{mail_id}/raw"] == always | {403, 404, 410, 416}
    assert found["POST /users/{account}/disable"] == always | {403, 404, 408, 409, 413, 422}
    assert found["POST /sessions/{session_id}/accept"] == always | {400, 403, 404, 408, 409, 413, 422}
    assert found["DELETE /settings/{section_name}/{name}"] == always | {403, 404, 409, 412, 422, 428}


async def test_what_a_write_needs_is_required(tmp_path: Path) -> None:
    needed = {
        (name, one["name"])
        for name, operation in operations(await described(tmp_path))
        for one in operation["parameters"]
        if one["in"] == "header" and one["required"]
    }
    assert {name for name, header in needed if header == "Idempotency-Key"} == {
        "POST /conversations",
        "POST /sessions/{session_id}/forward",
        "POST /sessions/{session_id}/replies",
    }
    assert {header for _, header in needed} == {"Idempotency-Key", "If-Match"}
