"""Cells of CSV that no spreadsheet takes for a formula, and the way back.

A text that a spreadsheet might reckon with gets an apostrophe before it, and so does one that already looks like that:
taking one apostrophe off gives back what was.
"""

from __future__ import annotations

import re

# Beside `=`, `+`, `-`, `@`, TAB and CR (OWASP, CSV injection), their full-width forms and LF.
_RECKONED = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def harmless_cell(text: str) -> str:
    """The text as a cell."""
    return f"'{text}" if _RECKONED.match(text) else text


def text_of(cell: str) -> str:
    """The text that a cell stands for."""
    return cell[1:] if cell.startswith("'") and _RECKONED.match(cell) else cell
