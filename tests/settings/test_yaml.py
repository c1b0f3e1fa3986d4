"""Text in; values with their lines, or what is wrong with the text, out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.settings.yaml import DEEPEST, LARGEST_FILE, Mapping, Scalar, Sequence, read


def value(text: str) -> object:
    root, faults = read(f"key: {text}\n".encode())
    assert not faults
    assert isinstance(root, Mapping)
    node = root.get("key")
    assert isinstance(node, Scalar)
    return node.value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("22:30", "22:30"),
        ("NO", "NO"),
        ("on", "on"),
        ("2026-01-31", "2026-01-31"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("012", 12),
        ("-7", -7),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        ("9" * 5000, "9" * 5000),
        ("true", True),
        ("~", None),
        ("'12'", "12"),
        ('"true"', "true"),
    ],
)
def test_a_value_is_what_yaml_1_2_says(text: str, meant: object) -> None:
    assert value(text) == meant
    assert type(value(text)) is type(meant)


def test_every_key_and_value_knows_its_line() -> None:
    root, faults = read(b"# a comment\na: 1\nb:\n  - x\n  -\n    c: 2\n")
    assert not faults
    assert isinstance(root, Mapping)
    assert [(entry.key, entry.line) for entry in root.entries] == [("a", 2), ("b", 3)]
    items = root.get("b")
    assert isinstance(items, Sequence)
    assert [item.line for item in items.items] == [4, 6]
    assert root.get("z") is None


def test_a_key_written_twice_is_refused_with_both_lines_and_the_rest_is_read() -> None:
    root, faults = read(b"a: 1\nb: 2\na: 3\n")
    assert [(fault.line, fault.key, fault.words) for fault in faults] == [
        (3, "a", "the key is written twice; the first is in line 1")
    ]
    assert isinstance(root, Mapping)
    assert [entry.key for entry in root.entries] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b"a: &x 1\nb: *x\n", 1, "anchors and aliases"),
        (b"a: 1\nb: *x\n", 2, "anchors and aliases"),
        (b"a: 1\nb: !!python/object:os.system x\n", 2, "tags"),
        (b"a: 1\n---\nb: 2\n", 2, "a second document"),
        (b"a: 1\n? [x]\n: 2\n", 2, "a key is a word"),
        (b"a: 1\nb: [1, 2\n", 3, "not YAML"),
        (b"a: 1\n\tb: 2\n", 2, "not YAML"),
        (b"a: 1\nb: \xff\n", 2, "not UTF-8"),
        (b"a: 1\nb: \x07\n", 2, "a character stands here that YAML does not allow"),
        (b"- " * (DEEPEST + 2), 1, "nested deeper"),
        (b"[" * 100_000, 1, "nested deeper"),
        (b"#" * (LARGEST_FILE + 1), 1, "larger than"),
    ],
)
def test_what_could_surprise_is_refused_with_its_line(text: bytes, line: int, words: str) -> None:
    _, faults = read(text)
    assert len(faults) == 1
    assert words in faults[0].words
    assert faults[0].line == line


def test_an_empty_file_holds_nothing() -> None:
    assert read(b"") == (None, ())
    assert read(b"\xef\xbb\xbf# only a comment\n") == (None, ())


@given(st.binary(max_size=300))
def test_no_bytes_raise(content: bytes) -> None:
    root, faults = read(content)
    assert root is None or isinstance(root, Mapping | Sequence | Scalar)
    assert all(fault.line >= 1 for fault in faults)


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!?|>'\"%@`#,\n \t0~<"), max_size=80))
def test_punctuation_in_any_order_is_read_or_refused(text: str) -> None:
    root, faults = read(text.encode())
    assert root is None or isinstance(root, Mapping | Sequence | Scalar)
    assert all(fault.words for fault in faults)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.integers(-(10**17), 10**17), min_size=1))
def test_what_is_written_is_what_is_read(values: dict[str, int]) -> None:
    root, faults = read("".join(f"{key}: {number}\n" for key, number in values.items()).encode())
    assert not faults
    assert isinstance(root, Mapping)
    assert {entry.key: entry.node.value for entry in root.entries if isinstance(entry.node, Scalar)} == values
