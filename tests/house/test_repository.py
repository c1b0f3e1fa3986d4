"""The repository speaks of the product only, holds together by itself, and pins what it takes from others."""

from __future__ import annotations

import os
import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT, texts

LOCKS = ("requirements.lock", "requirements-demo.lock", "requirements-build.lock", "requirements-dev.lock")
PINNED = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s;\\]+)(?P<rest>(?:.|\n[ ])*)", re.MULTILINE)

# Put together from pieces, so that this file does not name what it looks for.
MACHINE = re.compile(
    "|".join(("/work" + r"/(?:main|shared|\.library)", "/root" + "/", "/opt" + "/(?:wheels|pypi)", "bash" + "_jobs"))
)
REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("yarnpkg", "com"),
            ("deb", "debian", "org"),
            ("proxy", "golang", "org"),
            ("crates", "io"),
        )
    )
)
PAGE = re.compile(r"\b[A-Z][A-Z_]+\.md\b")


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Every line of the repository in which the pattern is found, with its place."""
    return [
        f"{name}:{number} {line.strip()[:120]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def project() -> dict[str, Any]:
    """pyproject.toml, read."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(lock: str) -> dict[str, tuple[str, str]]:
    """What a lock pins: each package's version, and all that stands with it (its marker and hashes)."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {found["name"]: (found["version"], found["rest"]) for found in PINNED.finditer(text)}


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    assert lines_with(MACHINE) == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    assert lines_with(REGISTRIES) == []


def test_every_page_that_is_spoken_of_is_in_the_repository() -> None:
    pages = {name.rpartition("/")[2] for name, _ in texts()}
    missing = [place for place in lines_with(PAGE) if not set(PAGE.findall(place)) <= pages]
    assert missing == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_its_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = pins(lock)
    named = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(named) == len(pinned) > 0
    assert [name for name, (_, rest) in pinned.items() if "--hash=sha256:" not in rest] == []
    assert "://" not in text


@pytest.mark.parametrize("lock", LOCKS[:-1])
def test_what_is_shipped_is_what_was_tested(lock: str) -> None:
    tested = {name: version for name, (version, _) in pins("requirements-dev.lock").items()}
    assert [name for name, (version, _) in pins(lock).items() if tested.get(name) != version] == []


def test_every_dependency_is_locked_at_a_version_it_admits() -> None:
    for text, lock in (
        *((text, "requirements.lock") for text in project()["project"]["dependencies"]),
        *((text, "requirements-demo.lock") for text in project()["project"]["optional-dependencies"]["demo"]),
        *((text, "requirements-build.lock") for text in project()["build-system"]["requires"]),
    ):
        wanted = Requirement(text)
        version, _ = pins(lock)[canonicalize_name(wanted.name)]
        assert version in wanted.specifier, f"{lock} has {wanted.name} {version}, pyproject.toml wants {text}"


def test_the_runtime_has_at_most_22_direct_dependencies() -> None:
    assert len(project()["project"]["dependencies"]) <= 22


def licence_of(package: str) -> str:
    """All that an installed package says of its licence in one line; empty where it is not installed here."""
    try:
        said = metadata(package)
    except PackageNotFoundError:
        return ""
    classifiers = [line for line in said.get_all("Classifier", []) if line.startswith("License")]
    # A licence's whole text in the old field may quote other licences: only its first line is the name.
    names = [
        text.strip().partition("\n")[0] for key in ("License-Expression", "License") for text in said.get_all(key, [])
    ]
    return "; ".join([*names, *classifiers])


def test_no_part_of_the_image_is_under_the_gpl() -> None:
    licences = {package: licence_of(package) for package in pins("requirements.lock")}
    assert sum(bool(licence) for licence in licences.values()) > 20
    assert {name: text for name, text in licences.items() if re.search(r"\b[AL]?GPL|GNU", text)} == {}


def test_the_licence_is_apache_2_and_packaged() -> None:
    assert project()["project"]["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_verbs_of_the_makefile_are_there_and_ci_runs_them() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for verb in ("demo", "test", "test-fast", "lint", "format", "lock", "clean"):
        assert re.search(rf"^{verb}:", makefile, re.MULTILINE), verb
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert [line for line in script.read_text(encoding="utf-8").splitlines() if line.startswith("make ")] == [
        "make test",
        "make demo ARGS=--once",
    ]
