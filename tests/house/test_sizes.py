"""Files and functions stay small enough to be read at one sitting."""

from __future__ import annotations

from statistics import median, quantiles

from tests.house.tree import RUNTIME, TESTS, is_declaration, lines_of, modules, parameters_of

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 50
MOST_PARAMETERS = 6
MOST_PARTS = 9
"""What a constructor may be handed: its ports, one by one, are better than a bag of them."""


def test_no_file_is_longer_than_400_lines() -> None:
    every = (*modules(RUNTIME), *modules(TESTS))
    lengths = {module.name: len(module.text.splitlines()) for module in every}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    too_long = [
        f"{module.name}:{function.lineno} {function.name} has {lines_of(function)} lines"
        for module in (*modules(RUNTIME), *modules(TESTS))
        for function in module.functions()
        if lines_of(function) > MOST_LINES_OF_A_FUNCTION
    ]
    assert too_long == []


def test_half_of_all_functions_have_ten_lines_or_fewer_and_nine_in_ten_have_thirty() -> None:
    lengths = [
        lines_of(function)
        for module in modules(RUNTIME)
        for function in module.functions()
        if not is_declaration(function)
    ]
    assert median(lengths) <= 10
    assert quantiles(lengths, n=10)[-1] <= 30


def test_no_function_takes_more_than_six_parameters_and_no_constructor_more_than_nine() -> None:
    too_many = [
        f"{module.name}:{function.lineno} {function.name}({', '.join(parameters_of(function))})"
        for module in modules(RUNTIME)
        for function in module.functions()
        if len(parameters_of(function)) > (MOST_PARTS if function.name == "__init__" else MOST_PARAMETERS)
    ]
    assert too_many == []
