"""Settings go into the store and out of it by the command line, while no service runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from postroom.cli.verbs import postroom
from postroom.settings.load import load
from postroom.store.database import FILE
from tests.api.settings_door import KEY
from tests.settings.making import tenant, write

ROW = 'sales,inbox,outbox,first_line,"[""sales@example.org""]"\n'
PROCESS = "settings: {source: store, keys: [file:key]}\n"


def store_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "postroom.yaml").write_text(PROCESS)
    (folder / "key").write_text(KEY)
    (folder / "key").chmod(0o600)
    return folder


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(postroom, [str(word) for word in words])
    return result.exit_code, result.output


def test_a_folder_is_imported_checked_and_exported_as_files_that_check_accepts(tmp_path: Path) -> None:
    config, files, out = store_folder(tmp_path / "config"), write(tmp_path / "files", tenant()), tmp_path / "out"
    code, said = run("import", files, "--config", config)
    assert (code, said.splitlines()[0]) == (0, "acme: version 1, 5 changes")
    assert "  added /channels/support" in said.splitlines()
    assert run("import", files, "--config", config) == (0, "Nothing differs from what is there.\n")
    assert run("check", "--config", config)[0] == 0
    code, said = run("export", out, "--config", config)
    assert code == 0
    assert f"To be filled in, one line: {out}/secrets/acme-gateways-inbox-password" in said.splitlines()
    assert load(out).problems == ()
    assert run("export", out, "--config", config)[0] == 1
    everything = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and file.parent != files)
    assert b"s3cret" not in everything


def test_a_dry_run_and_a_faulty_folder_keep_nothing(tmp_path: Path) -> None:
    config, files = store_folder(tmp_path / "config"), write(tmp_path / "files", tenant())
    code, said = run("import", files, "--config", config, "--dry-run")
    assert (code, said.splitlines()[-1]) == (0, "Nothing was changed: this was a dry run.")
    (files / "tenants" / "acme.yaml").write_text(tenant(channel="    max_cc: 200\n    colour: red\n"))
    code, said = run("import", files, "--config", config)
    assert (code, said.count("acme.yaml:")) == (1, 2)
    assert (config / "var" / FILE).exists()
    assert "there is no" not in run("export", tmp_path / "out", "--config", config)[1]
    assert not (tmp_path / "out" / "tenants").exists()


@pytest.mark.parametrize(
    ("keys", "words"),
    [("", "settings.keys: is missing"), (", keys: [file:short]", "holds no key"), (", keys: [file:gone]", "cannot be")],
)
def test_a_store_without_a_right_key_is_refused(tmp_path: Path, keys: str, words: str) -> None:
    config = store_folder(tmp_path / "config")
    (config / "short").write_text("c2hvcnQ=")
    (config / "short").chmod(0o600)
    (config / "postroom.yaml").write_text(f"settings: {{source: store{keys}}}\n")
    code, said = run("check", "--config", config)
    assert code == 78
    assert words in said


def test_files_are_not_imported_where_they_are_the_source(tmp_path: Path) -> None:
    files = write(tmp_path / "files", tenant())
    code, said = run("import", files, "--config", files)
    assert (code, "settings.source: files" in said) == (1, True)


def test_a_secret_opens_with_an_older_key_and_not_without_it(tmp_path: Path) -> None:
    config, files = store_folder(tmp_path / "config"), write(tmp_path / "files", tenant())
    assert run("import", files, "--config", config)[0] == 0
    (config / "new").write_text("bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmU=")
    (config / "new").chmod(0o600)
    (config / "postroom.yaml").write_text("settings: {source: store, keys: [file:new, file:key]}\n")
    assert run("check", "--config", config)[0] == 0
    (config / "postroom.yaml").write_text("settings: {source: store, keys: [file:new]}\n")
    code, said = run("check", "--config", config)
    assert (code, said.count("opened by none of `settings.keys`")) == (78, 2)
    (config / "postroom.yaml").write_text("settings: {source: store, keys: [file:new, file:key]}\n")
    assert run("import", files, "--config", config)[0] == 0
    (config / "postroom.yaml").write_text("settings: {source: store, keys: [file:new]}\n")
    assert run("check", "--config", config)[0] == 0


def test_channels_are_listed_shown_exported_and_imported(tmp_path: Path) -> None:
    config, files = store_folder(tmp_path / "config"), write(tmp_path / "files", tenant())
    assert run("import", files, "--config", config)[0] == 0
    assert run("channels", "list", "--config", config)[1] == "acme/support\tinbox\toutbox\tfirst_line\tlive\t\n"
    assert '"max_recipients": null' in run("channels", "show", "support", "--config", config)[1]
    assert run("channels", "show", "nope", "--config", config)[0] == 1
    for form in ("csv", "jsonl"):
        file = tmp_path / f"{form}.zip"
        told = run("channels", "export", file, "--form", form, "--config", config)
        assert told == (0, f"Written: 1 channel in {file}.\n")
        assert run("channels", "export", file, "--config", config)[0] == 1
        told = run("channels", "import", file, "--dry-run", "--config", config)
        assert told == (0, "Nothing differs from what is there.\n")
    rows = tmp_path / "more.csv"
    rows.write_text("name,receiving_gateway,sending_gateway,skill_queue,addresses\n" + ROW)
    assert run("channels", "import", rows, "--config", config)[1].splitlines()[1:] == ["  added /channels/sales"]
    rows.write_text("name,receiving_gateway,sending_gateway,skill_queue,max_cc\nsupport,in,outbox,first_line,200\n")
    code, said = run("channels", "import", rows, "--config", config)
    assert (code, said.count("channels[0].")) == (1, 2)
    assert run("queues", "list", "--config", config)[1].startswith("acme/first_line\tanna\tlongest_idle\t60s")
    assert run("agents", "list", "--config", config)[1] == "acme/anna\tAnna\tagent\t-\t-\n"
    assert "abab" not in run("agents", "list", "--json", "--config", config)[1]
