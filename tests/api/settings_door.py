"""The door where settings are set in the store: a small valid tenant, its administrator, and a generation in force."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from postroom.api.app import create_app
from postroom.engine.settings_desk import SettingsDesk
from postroom.errors import ConfigurationError, TemporaryError
from postroom.ports.store import Tx
from postroom.settings.schema import Generation
from postroom.settings.secrets import Secret
from postroom.settings.stored import Content, Document, content_of, load_stored
from postroom.settings.stored_folder import StoredFolder
from postroom.settings.vault import Vault
from postroom.store.parcels import Parcels
from postroom.wiring.configuration import documents
from tests.api.door import Door, open_door
from tests.dispatch.house import token_of

ROOT = "/api/v1/acme/settings"
PROCESS = "settings: {source: store, keys: [file:key], files: files}\n"
PASSWORD = "hunter2-of-the-box"
KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


def hashed(account: str) -> str:
    return hashlib.sha256(token_of(account).encode()).hexdigest()


def content(vault: Vault) -> Content:
    """A tenant as the store keeps it."""
    return {
        "name": "acme",
        "gateways": [
            {"kind": "pop3", "name": "in", "host": "pop.acme.example", "user": "help@acme.example"}
            | {"password": {"sealed": vault.seal("s3cret").name}},
            {"kind": "smtp", "name": "out", "host": "smtp.acme.example", "auth": "none"}
            | {"from_address": "help@acme.example"},
        ],
        "channels": [
            {"name": "support", "receiving_gateway": "in", "sending_gateway": "out", "skill_queue": "help"}
            | {"addresses": ["help@acme.example"]}
        ],
        "queues": [{"name": "help", "members": ["anna"]}, {"name": "orders"}],
        "agents": [
            {"account": "ada", "name": "Ada Admin", "role": "administrator", "token_sha256": [hashed("ada")]},
            {"account": "anna", "name": "Anna Auer", "token_sha256": [hashed("anna")]},
            {"account": "sue", "name": "Sue Super", "role": "supervisor", "token_sha256": [hashed("sue")]},
        ],
    }


def write_folder(folder: Path) -> Path:
    """A configuration's folder that takes settings from the store."""
    folder.mkdir(exist_ok=True)
    (folder / "files").mkdir(exist_ok=True)
    (folder / "postroom.yaml").write_text(PROCESS)
    (folder / "key").write_text(KEY)
    (folder / "key").chmod(0o600)
    return folder


@dataclass
class HeldForce:
    """A generation in force, and what a test lets stand against another."""

    door: Door
    generation: Generation
    against: tuple[str, ...] = ()
    is_lost: bool = False
    followed: list[bytes] = field(default_factory=list)

    async def kept(self) -> tuple[Document, ...]:
        return await self.door.house.read(lambda tx: documents(tx.settings.newest()))

    async def stands_against(self, _: Generation) -> tuple[str, ...]:
        return self.against

    async def swap(self, generation: Generation, keep: Callable[[Tx], None]) -> frozenset[tuple[str, str]]:
        if self.against:
            raise ConfigurationError("\n".join(self.against))
        await self.door.house.write(keep)
        if self.is_lost:
            raise TemporaryError("the outcome was not heard of")
        self.generation = generation
        return frozenset()

    def follow(self, read_as: bytes, _: frozenset[tuple[str, str]]) -> None:
        self.followed.append(read_as)


@dataclass
class SettingsDoor:
    """The door and what is in force behind it."""

    door: Door
    force: HeldForce
    folder: StoredFolder
    folder_of_store: Path

    def client(self, account: str | None = "ada") -> httpx.AsyncClient:
        return self.door.client(account)


@asynccontextmanager
async def settings_door(folder: Path, source: str = "store") -> AsyncIterator[SettingsDoor]:
    """A door with that tenant; with `files` nobody takes changes."""
    config = write_folder(folder / "config")
    vault = Vault([Secret("file:key", str(config))])
    loaded = load_stored(config, [Document(tenant="acme", version=0, content=content(vault))])
    generation = loaded.require()
    first = Document(tenant="acme", version=0, content=content_of(generation.require("acme"), vault))
    async with open_door(folder / "store") as door:
        force = HeldForce(door, generation)
        stored = StoredFolder(config, generation.process, [first], loaded.files)
        house = door.house
        desk = SettingsDesk(stored, force, lambda: force.generation, house.clock, house.offload)
        parts = replace(
            door.parts,
            current=lambda: force.generation,
            settings=desk if source == "store" else None,
            export_file=Parcels(folder / "store").open,
        )
        yield SettingsDoor(
            Door(house, parts, create_app(parts), door.blobs, door.uploads), force, stored, folder / "store"
        )


async def tag_of(client: httpx.AsyncClient, path: str) -> dict[str, str]:
    """The header field that says what a change rests on."""
    answer = await client.get(f"{ROOT}{path}")
    assert answer.status_code == 200, answer.text
    return {"If-Match": answer.headers["ETag"]}


async def changed(client: httpx.AsyncClient, method: str, path: str, body: object = None) -> httpx.Response:
    """A change that rests on what is there."""
    headers = await tag_of(client, path) if method != "POST" else {}
    return await client.request(method, f"{ROOT}{path}", json=body, headers=headers)
