"""A name says what the thing is: words that fit anything are not names."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.tree import RUNTIME, TESTS, Module, files, modules, parameters_of, words_of

BANNED = frozenset(
    ["manager", "managers", "helper", "helpers", "util", "utils", "common", "misc", "base", "obj", "ctx", "tmp"]
)
OF_OTHERS = frozenset(
    ["tmp_path", "tmp_path_factory", "hostname_checks_common_name", "sort_base_mapping_type_on_output"]
)
"""Fixtures that pytest itself names, and what ssl and ruamel.yaml call switches of their own."""


def defined_names(module: Module) -> Iterator[tuple[int, str]]:
    """Every name the module brings into the world, with its line; names it only uses are somebody else's."""
    for node in ast.walk(module.tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from ((node.lineno, name) for name in (node.name, *parameters_of(node)))
            case ast.ClassDef():
                yield node.lineno, node.name
            case ast.Name(ctx=ast.Store(), id=name) | ast.Attribute(ctx=ast.Store(), attr=name):
                yield node.lineno, name
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name


@pytest.mark.parametrize("folder", [RUNTIME, TESTS], ids=["runtime", "tests"])
def test_no_identifier_holds_a_word_that_fits_anything(folder: object) -> None:
    banned = [
        f"{module.name}:{line} {name}"
        for module in modules(RUNTIME if folder == RUNTIME else TESTS)
        for line, name in defined_names(module)
        if name not in OF_OTHERS and BANNED.intersection(words_of(name))
    ]
    assert banned == []


def test_no_file_or_folder_is_named_after_a_word_that_fits_anything() -> None:
    ours = [path for path in files() if path.is_relative_to(RUNTIME) or path.is_relative_to(TESTS)]
    parts = {part for path in ours for part in path.relative_to(RUNTIME.parents[1]).with_suffix("").parts}
    assert sorted(part for part in parts if BANNED.intersection(words_of(part))) == []


def test_a_name_is_split_into_its_words() -> None:
    assert words_of("HTTPServer_base64Value") == ["http", "server", "base64", "value"]
    assert words_of("OfferExpired") == ["offer", "expired"]
    assert words_of("the_Manager2of_CTX") == ["the", "manager2", "of", "ctx"]
