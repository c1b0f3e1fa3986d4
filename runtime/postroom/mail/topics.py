"""What a subject is about, without the marks that replies, forwards and we ourselves put before it."""

from __future__ import annotations

_MARKS = frozenset(
    mark.strip()
    for mark in """
    re|r|aw|antw|antwort|sv|vs|ref|réf|rép|rif|risp|res|resp|odp|yn|ynt|cev|bls|hal|atb|απ|σχετ|תגובה|השב|رد
    fw|fwd|wg|tr|trans|rv|enc|i|fs|vl|vb|vid|doorst|pd|pdo|i̇lt|ilt|továbbítás|vá|vál|ot|отв|пересл|переслано
    прд|trl|tl|πρθ|הועבר|إعادة|bal|rd|回复|回覆|答复|答覆|回信|转发|轉寄|轉發|转寄|返信|転送|답장|회신|전달|ตอบ|ตอบกลับ|ส่งต่อ
    trả lời|chuyển tiếp|balas|terusan
    """.replace("\n", "|").split("|")
)
"""What stands before the colon, case-folded."""
_LONGEST_MARK = 20
_LONGEST = 1_000
_MOST = 50
_COUNTERS = "0123456789[]()*^ "


def topic(subject: str) -> str:
    """The subject on one line without `Re:`, `Fwd:` and their like in any language, and without our tag `[#…]`."""
    rest = " ".join(subject[:_LONGEST].split())
    for _ in range(_MOST):
        shorter = _without_mark(_without_tag(rest))
        if shorter == rest:
            break
        rest = shorter
    return rest


def _without_mark(subject: str) -> str:
    head = subject[:_LONGEST_MARK].replace("：", ":")
    mark, colon, _ = head.partition(":")
    if not mark or not colon or mark.casefold().rstrip(_COUNTERS) not in _MARKS:
        return subject
    return subject[len(mark) + 1 :].lstrip()


def _without_tag(subject: str) -> str:
    """A tag of ours stands first or last; one in between may be what the subject is about."""
    if subject.startswith("[#"):
        tag, bracket, rest = subject[2:].partition("]")
        return rest.lstrip() if bracket and _is_tag(tag) else subject
    if subject.endswith("]"):
        rest, bracket, tag = subject[:-1].rpartition("[#")
        return rest.rstrip() if bracket and _is_tag(tag) else subject
    return subject


def _is_tag(text: str) -> bool:
    return 6 <= len(text) <= 12 and text.isascii() and text.isalnum()  # noqa: PLR2004 as threads.py reads them
