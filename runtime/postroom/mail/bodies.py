"""What of a mail is text to read, what is its HTML, and what is attached; it sanitises nothing.

The rules follow RFC 8621 §4.1.4: alternatives are chosen from, everything else inline is shown in order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from html import escape

from msgspec import Struct

from postroom.mail import charsets
from postroom.mail.html_text import html_to_text, meta_charset
from postroom.mail.limits import LIMITS, Limits
from postroom.mail.message import Attachment
from postroom.mail.mime import Part, Tree
from postroom.mail.octets import Octets
from postroom.mail.transfer import base64_letters, is_base64, measure_base64

TEXT_CUT = "the text is too long and was cut"
HTML_CUT = "the HTML is too long and was cut"
UNKNOWN_CHARSET = "a text names a charset that is unknown or refused, and was read as UTF-8 or windows-1252"
WRONG_CHARSET = "a text holds octets that its charset does not have"
BROKEN_BASE64 = "a text is no base64 though it says so; what could be read of it was"
TNEF = "a winmail.dat is attached, which is not opened; what its program put there is missing"
_TEXTS = frozenset({"text/plain", "text/html"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_TNEF_NAME = "winmail.dat"
_LONGEST_NAME = 255


class Bodies(Struct, frozen=True, kw_only=True):
    """The readable mail; `body_hash` is over the decoded content alone, so copies with other trace fields are equal."""

    text: str = ""
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    body_hash: str = ""
    defects: tuple[str, ...] = ()


class _Shown(Struct, frozen=True):
    """A part that is read as text; `choice` is the multipart/alternative it is one of, or -1."""

    html: bool
    text: str
    choice: int
    defects: tuple[str, ...]


def read_bodies(raw: bytes, tree: Tree, limits: Limits = LIMITS) -> Bodies:
    """Choose the texts, describe the attachments and hash the content of these parts."""
    shown: list[_Shown] = []
    attachments: list[Attachment] = []
    whole = hashlib.sha256()
    for index in _leaves(tree):
        part = tree.parts[index]
        if _is_shown(index, tree):
            content = part.content(raw)
            shown.append(_shown(raw, part, content, _choice(part, tree)))
            # Systems on the way change line ends and the lines after the last.
            octets = hashlib.sha256(content.replace(b"\r", b"").rstrip()).digest()
        else:
            size, octets = _measure(raw, part)
            attachments.append(_describe(index, size, tree))
        whole.update(part.leaf_type.encode("utf-8") + b"\n" + octets)
    return _bodies(shown, tuple(attachments), whole.hexdigest(), limits)


def attachment_of(raw: Octets, tree: Tree, index: int) -> Attachment | None:
    """The attachment that `read_bodies` described under that index, or None where there is none of it."""
    if index not in _leaves(tree) or _is_shown(index, tree):
        return None
    return _describe(index, sum(map(len, tree.parts[index].pieces(raw))), tree)


def _bodies(shown: list[_Shown], attachments: tuple[Attachment, ...], body_hash: str, limits: Limits) -> Bodies:
    text, html = _joined_text(shown, limits), _joined_html(shown)
    defects = [defect for part in shown for defect in part.defects]
    if any(file.name.casefold() == _TNEF_NAME for file in attachments):
        defects.append(TNEF)
    if len(text) > limits.text:
        defects.append(TEXT_CUT)
    if html is not None and len(html) > limits.html:
        defects.append(HTML_CUT)
        html = html[: limits.html]
    return Bodies(
        text=text[: limits.text], html=html, attachments=attachments, body_hash=body_hash, defects=tuple(defects)
    )


def _leaves(tree: Tree) -> Iterator[int]:
    """The parts that have content of their own; a message inside the mail is one part, whatever is in it."""
    for index, part in enumerate(tree.parts):
        if not part.inside and not (part.is_container and part.has_parts):
            yield index


def _is_shown(index: int, tree: Tree) -> bool:
    """Whether the part is read as part of the mail's text, by RFC 8621 §4.1.4."""
    part = tree.parts[index]
    if part.leaf_type not in _TEXTS or part.disposition == "attachment":
        return False
    first = index in {0, part.parent + 1}
    related = part.parent >= 0 and tree.parts[part.parent].content_type == "multipart/related"
    return first or not (related or part.name)


def _choice(part: Part, tree: Tree) -> int:
    """The outermost multipart/alternative around the part, or -1."""
    found, at = -1, part.parent
    while at >= 0:
        if tree.parts[at].content_type == "multipart/alternative":
            found = at
        at = tree.parts[at].parent
    return found


def _shown(raw: bytes, part: Part, content: bytes, choice: int) -> _Shown:
    is_html = part.leaf_type == "text/html"
    label = part.parameters.get("charset", "")
    if not label and is_html:
        label = meta_charset(content)
    text = charsets.clean(charsets.decode(content, label))
    defects = [BROKEN_BASE64] if part.encoding == "base64" and not is_base64(raw, part.start, part.end) else []
    if not charsets.fits(content, label):
        defects.append(WRONG_CHARSET if charsets.codec_of(label or "us-ascii") else UNKNOWN_CHARSET)
    return _Shown(is_html, text, choice, tuple(defects))


def _joined_text(shown: list[_Shown], limits: Limits) -> str:
    """The plain texts; HTML is rendered where its alternative has no plain text in it."""
    plain = {part.choice for part in shown if not part.html and part.text.strip()}
    texts: list[str] = []
    for part in shown:
        if not part.html:
            texts.append(part.text)
        elif part.choice < 0 or part.choice not in plain:
            texts.append(html_to_text(part.text, limits.html_rendered))
    if len(texts) == 1:
        return texts[0]
    return "\n\n".join(text.strip("\n") for text in texts if text.strip())


def _joined_html(shown: list[_Shown]) -> str | None:
    """The HTML parts, and between them the plain ones that are no alternative of them; None where there is no HTML."""
    if not any(part.html for part in shown):
        return None
    return "\n".join(
        part.text if part.html else f'<div style="white-space: pre-wrap">{escape(part.text)}</div>'
        for part in shown
        if part.html or part.choice < 0
    )


def _measure(raw: bytes, part: Part) -> tuple[int, bytes]:
    """Size of the decoded content, and a hash that is the same however the content was encoded for the way."""
    if part.encoding == "base64":
        return measure_base64(raw, part.start, part.end)
    content = part.content(raw)
    return len(content), hashlib.sha256(base64_letters(content)).digest()


def _describe(index: int, size: int, tree: Tree) -> Attachment:
    part = tree.parts[index]
    name = part.name.replace("\\", "/").rpartition("/")[2].strip()[-_LONGEST_NAME:]
    if part.content_type in _TNEF:
        name = name or _TNEF_NAME
    related = part.parent >= 0 and tree.parts[part.parent].content_type == "multipart/related"
    return Attachment(
        index=index,
        name=name,
        content_type=part.leaf_type,
        size=size,
        content_id=part.content_id,
        inline=part.disposition == "inline" or (related and part.disposition != "attachment"),
    )
