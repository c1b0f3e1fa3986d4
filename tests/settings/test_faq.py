"""Files of questions and answers: what is read, and every problem with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.settings.faq import MOST_ENTRIES, Faq, FaqEntry, load
from postroom.settings.yaml import LARGEST_FILE

YAML = """\
- questions: [How long does delivery take?, When will it arrive?]
  answer: |
    Two days.

    Or three.
  language: en
  tags: [delivery]
- questions: ["运费是多少？"]
  answer: 十元。
"""
CSV = """\
questions,answer,language,tags
How long does delivery take?|When will it arrive?,"Two days.

Or three.
",en,delivery
运费是多少？,十元。,,
"""
ENTRIES = (
    FaqEntry(
        questions=("How long does delivery take?", "When will it arrive?"),
        answer="Two days.\n\nOr three.",
        language="en",
        tags=("delivery",),
    ),
    FaqEntry(questions=("运费是多少？",), answer="十元。"),
)


def read(folder: Path, content: str | bytes, name: str = "faq.yaml") -> Faq:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(file)


def found(faq: Faq) -> dict[int, str]:
    """What is wrong, by line."""
    return {problem.line: f"{problem.key}: {problem.rule}" for problem in faq.problems}


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    from_yaml, from_csv = read(tmp_path, YAML), read(tmp_path, CSV, "faq.csv")
    assert (from_yaml.problems, from_csv.problems) == ((), ())
    assert [entry.answer.strip() for entry in from_yaml.entries] == [entry.answer for entry in ENTRIES]
    assert from_csv.entries == ENTRIES


def test_a_spreadsheets_file_is_read_with_semicolons_a_byte_order_mark_and_its_line_ends(tmp_path: Path) -> None:
    text = CSV.replace(",", ";").replace("\n", "\r\n").replace("|When", "\r\nWhen", 1)
    text = text.replace("How long", '"How long', 1).replace("arrive?", 'arrive?"', 1)
    assert read(tmp_path, b"\xef\xbb\xbf" + text.encode(), "faq.csv") == Faq(entries=ENTRIES)


def test_every_problem_of_a_yaml_file_is_found_with_its_line(tmp_path: Path) -> None:
    text = """\
- questions: []
  answer: x
- answer: x
- questions: [Where?]
  answer: ""
  langauge: en
- questions: [When?]
  answer: y
  language: English
- questions: [where?]
  answer: z
"""
    problems = found(read(tmp_path, text))
    assert sorted(problems) == [1, 3, 5, 6, 9, 10]
    assert "at least 1 entries" in problems[1]
    assert "is missing" in problems[3]
    assert "at least 1 characters" in problems[5]
    assert "did you mean `language`" in problems[6]
    assert "two or three small letters" in problems[9]
    assert "'where?' has another answer in line 4" in problems[10]


def test_every_problem_of_a_csv_file_is_found_with_its_line(tmp_path: Path) -> None:
    text = 'questions,answer,language\n"Where?\nWhere is it?",here,en\n,nowhere,en\nWhen?,now,English\nWho?,me,en,too\n'
    problems = found(read(tmp_path, text, "faq.csv"))
    assert sorted(problems) == [4, 5, 6]
    assert "`questions`" in problems[4] or "questions: is missing" in problems[4]
    assert "two or three small letters" in problems[5]
    assert "the line has 4 cells, and there are 3 columns" in problems[6]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("faq.txt", b"x", "named `.yaml` or `.csv`"),
        ("faq.yaml", b"", "is empty"),
        ("faq.yaml", b"- {", "not YAML"),
        ("faq.yaml", b"answer: x", "must be a list"),
        ("faq.yaml", b"[]", "at least 1 entries"),
        ("faq.yaml", b"\xff", "not UTF-8"),
        ("faq.yaml", b"#" * (LARGEST_FILE + 1), "larger than"),
        ("faq.csv", b"", "first line names the columns"),
        ("faq.csv", b"answer\nx\n", "first line names the columns"),
        ("faq.csv", b"questions,answer,answer\n", "first line names the columns"),
        ("faq.csv", b"questions,answer,price\n", "first line names the columns"),
        ("faq.csv", b"questions,answer\n", "at least 1 entries"),
        ("faq.csv", b'questions,answer\nWhere?,"here\n', "not CSV"),
        ("faq.csv", b'questions,answer\nWhere?,"' + b"x" * 200_000 + b'"\n', "not CSV"),
        ("faq.csv", b"questions,answer\nWhere?,\xff\n", "not UTF-8"),
        ("faq.csv", b"x" * (LARGEST_FILE + 1), "larger than"),
        ("faq.csv", b"questions,answer\n" + b"q%d,a\n" * (MOST_ENTRIES + 1), "at most"),
    ],
)
def test_a_file_that_is_none_is_said_in_words(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    faq = read(tmp_path, content, name)
    assert any(words in problem.rule for problem in faq.problems), faq.problems


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "cannot be read" in load(tmp_path / "faq.yaml").problems[0].rule
    assert "cannot be read" in load(tmp_path).problems[0].rule
