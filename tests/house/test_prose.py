"""What a module says of itself, and what it leaves unsaid: loose ends, prints, a rule switched off without a reason."""

from __future__ import annotations

import ast
import re

from tests.house.tree import RUNTIME, TESTS, Module, dotted, modules, origins, texts

# Spelled in two halves so that this file does not find itself.
LOOSE_ENDS = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
SWITCHED_OFF = re.compile(r"#\s*(?:no" + r"qa|type:\s*ignore|pragma:\s*no\s)(?P<rest>.*)$")
CODES = re.compile(r"^(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*|\[[\w-]+(?:\s*,\s*[\w-]+)*\]|cover|branch)")
MAY_SPEAK = ("cli/", "__main__.py", "observability/", "engine/child_reader.py")
"""The command line, the log, and the child process whose standard output is its answer."""
REASON = re.compile(r"[A-Za-z]{3,}|§")


def test_every_module_says_what_it_is_in_charge_of() -> None:
    ours = (*modules(RUNTIME), *modules(TESTS / "support"), *modules(TESTS / "house"))
    silent = [module.name for module in ours if not ast.get_docstring(module.tree)]
    assert [name for name in silent if not name.startswith("tests/") or not name.endswith("__init__.py")] == []


def test_nothing_is_left_to_be_done_later() -> None:
    loose = [
        f"{name}:{number} {line.strip()}"
        for name, text in texts()
        if not name.endswith(".lock")
        for number, line in enumerate(text.splitlines(), 1)
        if LOOSE_ENDS.search(line)
    ]
    assert loose == []


def speaks(module: Module) -> list[str]:
    """Where the module writes to the terminal itself."""
    known = origins(module.tree)
    return [
        f"{module.name}:{node.lineno}"
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Name) and node.id == "print")
        or (isinstance(node, ast.Attribute) and dotted(node, known) in {"sys.stdout", "sys.stderr", "click.echo"})
    ]


def test_only_the_command_line_and_the_log_write_to_the_terminal() -> None:
    silent = [module for module in modules(RUNTIME) if not module.room.startswith(MAY_SPEAK)]
    assert [place for module in silent for place in speaks(module)] == []


def test_a_rule_is_switched_off_by_its_code_and_with_a_reason() -> None:
    bare = []
    for module in (*modules(RUNTIME), *modules(TESTS)):
        for number, line in enumerate(module.text.splitlines(), 1):
            found = SWITCHED_OFF.search(line)
            if found and not (CODES.match(found["rest"]) and REASON.search(CODES.sub("", found["rest"]))):
                bare.append(f"{module.name}:{number} {line.strip()}")
    assert bare == []
