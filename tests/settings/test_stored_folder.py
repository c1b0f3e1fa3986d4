"""Settings in the store: read anew when a file changes, judged as a whole, and kept where nothing changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from postroom.settings.schema import Generation
from postroom.settings.stored import Document, content_of, load_stored
from postroom.settings.stored_folder import Proposal, StoredFolder
from postroom.settings.vault import Vault
from tests.api.settings_door import PROCESS, content, write_folder
from tests.settings.making import tenant, write


def opened(folder: Path) -> tuple[StoredFolder, Generation]:
    config = write_folder(folder)
    process = load_stored(config, []).require().process
    vault = Vault(process.settings.keys)
    first = load_stored(config, [Document(tenant="acme", version=7, content=content(vault))])
    generation = first.require()
    document = Document(tenant="acme", version=7, content=content_of(generation.require("acme"), vault))
    return StoredFolder(config, process, [document], first.files), generation


def proposal(folder: StoredFolder, **sections: Any) -> Proposal:  # noqa: ANN401 as JSON has it
    return Proposal(contents={"acme": {**folder.document("acme").content, **sections}})


def test_a_changed_file_of_the_process_is_read_anew_with_the_tenants_in_force(tmp_path: Path) -> None:
    folder, _ = opened(tmp_path)
    assert folder.fingerprint() == folder.read_as
    (tmp_path / "postroom.yaml").write_text(PROCESS + "logs: {level: debug}\n")
    assert folder.fingerprint() != folder.read_as
    loaded = folder.load(99)
    assert loaded is not None
    assert loaded.require().process.logs.level == "debug"
    assert [one.name for one in loaded.require().tenants] == ["acme"]
    assert folder.fingerprint() == folder.read_as


def test_a_file_that_settings_name_is_watched_from_the_change_on_that_names_it(tmp_path: Path) -> None:
    folder, _ = opened(tmp_path)
    faq = tmp_path / "files" / "faq.yaml"
    faq.write_text("- {questions: [Where?], answer: Here.}\n")
    robot = {"kind": "faq", "name": "helper", "file": "files/faq.yaml"}
    candidate = folder.candidate(proposal(folder, robots=[robot]))
    assert [(one.tenant, one.version) for one in candidate.documents] == [("acme", 8)]
    folder.took(candidate)
    assert (folder.document("acme").version, folder.fingerprint()) == (8, folder.read_as)
    faq.write_text("- {questions: [Where is it?], answer: Here.}\n")
    assert folder.fingerprint() != folder.read_as


def test_a_proposal_that_says_the_same_is_no_new_version(tmp_path: Path) -> None:
    folder, generation = opened(tmp_path)
    again = content_of(generation.require("acme"), folder.desk.vault)
    again["gateways"][0]["password"] = {"sealed": folder.desk.vault.seal("s3cret").name}
    assert folder.candidate(Proposal(contents={"acme": again})).documents == ()


def test_a_proposal_is_judged_with_all_other_tenants(tmp_path: Path) -> None:
    folder, _ = opened(tmp_path)
    twin = {**folder.document("acme").content, "name": "bravo"}
    found = folder.candidate(Proposal(contents={"bravo": twin}))
    assert found.loaded.generation is None
    assert "collects the same user's mail" in found.loaded.problems[0].rule


def test_a_secret_of_a_key_that_is_gone_is_a_problem_with_its_place(tmp_path: Path) -> None:
    folder, _ = opened(tmp_path)
    gateways = [dict(one) for one in folder.document("acme").content["gateways"]]
    gateways[0]["password"] = {"sealed": "gAAAAABnothing"}
    found = folder.candidate(proposal(folder, gateways=gateways))
    assert [problem.key for problem in found.loaded.problems] == ["gateways[0].password"]


def test_who_forgets_to_import_is_told(tmp_path: Path) -> None:
    config = write(write_folder(tmp_path), tenant(), PROCESS)
    said = [warning.rule for warning in load_stored(config, []).warnings]
    assert [("are not read" in rule, "holds no tenant yet" in rule) for rule in said] == [(True, False), (False, True)]
