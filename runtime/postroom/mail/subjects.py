"""The rule for subjects by which vacation programs and mail systems give themselves away in the languages of the world.

A phrase counts only at the very start and where the subject ends or breaks off after it: people write about automatic
replies too, and a Re: before it says that a person answered one.
"""

from __future__ import annotations

from postroom.mail.mail_class import Case, Finding, MailClass, finding

_RESPONSES = (
    # English
    "automatic reply", "automated reply", "automatic response", "automated response", "auto reply", "auto-reply",
    "autoreply", "auto response", "auto-response", "autoresponse", "auto:", "out of office", "out-of-office",
    "out of the office", "out of office autoreply", "out of office reply", "away from my mail", "away from the office",
    "on vacation", "vacation reply", "vacation response", "vacation message", "i am out of the office",
    "i'm out of the office",
    # German
    "automatische antwort", "automatische rückmeldung", "automatische rueckmeldung", "abwesenheitsnotiz", "abwesenheit",
    "abwesenheitsmeldung", "abwesenheitsassistent", "außer haus", "nicht im büro", "autoantwort", "urlaubsmeldung",
    # French
    "réponse automatique", "reponse automatique", "absence du bureau", "message d'absence", "absent du bureau",
    # Spanish, Catalan
    "respuesta automática", "respuesta automatica", "fuera de la oficina", "ausente de la oficina",
    "resposta automàtica",
    # Portuguese
    "resposta automática", "resposta automatica", "fora do escritório", "ausência temporária",
    # Italian
    "risposta automatica", "fuori ufficio", "assente dall'ufficio",
    # Dutch
    "automatisch antwoord", "automatische reactie", "afwezigheidsbericht", "niet op kantoor", "afwezig",
    # Swedish, Danish, Norwegian, Finnish
    "autosvar", "automatiskt svar", "automatisk svar", "automatisk besvarelse", "frånvaro", "fravær",
    "ikke på kontoret", "automaattinen vastaus", "poissaoloilmoitus",
    # Polish, Czech, Slovak
    "automatyczna odpowiedź", "odpowiedź automatyczna", "poza biurem", "automatická odpověď", "automatická odpoveď",
    "mimo kancelář",
    # Hungarian, Romanian, Turkish, Greek
    "automatikus válasz", "házon kívül", "răspuns automat", "raspuns automat", "otomatik yanıt", "otomatik cevap",
    "ofis dışında", "αυτόματη απάντηση", "εκτός γραφείου",
    # Russian, Ukrainian, Bulgarian
    "автоответ", "автоматический ответ", "автоматическое уведомление", "вне офиса", "автоматична відповідь",
    "автоматичен отговор",
    # Arabic, Hebrew, Persian
    "رد تلقائي", "الرد التلقائي", "تשובה אוטומטית", "מענה אוטומטי", "תגובה אוטומטית", "پاسخ خودکار",
    # Chinese, Japanese, Korean, Vietnamese, Thai, Indonesian
    "自动回复", "自動回覆", "自動回復", "自动答复", "自動応答", "自動返信", "不在通知", "不在のお知らせ",
    "자동 회신", "자동회신", "자동 응답", "부재중", "trả lời tự động", "ตอบกลับอัตโนมัติ", "balasan otomatis",
)  # fmt: skip
_FAILURES = (
    "undelivered mail returned to sender", "returned mail", "mail delivery failed", "mail delivery failure",
    "mail delivery system", "delivery status notification", "delivery failure", "delivery notification",
    "delivery has failed", "delivery report", "failure notice", "undeliverable", "undeliverable mail",
    "undelivered mail", "undeliverable message", "message undeliverable", "mail system error",
    "mail could not be delivered",
    "message could not be delivered", "non delivery notification", "non-delivery notification", "non delivery report",
    "warning: could not send message", "warning: message delayed", "delayed mail", "permanent delivery failure",
    "could not send message", "failed mail", "mail failure", "user unknown", "nondeliverable mail", "error mail",
    "unzustellbar", "nicht zustellbar", "unzustellbare nachricht", "fehlgeschlagene zustellung", "non remis",
    "échec de la remise", "non recapitabile", "no se puede entregar", "não é possível entregar", "onbestelbaar",
    "недоставленное сообщение", "配信不能", "配信エラー", "无法投递", "系统退信", "退信", "배달되지 않음",
)  # fmt: skip
_COMPLAINTS = ("complaint about message from", "email feedback report", "feedback loop report", "abuse report from")
_RESPONSE_PHRASES = tuple(phrase.casefold() for phrase in _RESPONSES)
_FAILURE_PHRASES = tuple(phrase.casefold() for phrase in _FAILURES)
_FORWARDED = ("fwd:", "fw:", "wg:", "tr:", "rv:", "enc:", "i:", "doorst:", "vs:", "vb:", "转发:", "轉寄:")
_BREAKS = ":-–—([{（【])}）】|!！.。,：;/<>\"'«»「『"
_FOLLOWED = ("from ", "re:", "until ", "bis ", "to ", "von ", "for ")
_LONGEST = 300


def automatic_subject(case: Case) -> tuple[Finding, ...]:
    """Without any other mark of a machine this is a suspicion: served, and never answered by a machine."""
    subject = case.message.subject
    if _begins_with(_plain(subject), _RESPONSE_PHRASES) or failure_subject(subject):
        return finding(MailClass.SUSPECT, "automatic subject", "Subject", subject)
    return ()


def complaint_subject(case: Case) -> tuple[Finding, ...]:
    """What feedback loops older than RFC 5965 write above a returned mail."""
    if _plain(case.message.subject).startswith(_COMPLAINTS):
        return finding(MailClass.ARF, "complaint", "Subject", case.message.subject)
    return ()


def failure_subject(subject: str) -> bool:
    """Whether it speaks of a mail that did not arrive; a forwarded bounce is as little to be answered by a machine."""
    plain = _plain(subject)
    for mark in _FORWARDED:
        plain = plain.removeprefix(mark).lstrip()
    return _begins_with(plain, _FAILURE_PHRASES)


def _plain(subject: str) -> str:
    return " ".join(subject[:_LONGEST].casefold().split()).lstrip("[(*\"'«【<# ")


def _begins_with(subject: str, phrases: tuple[str, ...]) -> bool:
    if not subject.startswith(phrases):
        return False
    return any(subject.startswith(phrase) and _breaks_off(subject, len(phrase)) for phrase in phrases)


def _breaks_off(subject: str, at: int) -> bool:
    rest = subject[at:].lstrip()
    return not rest or rest[0] in _BREAKS or subject[at - 1] in _BREAKS or rest.startswith(_FOLLOWED)
