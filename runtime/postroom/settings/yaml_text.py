"""Values as YAML that yaml.py reads as the same: block style, and texts quoted that might be read as another value."""

from __future__ import annotations

import io
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_@./+-]{0,99}( [A-Za-z0-9_@./+-]{1,99}){0,99}\Z")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_TEXT = "tag:yaml.org,2002:str"
_WIDTH = 1 << 20
"""Nothing is folded: who reads it in an editor may let that do so."""


class _Representer(SafeRepresenter):
    """Quotes more than YAML 1.2 asks for, so that every reader agrees."""


def _text(representer: _Representer, text: str) -> ScalarNode:
    is_plain = _PLAIN.match(text) is not None and text.casefold() not in _WORDS
    found: ScalarNode = representer.represent_scalar(_TEXT, text, style=None if is_plain else '"')
    return found


_Representer.add_representer(str, _text)


def yaml_text(value: Any) -> str:  # noqa: ANN401 as JSON has it
    """Write a value."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = _WIDTH
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # declared by its default
    out = io.StringIO()
    yaml.dump(value, out)
    return out.getvalue()
