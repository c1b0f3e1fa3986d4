"""What the gateway's own checks say of the sender (RFC 8601); what others wrote into the mail counts for nothing."""

from __future__ import annotations

from enum import Enum

from postroom.mail.comments import at_semicolons, without_comments
from postroom.mail.mail_class import Case, Caveat, Finding, finding
from postroom.mail.message import Message

_FIELD = "Authentication-Results"
_LONGEST = 16 * 1024


class Verification(Enum):
    """What is known of the author's domain."""

    PASSED = "pass"
    FAILED = "fail"
    UNKNOWN = "none"


def verification(message: Message, authserv_id: str) -> Verification:
    """The DMARC result of the topmost Authentication-Results, where the named server wrote it (RFC 8601 §5)."""
    value = message.header(_FIELD)
    if not authserv_id or value is None:
        return Verification.UNKNOWN
    server, *results = at_semicolons(without_comments(value[:_LONGEST]))
    # RFC 8601 §2.2: a version may follow the authserv-id.
    if server.split()[:1] != [authserv_id] and server.lower().split()[:1] != [authserv_id.lower()]:
        return Verification.UNKNOWN
    found = {_result(result) for result in results}
    if "fail" in found or "permerror" in found:
        return Verification.FAILED
    return Verification.PASSED if "pass" in found else Verification.UNKNOWN


def unverified(case: Case) -> tuple[Finding, ...]:
    """The gateway's own DMARC check failed."""
    if verification(case.message, case.identity.authserv_id) is Verification.FAILED:
        return finding(Caveat.UNVERIFIED, "dmarc", _FIELD, case.message.header(_FIELD) or "")
    return ()


def _result(text: str) -> str:
    method, equals, rest = text.partition("=")
    return rest.split()[0].lower() if equals and method.strip().lower() == "dmarc" and rest.split() else ""
