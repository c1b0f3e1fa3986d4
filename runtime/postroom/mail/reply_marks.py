"""How mail programs of the world mark where a reply ends and what it answers begins: words and patterns, no decisions.

Every pattern is looked for in lines of bounded length and is free of nested repetition, so a line costs linear time.
"""

from __future__ import annotations

import re

LONGEST_LINE = 500
"""A mark is looked for only in lines up to this long."""


def _words(table: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in table.replace("\n", "|").split("|") if word.strip())


# "On DATE, NAME wrote:" in the order of any language.
_BEGINNINGS = _words("""
    on|am|el|il|op|den|w dniu|dnia|pe|la data de|în|dne|dňa|ha|il giorno|στις|на|в|ngày|vào|pada|tarihinde
    בתאריך|في|no dia|pt.,|wt.,|pn.,|śr.,|czw.,|em|le|w|пн,|вт,|ср,|чт,|пт,|сб,|вс,
""")
_VERBS = _words("""
    a ecrit|a scris|a écrit|escreveu|escribio|escribió|ezt írta|geschreven|geschrieben|ha scritto
    heeft het volgende geschreven|kirjoitti|kirjoitti seuraavaa|kirjutas|menulis|napisao|napisał|napisał(a)
    napisała|napsal|napsal(a)|napsala|napísal|napísal(a)|pisze|rakstīja|rašė|schreef|schreef het volgende
    schrieb|schrieb am|scrisse|scritto|skrev|skrev følgende|va escriure|viết|writes|wrote|yazdı|écrit|írta
    đã viết|şunları yazdı|şunu yazdı|έγραψε|написа|написав|написал|написал(а)|написала|пише|пишет|כתב|כתב/ה|כתבה
    מאת|كتب|نوشت|เขียน|เขียนว่า|さんは書きました|のメッセージ|写到|写道|寫道|書いた|書きました|님이 씀
    님이 작성|작성
""")
# "From: … Sent: … To: … Subject: …" as a mail program puts it before what it quotes.
_FROM = frozenset(
    _words("""
    from|von|de|da|van|från|fra|frá|lähettäjä|od|от|від|kimden|gönderen|από|feladó|expéditeur|remitente|mittente
    afzender|מאת|من|发件人|寄件者|寄件人|差出人|送信元|보낸 사람|보낸사람|từ|dari|จาก|de la|expeditor
""")
)
_OTHERS = frozenset(
    _words("""
    to|an|à|a|aan|till|til|vastaanottaja|do|кому|kime|alıcı|προς|címzett|para|pour|per|destinataire|destinatario
    אל|إلى|收件人|收件者|宛先|받는 사람|받는사람|đến|kepada|către|komu|sent|date|gesendet|datum|envoyé
    envoyé le|enviado
    enviado el|enviado em|enviada em|enviada|fecha|data|inviato|verzonden|skickat|sendt|dato|lähetetty
    päivämäärä|wysłano|wysłane|odesláno|odoslané|дата|отправлено|надіслано|gönderilme|gönderildi|tarih
    ημερομηνία|στάλθηκε|elküldve|dátum|trimis|נשלח|תאריך|تاريخ|أرسل|发送时间|发送日期|日期|寄件日期
    已傳送|傳送時間|送信日時|日時|보낸 날짜|날짜
    đã gửi|ngày|dikirim|tanggal|subject|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|aihe|temat
    předmět|predmet|тема|konu|θέμα|tárgy|subiect|נושא|الموضوع|主题|主旨|件名|제목|chủ đề|subjek|เรื่อง
    cc|kopie|copie
    kopia|копия|抄送|副本|참조|reply-to|antwort an|répondre à|sujet|copie à|copy|bcc|ccn|cci
""")
)
# "-----Original Message-----": what may stand behind the hyphens.
_ORIGINAL = _words("""
    original|forwarded|ursprüngliche|weitergeleitete|message d'origine|message d’origine|message original
    message transféré|mensaje original|mensaje reenviado|mensagem original|mensagem encaminhada
    messaggio original|messaggio inoltrato|oorspronkelijk|doorgestuurd|ursprungligt|vidarebefordrat|oprindelig
    opprinnelig|videresendt|alkuperäinen|välitetty|oryginalna|wiadomość oryginalna|původní|pôvodná|исходное
    пересылаемое|оригинальное|eredeti|mesaj original|mesajul original|orijinal|özgün|αρχικό|הודעה מקורית
    الرسالة الأصلية|原始邮件|原始郵件|轉寄|转发|元のメッセージ|원본 메시지|원본 메일|thư gốc|pesan asli
    reply message|in reply to
    antwort auf
""")
_BEGIN_FORWARDED = _words("""
    begin forwarded message|anfang der weitergeleiteten|début du message réexpédié|début du message transféré
    inicio del mensaje reenviado|início da mensagem encaminhada|início da mensagem reencaminhada
    inizio messaggio inoltrato|begin doorgestuurd bericht|vidarebefordrat brev|videresendt besked
    rozpoczęcie wiadomości|начало переадресованного|下面是被转发的邮件|転送されたメッセージ|전달된 메시지
""")
# "Sent from my phone": what such a line begins with, and in some languages ends with.
_DEVICE = _words("""
    sent from|sent via|sent using|sent with|get outlook for|envoyé de|envoyé depuis|envoyé à partir d|envoyé via
    téléchargez outlook|gesendet von|gesendet mit|gesendet aus|von meinem iphone|von meinem ipad
    diese nachricht wurde von meinem|holen sie sich outlook|enviado desde|enviado de|enviado do|enviada do
    obtener outlook|obter o outlook|inviato da|scarica outlook|verzonden vanaf|verzonden via|verzonden met
    verstuurd vanaf|skickat från|sendt fra|lähetetty|wysłane z|wysłano z|odesláno z|odoslané z|отправлено из
    отправлено с|відправлено з|надіслано з|iphone'umdan|στάλθηκε από|trimis de pe|trimis din|发自我的
    從我的|从我的|私の|나의
""")
_DEVICE_ENDS = _words("gesendet|から送信|发送|傳送|傳送自|gönderildi|에서 보냄|küldve|lähetetty")

