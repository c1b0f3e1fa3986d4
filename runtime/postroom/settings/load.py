"""A configuration folder to one generation, or to every problem it has at once.

It is in charge of the files: `postroom.yaml` and `tenants/*.yaml`. It never raises for what stands in them, and never
acts on them; a generation it gives is valid as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from postroom.errors import ConfigurationError
from postroom.settings import validate
from postroom.settings.convert import record
from postroom.settings.problem import Page, Problem
from postroom.settings.process import Process
from postroom.settings.references import files
from postroom.settings.schema import Generation, Tenant
from postroom.settings.yaml import LARGEST_FILE, Entry, Mapping, Node, Scalar, read

PROCESS_FILE = "postroom.yaml"
TENANTS_FOLDER = "tenants"


class Loaded(Struct, frozen=True, kw_only=True):
    """What came of a folder: a generation, or the problems that stand in its way; warnings either way."""

    generation: Generation | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    files: tuple[Path, ...] = ()
    """Every file that it names, whether or not it is there."""

    def require(self) -> Generation:
        """Give the generation. Raises ConfigurationError with every problem, one a line."""
        if self.generation is None:
            raise ConfigurationError("\n".join(str(problem) for problem in self.problems))
        return self.generation


def load(folder: Path, number: int = 1) -> Loaded:
    """Read, convert and check a whole configuration folder; blocking."""
    process = read_process(folder)
    tenants = _read_tenants(folder)
    validate.process(*process)
    for page, tenant in tenants:
        if tenant is not None:
            validate.tenant(page, tenant)
    sound = [(page, tenant) for page, tenant in tenants if tenant is not None]
    validate.together(*process, sound)
    return loaded_from(folder, number, process, tenants)


def load_tenants(folder: Path) -> tuple[tuple[Tenant, ...], tuple[Problem, ...]]:
    """Read and check the tenants of a folder, whatever process they are for, with every problem; blocking."""
    found = _read_tenants(folder)
    for page, tenant in found:
        if tenant is not None:
            validate.tenant(page, tenant)
    problems = tuple(problem for page, _ in found for problem in sorted(page.problems, key=_line))
    return tuple(tenant for _, tenant in found if tenant is not None), problems


def lines_of(file: Path) -> dict[str, int]:
    """The lines of the keys at the top of a file, of which there are none where there is no such file. Blocking."""
    node = _read_file(file, Page(str(file), file.parent))
    return {entry.key: entry.line for entry in node.entries} if isinstance(node, Mapping) else {}


def load_process(folder: Path) -> tuple[Process, tuple[Problem, ...]]:
    """Read and check `postroom.yaml` alone, its secrets unread, with every problem it has; blocking."""
    page, process = read_process(folder)
    validate.process(page, process)
    return process, tuple(sorted(page.problems, key=_line))


def loaded_from(
    folder: Path, number: int, process: tuple[Page, Process], tenants: Sequence[tuple[Page, Tenant | None]]
) -> Loaded:
    """One generation of what was read and checked, or every problem on its pages."""
    pages = (process[0], *(page for page, _ in tenants))
    problems = tuple(problem for page in pages for problem in sorted(page.problems, key=_line))
    warnings = tuple(warning for page in pages for warning in sorted(page.warnings, key=_line))
    values = tuple(tenant for _, tenant in tenants if tenant is not None)
    named = files(folder, values)
    if problems:
        return Loaded(generation=None, problems=problems, warnings=warnings, files=named)
    generation = Generation(number=number, folder=str(folder), process=process[1], tenants=values)
    return Loaded(generation=generation, warnings=warnings, files=named)


def _line(problem: Problem) -> int:
    return problem.line


def read_process(folder: Path) -> tuple[Page, Process]:
    """Read `postroom.yaml` alone, unchecked; blocking."""
    page = Page(str(folder / PROCESS_FILE), folder)
    node = _read_file(folder / PROCESS_FILE, page)
    return page, record(Process, node, "", page) if node is not None else Process()


def _read_tenants(folder: Path) -> list[tuple[Page, Tenant | None]]:
    try:
        there = sorted(file for file in (folder / TENANTS_FOLDER).iterdir() if not file.name.startswith("."))
    except OSError:
        there = []
    found = [_read_tenant(file, folder) for file in there]
    if not found:
        page = Page(str(folder / TENANTS_FOLDER), folder)
        page.problem("", "there is no tenant: each is a file here, like `tenants/example.yaml`")
        found.append((page, None))
    return found


def _read_tenant(file: Path, folder: Path) -> tuple[Page, Tenant | None]:
    page = Page(str(file), folder)
    if file.suffix != ".yaml":
        page.problem("", "is not read: a tenant's file is named `<tenant>.yaml`")
        return page, None
    node = _read_file(file, page)
    if node is None:
        return page, None
    tenant = record(Tenant, _with_name(node, file.stem), "", page)
    if tenant.name != file.stem:
        page.problem("name", f"must be the file's name, {file.stem!r}, or be left out")
    return page, tenant


def _with_name(node: Node, name: str) -> Node:
    if not isinstance(node, Mapping) or node.get("name") is not None:
        return node
    return Mapping((Entry("name", 1, Scalar(name, name, 1)), *node.entries), node.line)


def _read_file(file: Path, page: Page) -> Node | None:
    try:
        if not file.is_file():
            page.problem("", "there is no such file")
            return None
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        page.problem("", f"cannot be read: {getattr(error, 'strerror', None) or 'not a file name'}")
        return None
    root, faults = read(content)
    for fault in faults:
        page.fault(fault.line, fault.key, fault.words)
    if root is None or (isinstance(root, Scalar) and root.value is None):
        return None if faults else Mapping((), 1)
    return _without_sections_left_empty(root)


def _without_sections_left_empty(root: Node) -> Node:
    """A section whose entries are all commented out is as good as not there."""
    if not isinstance(root, Mapping):
        return root
    return Mapping(tuple(entry for entry in root.entries if not _is_empty(entry.node)), root.line)


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None and not node.text
