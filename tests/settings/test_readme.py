"""What the README shows of the configuration is valid as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.settings.making import AGENT, POP3, SMTP, loaded

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
AROUND = f"""\
gateways:
{POP3.replace("name: inbox", "name: in")}{SMTP.replace("name: outbox", "name: out")}\
queues:
  - {{name: help, members: [anna]}}
  - {{name: seniors, members: [anna]}}
agents:
{AGENT}"""
FAQ = """\
- questions: [When are you open?]
  answer: From eight to five.
"""


def test_the_channel_in_the_readme_loads_without_a_problem_or_warning(tmp_path: Path) -> None:
    (block,) = BLOCK.findall(README.read_text("utf-8"))
    (tmp_path / "faq.yaml").write_text(FAQ)
    found = loaded(tmp_path, AROUND + block)
    assert (found.problems, found.warnings) == ((), ())
