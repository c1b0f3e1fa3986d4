"""A mail's bytes come whole or in the part asked for, and never in a part of something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.door import PLAIN, open_door

SIZE = len(PLAIN)


@pytest.mark.parametrize(
    ("asked", "status", "found"),
    [
        ("bytes=0-4", 206, PLAIN[:5]),
        ("bytes=5-", 206, PLAIN[5:]),
        ("bytes=-7", 206, PLAIN[-7:]),
        ("bytes=-100000", 206, PLAIN),
        (f"bytes={SIZE - 1}-99999", 206, PLAIN[-1:]),
        (f"bytes={SIZE}-", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=4-2", 200, PLAIN),
        ("bytes=-", 200, PLAIN),
        ("bytes=0-1,3-4", 200, PLAIN),
        ("lines=1-2", 200, PLAIN),
        ("bytes=" + "9" * 40 + "-", 200, PLAIN),
    ],
)
async def test_a_range_is_given_as_asked_for(tmp_path: Path, asked: str, status: int, found: bytes) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        (mail,) = await door.mails_of(await door.assigned())
        answer = await client.get(f"/api/v1/acme/mails/{mail.id}/raw", headers={"Range": asked})
        assert answer.status_code == status
        if status == 416:
            assert answer.headers["content-range"] == f"bytes */{SIZE}"
        else:
            assert answer.content == found
            assert ("content-range" in answer.headers) == (status == 206)


async def test_a_range_under_another_validator_is_the_whole(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        (mail,) = await door.mails_of(await door.assigned())
        path = f"/api/v1/acme/mails/{mail.id}/raw"
        tag = (await client.get(path)).headers["etag"]
        for given, status in ((tag, 206), ('"another"', 200)):
            answer = await client.get(path, headers={"Range": "bytes=0-4", "If-Range": given})
            assert answer.status_code == status


async def test_the_text_of_a_mail_is_given_as_text(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client() as client:
        (mail,) = await door.mails_of(await door.assigned())
        answer = await client.get(f"/api/v1/acme/mails/{mail.id}/text")
        assert answer.text.strip() == "The lamp is broken."
        assert answer.headers["content-type"].startswith("text/plain")
