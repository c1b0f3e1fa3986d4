"""A test that needs a real server or a real process says so, so that `make test-fast` needs neither."""

from __future__ import annotations

import ast

from tests.house.tree import TESTS, Module, modules

REAL = {"tests.support.dovecot", "tests.support.smtp_sink", "tests.support.servers"}
"""What brings a real server into a test."""


def imported(module: Module) -> set[str]:
    """The full names of the modules that this one imports from."""
    return {node.module for node in ast.walk(module.tree) if isinstance(node, ast.ImportFrom) and node.module}


def marks(module: Module) -> set[str]:
    """The markers of pytest that the module's text applies."""
    nodes = (node for node in ast.walk(module.tree) if isinstance(node, ast.Attribute))
    return {node.attr for node in nodes if isinstance(node.value, ast.Attribute) and node.value.attr == "mark"}


def test_a_test_with_a_real_server_is_marked_as_such() -> None:
    tests = [module for module in modules(TESTS) if module.path.name.startswith("test_")]
    assert [module.name for module in tests if imported(module) & REAL and "server" not in marks(module)] == []


def test_every_journey_is_marked_as_one() -> None:
    journeys = [module for module in modules(TESTS / "journeys") if module.path.name.startswith("test_")]
    assert [module.name for module in journeys if "journey" not in marks(module)] == []
