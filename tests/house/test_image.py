"""The image runs as nobody in particular, writes in two places only, and holds what the lock says and no more."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from tests.house.tree import ROOT


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile, its continued lines joined."""

    verb: str
    rest: str


def stages() -> list[list[Instruction]]:
    """The Dockerfile's instructions, one list a stage; what stands before the first FROM is left out."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = [line.strip() for line in re.sub(r"\\\n", " ", text).splitlines() if line.strip()]
    found: list[list[Instruction]] = []
    for line in lines:
        verb, _, rest = line.partition(" ")
        if verb.upper() == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(verb.upper(), rest.strip()))
    return found


def final(verb: str) -> list[str]:
    """What follows each instruction of that kind in the last stage."""
    return [one.rest for one in stages()[-1] if one.verb == verb]


def test_the_image_is_built_in_one_stage_and_run_in_another() -> None:
    first, last = stages()[0], stages()[-1]
    assert len(stages()) >= 2
    assert " AS build" in first[0].rest
    assert [one.rest for one in last if one.verb == "COPY" and "--from=build" not in one.rest] == []


def test_the_process_has_a_number_for_a_user_and_it_is_not_root() -> None:
    [user] = final("USER")
    uid, gid = user.split(":")
    assert int(uid) >= 10_000
    assert int(gid) >= 10_000
    verbs = [one.verb for one in stages()[-1]]
    assert "RUN" not in verbs[verbs.index("USER") :]


def test_every_package_of_the_image_is_checked_against_its_hash() -> None:
    commands = [part for stage in stages() for one in stage if one.verb == "RUN" for part in one.rest.split("&&")]
    installs = [command for command in commands if re.search(r"\bpip\b.*\binstall\b", command)]
    from_outside = [rest for rest in installs if "--no-index" not in rest]
    assert len(from_outside) == 2
    assert ["--require-hashes" in rest for rest in from_outside] == [True, True]
    assert {lock for rest in from_outside for lock in re.findall(r"requirements[\w-]*\.lock", rest)} == {
        "requirements.lock",
        "requirements-build.lock",
    }


def test_the_root_may_be_read_only() -> None:
    settings = dict(pair.split("=", 1) for rest in final("ENV") for pair in rest.split())
    assert settings["PYTHONDONTWRITEBYTECODE"] == "1"
    assert final("VOLUME") == ['["/var/lib/postroom"]']


def test_no_shell_stands_between_the_container_and_the_process() -> None:
    [entry] = final("ENTRYPOINT")
    assert json.loads(entry)[0].endswith("/postroom")
    assert json.loads(final("CMD")[0])[0] == "run"
    [health] = final("HEALTHCHECK")
    probe = json.loads(health[health.index("[") :])
    assert probe[0].endswith("/python")
    assert probe[1] == "-c"
    compile(probe[2], "HEALTHCHECK", "exec")
    assert "/healthz" in probe[2]


def test_the_build_sees_only_what_it_needs() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored[0] == "*"
    assert "!runtime/" in ignored
    assert not [line for line in ignored if line.startswith(("!tests", "!.git", "!var"))]