_ANY_VERB = "|".join(map(re.escape, sorted(_VERBS, key=len, reverse=True)))
_VERB = re.compile(rf"(?<![^\W\d_])(?:{_ANY_VERB})(?![^\W\d_])")
_VERB_AT_END = re.compile(rf"(?:^|[^\w]|(?<=[^a-z])(?=[^a-z]))(?:{_ANY_VERB})\Z")
_LONGEST_VERB = 60
_DAY = re.compile(r"\b(?:19|20)\d{2}\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}[年月日]|\b\d{1,2}\. ?[^\W\d_]{3}")
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
_WEEKDAY = re.compile(r"[^\W\d_]{2,10}[.,] ?(?:den )?\d")
_ADDRESS = re.compile(r"[^\s<>@\"']{1,80}@[^\s<>@\"']{1,80}")
_FIELD = re.compile(r"[ \t\u00a0>*_|]{0,12}([^:：<>@\n]{1,24}?)[ \t\u00a0*_]{0,4}[:：]")
_RULE = re.compile(r"[ \t>*]{0,8}[_\u2500\u2014=-]{4,}[ \t]*$")
_HYPHENS = re.compile(r"[ \t>*]{0,8}[-_=]{2,}[ \t]{0,3}")
_EDGE = " \t>*_\u00a0"
_LONGEST_DEVICE_LINE = 100


def is_quoted(line: str) -> bool:
    """A line with the mark of a quote in front."""
    return line.lstrip(" \t").startswith(">")


def is_attribution(line: str) -> bool:
    """`On DATE, NAME wrote:` in any language, on one line or joined from several."""
    text = line.strip(_EDGE).casefold()
    if len(text) > LONGEST_LINE:
        return False
    day, time, address = _DAY.search(text), _TIME.search(text), _ADDRESS.search(text)
    if not text.endswith((":", "：")):
        # Some programs forget the colon: then everything else must be there.
        return bool(day and time and address and _ends_with_verb(text) and begins_attribution(line))
    if _ends_with_verb(text.rstrip(":： ")):
        return bool(address or ((day or time) and begins_attribution(line)))
    if _VERB.search(text):
        return bool((day and address) or (time and begins_attribution(line)))
    return bool(day and time and address and text.rstrip(":： ").endswith((">", ")", "]")))


def begins_attribution(line: str) -> bool:
    """Whether an attribution, perhaps wrapped over several lines, could begin here."""
    text = line.strip(_EDGE).casefold()
    if len(text) > LONGEST_LINE:
        return False
    first = text.partition(" ")[0]
    return (
        first in _BEGINNINGS or text[:1].isdigit() or _WEEKDAY.match(text) is not None or text.startswith(_MANY_WORDS)
    )


_MANY_WORDS = (*(f"{words} " for words in _BEGINNINGS if " " in words), "בתאריך", "في ")


def is_original_line(line: str) -> bool:
    """`-----Original Message-----`, `Begin forwarded message:` and the like."""
    if len(line) > LONGEST_LINE:
        return False
    text = line.strip(_EDGE).casefold()
    hyphens = _HYPHENS.match(line)
    if hyphens is not None and line[hyphens.end() :].casefold().startswith(_ORIGINAL):
        return True
    return text.startswith(_BEGIN_FORWARDED)


def is_rule(line: str) -> bool:
    """A ruled line, which marks nothing by itself."""
    return len(line) <= LONGEST_LINE and _RULE.match(line) is not None


def field_of(line: str) -> str | None:
    """`from` or `other` where the line begins like a quoted header field, in any language; None otherwise."""
    match = _FIELD.match(line[:LONGEST_LINE])
    if match is None:
        return None
    name = match[1].strip(_EDGE).casefold()
    if name in _FROM:
        return "from"
    return "other" if name in _OTHERS else None


def is_signature_mark(line: str) -> bool:
    """The two hyphens of RFC 3676 §4.3, with or without their space."""
    return line.rstrip(" \r\u00a0") == "--"


def is_device_line(line: str) -> bool:
    """`Sent from my phone` in any language: a short line that a program wrote."""
    written = line.strip(_EDGE)
    text = written.casefold()
    if not text or len(text) > _LONGEST_DEVICE_LINE or text[-1] in ":?!" or ". " in text:
        return False
    # In the middle of a sentence the words mean what they say.
    begins = text.startswith(_DEVICE) and written[0] == written[0].upper()
    return begins or text.endswith(_DEVICE_ENDS)


def _ends_with_verb(text: str) -> bool:
    return _VERB_AT_END.search(text[-_LONGEST_VERB:]) is not None
