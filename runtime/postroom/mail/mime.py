"""The parts of a mail (RFC 2046) found in one pass over its octets: no recursion, no copies, every count bounded.

One strict view: where a mail can be read in two ways, the reading is fixed here and the doubt is a named defect.
It decodes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from postroom.mail.headers import Block, split_header
from postroom.mail.limits import LIMITS, Limits
from postroom.mail.octets import Octets
from postroom.mail.parameters import media_type, parse_parameters
from postroom.mail.transfer import IDENTITY, KNOWN, decode_transfer

NO_BOUNDARY = "a multipart names no usable boundary, and was read as text"
NO_PARTS = "a multipart has no parts, and was read as text"
UNCLOSED = "the last boundary is missing: the mail may be cut short"
TOO_DEEP = "the parts are nested too deeply; the inner ones were not read"
TOO_MANY_PARTS = "there are too many parts; the last ones were not read"
TWICE = "a part says twice what it is; the first was taken"
UNKNOWN_ENCODING = "a part has an unknown transfer encoding, and was left as it is"
ENCODED_CONTAINER = "a multipart or message is itself encoded, which RFC 2045 forbids; it was not opened"

_EMBEDDED = frozenset({"message/rfc822", "message/global"})
_SINGULAR = ("content-type", "content-transfer-encoding", "content-disposition")


class Part(Struct, frozen=True, kw_only=True):
    """One part: what it says it is, and where in the raw mail its content lies, still encoded."""

    depth: int
    parent: int
    """Where its container stands in the list of parts; -1 for the mail itself."""
    content_type: str
    parameters: dict[str, str]
    encoding: str
    disposition: str
    name: str
    content_id: str | None
    inside: bool
    """Whether it belongs to a message inside this mail, not to the mail itself."""
    start: int
    end: int
    has_parts: bool = False

    @property
    def is_container(self) -> bool:
        """Whether it says that its content is other parts."""
        return self.content_type.startswith("multipart/")

    @property
    def leaf_type(self) -> str:
        """The content type to read it by: a multipart in which no part was found is text somebody may want to read."""
        return "text/plain" if self.is_container and not self.has_parts else self.content_type

    def pieces(self, raw: Octets) -> Iterator[bytes]:
        """The content with its transfer encoding undone, in pieces."""
        return decode_transfer(raw, self.start, self.end, self.encoding)

    def content(self, raw: Octets) -> bytes:
        """The content with its transfer encoding undone."""
        return b"".join(self.pieces(raw))


class Tree(Struct, frozen=True):
    """Every part in the order of the mail, the mail itself first."""

    parts: tuple[Part, ...]
    defects: tuple[str, ...]


def read_parts(raw: Octets, top: Block, limits: Limits = LIMITS) -> Tree:
    """Find the parts of the mail whose header is `top`."""
    reader = _Reader(raw, limits)
    reader.begin(top, 0, -1)
    reader.scan(top.body_at)
    return reader.tree()


class _Open(Struct, frozen=True):
    """A multipart whose closing boundary has not come yet."""

    boundary: bytes
    part: int


class _Reader:
    """One pass over one mail; lives for one call of `read_parts`."""

    def __init__(self, raw: Octets, limits: Limits) -> None:
        self.raw = raw
        self.limits = limits
        self.longest_line = limits.boundary + 100
        self.found: list[Part] = []
        self.ends: list[int] = []
        self.running: list[int] = []
        """The parts whose end is not known yet, outermost first."""
        self.open: list[_Open] = []
        self.levels: dict[bytes, int] = {}
        """Where each boundary stands in `open`; the innermost of equal ones."""
        self.defects: dict[str, None] = {}

    def begin(self, block: Block, depth: int, parent: int) -> None:
        """Take in a part whose header was read, and the message inside it, and the one inside that."""
        while True:
            part = self._part(block, depth, parent)
            index = len(self.found)
            self.found.append(part)
            self.ends.append(len(self.raw))
            self.running.append(index)
            if not self._opens(part):
                return
            if part.is_container:
                self._open(part, index)
                return
            block, depth, parent = self._header_at(part.start), depth + 1, index

    def _opens(self, part: Part) -> bool:
        if not part.is_container and part.content_type not in _EMBEDDED:
            return False
        # RFC 2045 §6.4: only the identity encodings are allowed here. A multipart is read without its mistaken label.
        if part.encoding not in IDENTITY:
            self.defects[ENCODED_CONTAINER] = None
            if not part.is_container:
                return False
        if part.depth >= self.limits.depth or len(self.found) >= self.limits.parts:
            self.defects[TOO_DEEP if part.depth >= self.limits.depth else TOO_MANY_PARTS] = None
            return False
        return True

    def _open(self, part: Part, index: int) -> None:
        boundary = part.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
        if 0 < len(boundary) <= self.limits.boundary:
            self.levels[boundary] = len(self.open)
            self.open.append(_Open(boundary, index))
        else:
            self.defects[NO_BOUNDARY] = None

    def scan(self, body_at: int) -> None:
        """Look at each line that begins with two hyphens, once."""
        # RFC 2046 §5.1.1: the line end before a boundary belongs to it; the first one's is the header's last.
        at = body_at - 1
        for _ in range(self.limits.boundary_lines):
            at = self._hyphens(at) if self.open else -1
            if at < 0:
                return
            at = self._line(at)
            if len(self.found) >= self.limits.parts:
                break
        self.defects[TOO_MANY_PARTS] = None

    def _hyphens(self, at: int) -> int:
        """The next line that begins with two hyphens; an attachment has none, and one octet is found fastest."""
        hyphen = self.raw.find(b"-", at)
        return self.raw.find(b"\n--", max(hyphen - 1, at)) if hyphen >= 0 else -1

    def _line(self, at: int) -> int:
        """Take one line that may be a boundary; gives where to look on."""
        stop = self._line_end(at + 3)
        level, closing = self._level(at + 3, stop)
        if level < 0:
            return at + 3
        self._close(level, at, closing)
        if closing or stop >= len(self.raw):
            return stop
        container = self.open[level].part
        block = self._header_at(stop + 1)
        self.begin(block, self.found[container].depth + 1, container)
        return block.body_at - 1

    def _line_end(self, at: int) -> int:
        """Where the line ends, or a little way into a line that is too long to be a boundary."""
        stop = self.raw.find(b"\n", at, at + self.longest_line)
        return stop if stop >= 0 else min(len(self.raw), at + self.longest_line)

    def _level(self, start: int, stop: int) -> tuple[int, bool]:
        """Which open multipart the line is a boundary of, and whether it is the closing one; the innermost wins."""
        line = self.raw[start:stop].rstrip(b" \t\r")
        level = self.levels.get(line, -1)
        closed = self.levels.get(line[:-2], -1) if line.endswith(b"--") else -1
        return (closed, True) if closed > level else (level, False)

    def _close(self, level: int, at: int, closing: bool) -> None:
        """End every part inside that multipart; RFC 2046 §5.1.2: an outer boundary ends the inner ones."""
        end = at - 1 if self.raw.startswith(b"\r", at - 1) else at
        container = self.open[level].part
        while self.running[-1] > container:
            index = self.running.pop()
            self.ends[index] = max(end, self.found[index].start)
        if level + 1 < len(self.open):
            self.defects[UNCLOSED] = None
        del self.open[level if closing else level + 1 :]
        self.levels = {multipart.boundary: n for n, multipart in enumerate(self.open)}

    def _header_at(self, start: int) -> Block:
        stop = self._header_limit(start)
        block = split_header(self.raw, start, stop, self.limits.part_header_block, self.limits.part_headers)
        self.defects.update(dict.fromkeys(block.defects))
        return block

    def _header_limit(self, start: int) -> int:
        """A part's header ends at a boundary even where no blank line comes before it."""
        window = min(len(self.raw), start + self.limits.part_header_block)
        at = start - 1
        crlf = self.raw.find(b"\n\r\n", at, window)
        lf = self.raw.find(b"\n\n", at, crlf + 1 if crlf >= 0 else window)
        blank = lf if lf >= 0 else crlf if crlf >= 0 else window
        for _ in range(self.limits.part_headers):
            at = self.raw.find(b"\n--", at, blank)
            if at < 0:
                break
            if self._level(at + 3, self._line_end(at + 3))[0] >= 0:
                return at + 1
            at += 3
        return len(self.raw)

    def _part(self, block: Block, depth: int, parent: int) -> Part:
        fields = {name: block.values(name) for name in (*_SINGULAR, "content-id")}
        if any(len(set(fields[name])) > 1 for name in _SINGULAR):
            self.defects[TWICE] = None
        first = {name: values[0] if values else "" for name, values in fields.items()}
        kind = first["content-type"]
        content_type = media_type(kind) if kind.strip() else self._default_type(parent)
        parameters = parse_parameters(kind)[1] if "=" in kind else {}
        disposition, extra = (
            parse_parameters(first["content-disposition"]) if first["content-disposition"] else ("", {})
        )
        encoding = parse_parameters(first["content-transfer-encoding"])[0].strip("\"'. ")
        if encoding not in KNOWN:
            self.defects[UNKNOWN_ENCODING] = None
        above = self.found[parent] if parent >= 0 else None
        return Part(
            depth=depth,
            parent=parent,
            content_type=content_type,
            parameters=parameters,
            encoding=encoding,
            disposition=disposition,
            name=extra.get("filename") or parameters.get("name", ""),
            content_id=first["content-id"].strip().strip("<>") or None,
            inside=above is not None and (above.inside or above.content_type in _EMBEDDED),
            start=block.body_at,
            end=len(self.raw),
        )

    def _default_type(self, parent: int) -> str:
        # RFC 2046 §5.1.5: in a digest the default is a message.
        return (
            "message/rfc822" if parent >= 0 and self.found[parent].content_type == "multipart/digest" else "text/plain"
        )

    def tree(self) -> Tree:
        """The parts with their ends; what lacks a closing boundary ends with the mail."""
        if self.open:
            self.defects[UNCLOSED] = None
        parents = {part.parent for part in self.found}
        parts = tuple(
            replace(part, end=end, has_parts=index in parents)
            for index, (part, end) in enumerate(zip(self.found, self.ends, strict=True))
        )
        if any(part.is_container and not part.has_parts for part in parts):
            self.defects[NO_PARTS] = None
        return Tree(parts, tuple(self.defects))
