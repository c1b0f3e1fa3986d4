"""Settings move from files to the store and back, and stay the same but for secrets."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace

from postroom.settings.convert import record
from postroom.settings.load import load, load_process
from postroom.settings.moving import taken_in, taken_out
from postroom.settings.process import Process
from postroom.settings.refusals import SettingsNotValid
from postroom.settings.schema import Generation, Tenant
from postroom.settings.secrets import PLACEHOLDER
from postroom.settings.stored import content_of
from postroom.settings.stored_folder import StoredFolder
from postroom.settings.yaml import Mapping, Scalar, Sequence, read
from postroom.settings.yaml_text import yaml_text
from tests.api.settings_door import write_folder
from tests.settings.making import tenant, warned, write
from tests.settings.tenants import tenants
from tests.settings.test_written import SLOW, page


@SLOW
@given(tenants())
def test_any_tenant_taken_out_is_read_as_the_same(one: Tenant) -> None:
    generation = Generation(number=1, folder="", process=Process(), tenants=(replace(one, name="acme"),))
    texts = dict(taken_out(generation).texts)
    node, faults = read(texts["tenants/acme.yaml"].encode())
    assert (node is not None, faults) == (True, ())
    assert node is not None
    found = page()
    assert record(Tenant, node, "", found) == generation.tenants[0]
    assert found.problems == []


def test_texts_that_look_like_something_else_are_quoted() -> None:
    words = [
        "no",
        "Null",
        "~",
        "1",
        "1e5",
        ".5",
        "0x1f",
        "22:30",
        " a",
        "- a",
        "a: b",
        "#a",
        "é\u2028x",
        "a\nb",
        "",
        "on",
        "=1",
    ]
    node, faults = read(yaml_text({"words": words}).encode())
    assert faults == ()
    assert isinstance(node, Mapping)
    found = node.get("words")
    assert isinstance(found, Sequence)
    assert [item.value for item in found.items if isinstance(item, Scalar)] == words


def stored(folder: Path) -> StoredFolder:
    config = write_folder(folder)
    return StoredFolder(config, load_process_of(config), (), ())


def load_process_of(config: Path) -> Process:
    process, problems = load_process(config)
    assert problems == ()
    return process


def test_a_folder_taken_in_and_out_again_is_the_same_and_holds_no_secret(tmp_path: Path) -> None:
    files = write(
        tmp_path / "files", tenant(more="routes:\n  - {name: r, channel: support, when: {subject: {is: a}}}\n")
    )
    folder = stored(tmp_path / "store")
    before = load(files).require()
    candidate = folder.candidate(taken_in(files)(folder, before))
    kept = candidate.loaded.require()
    assert "s3cret" not in msgspec.json.encode([one.content for one in candidate.documents]).decode()
    assert [(one.tenant, one.version) for one in candidate.documents] == [("acme", 1)]
    gateway = kept.require("acme").gateway("inbox")
    assert gateway is not None
    assert gateway.password is not None
    assert gateway.password.reveal() == "s3cret-of-the-box"
    moved = taken_out(kept)
    assert moved.secrets == ("secrets/acme-gateways-inbox-password", "secrets/acme-gateways-outbox-password")
    out = tmp_path / "out"
    for name, text in (*moved.texts, *((secret, PLACEHOLDER) for secret in moved.secrets)):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text)
        (out / name).chmod(0o600)
    again = load(out)
    assert again.problems == ()
    assert "placeholder" in warned(again)["gateways[0].password"]
    vault = folder.desk.vault
    contents = [content_of(one.require().require("acme"), vault) for one in (load(files), again)]
    for content in contents:
        for one in content["gateways"]:
            one.pop("password")
    assert contents[0] == contents[1]


def test_a_faulty_folder_is_refused_with_every_problem(tmp_path: Path) -> None:
    files = write(tmp_path / "files", tenant(channel="    max_cc: 200\n    colour: red\n"))
    folder = stored(tmp_path / "store")
    generation = Generation(number=1, folder="", process=Process(), tenants=())
    with pytest.raises(SettingsNotValid) as caught:
        taken_in(files)(folder, generation)
    assert [one.key for one in caught.value.problems] == ["channels[0].max_cc", "channels[0].colour"]


def test_yaml_survives_a_folder_of_no_tenants() -> None:
    with tempfile.TemporaryDirectory() as made, pytest.raises(SettingsNotValid):
        taken_in(Path(made))(stored(Path(made, "s")), Generation(number=1, folder="", process=Process(), tenants=()))
