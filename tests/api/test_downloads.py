"""What leaves the door as a file is sent as it is read: of a large mail a little is in memory, whatever is asked."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tracemalloc
from base64 import b64encode
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from postroom.ports.records import RawRef, StoredMail
from postroom.ports.store import Tx
from postroom.store.blobs import FileBlobs
from tests.api.door import PLAIN, Door, served

ROOT = "/api/v1/acme/mails"
SIZE = 60 * 1_000_000
STRIPE = bytes(range(256)) * 57 * 4
"""As many octets as make whole lines of base64."""
BOUNDED = 12_000_000
HEAD = (
    PLAIN.replace(b"\r\n\r\n", b"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n")
    + b"--x\r\nContent-Type: video/mp4\r\nContent-Disposition: attachment; filename=lamp.mp4\r\n"
    + b"Content-Transfer-Encoding: base64\r\n\r\n"
)


def content(start: int, stop: int) -> bytes:
    """The attachment's octets from there to there."""
    first = start // len(STRIPE) * len(STRIPE)
    return (STRIPE * (-(-(stop - first) // len(STRIPE))))[start - first : stop - first]


def write_large_mail(blobs: FileBlobs) -> RawRef:
    coded = b64encode(STRIPE)
    lines = b"".join(coded[at : at + 76] + b"\r\n" for at in range(0, len(coded), 76))
    spool = blobs.open(0)
    spool.write(HEAD)
    whole, rest = divmod(SIZE, len(STRIPE))
    for _ in range(whole):
        spool.write(lines)
    spool.write(b64encode(STRIPE[:rest]) + b"\r\n--x--\r\n")
    ref = blobs.finish(spool)
    blobs.settle([spool])
    return ref


async def large_mail(door: Door) -> StoredMail:
    """A mail with a file of 60 MB, in the store and on disk, never in memory."""
    ref = await door.house.offload.run("blobs", write_large_mail, door.blobs)
    (first,) = await door.mails_of(await door.assigned())
    mail = replace(first, id=door.house.ids.new(), sha256=ref.sha256, size=ref.size)

    def unit(tx: Tx) -> None:
        tx.mails.keep_raw(ref)
        tx.mails.add(mail)

    await door.house.write(unit)
    return mail


async def fetched(client: httpx.AsyncClient, path: str, asked: str = "") -> tuple[httpx.Response, str, int]:
    """What is answered, the hash of its body and how long that was; nothing of it is kept."""
    digest, size = hashlib.sha256(), 0
    async with client.stream("GET", path, headers={"Range": asked} if asked else {}) as answer:
        async for piece in answer.aiter_bytes():
            digest.update(piece)
            size += len(piece)
    return answer, digest.hexdigest(), size


def open_below(folder: Path) -> list[str]:
    """The files below the folder that this process has open."""
    targets = (os.path.realpath(one) for one in Path("/proc/self/fd").iterdir())
    return [target for target in targets if target.startswith(str(folder))]


async def test_a_large_attachment_is_sent_with_little_of_it_in_memory(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client(url=url) as client:
        mail = await large_mail(door)
        path = f"{ROOT}/{mail.id}/attachments/2"
        tracemalloc.start()
        try:
            answer, digest, size = await fetched(client, path)
            parts = [await fetched(client, path, asked) for asked in ("bytes=30000000-30000099", "bytes=-1000000")]
            whole = await fetched(client, f"{ROOT}/{mail.id}/raw")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < BOUNDED
        assert (answer.status_code, answer.headers["content-length"]) == (200, str(SIZE))
        assert (digest, size) == (hashlib.sha256(content(0, SIZE)).hexdigest(), SIZE)
        for (part, found, length), (start, stop) in zip(
            parts, ((30_000_000, 30_000_100), (SIZE - 1_000_000, SIZE)), strict=True
        ):
            assert (part.status_code, length) == (206, stop - start)
            assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"
            assert found == hashlib.sha256(content(start, stop)).hexdigest()
        assert whole[1:] == (mail.sha256, mail.size)


async def test_a_caller_who_hangs_up_leaves_no_file_open(tmp_path: Path) -> None:
    async with served(tmp_path) as (door, url), door.client(url=url) as client:
        mail = await large_mail(door)
        async with client.stream("GET", f"{ROOT}/{mail.id}/attachments/2") as answer:
            await anext(aiter(answer.aiter_bytes()))
        for _ in range(3_000):
            if not open_below(tmp_path / "blobs"):
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"still open: {open_below(tmp_path / 'blobs')}")


@pytest.mark.parametrize("what", ["raw", "attachments/1"])
async def test_bytes_that_are_damaged_are_not_sent(tmp_path: Path, what: str) -> None:
    async with served(tmp_path) as (door, url), door.client(url=url) as client:
        mail = await large_mail(door)
        blob = tmp_path / "blobs" / mail.sha256[:2] / mail.sha256[2:]
        with blob.open("r+b") as file:
            file.seek(1_000_000)
            file.write(b"#")
        assert (await client.get(f"{ROOT}/{mail.id}/{what}")).status_code == 410
