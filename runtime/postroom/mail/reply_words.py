"""The words with which mail programs of the world mark what they quote and sign; all case-folded, no patterns."""

from __future__ import annotations


def _words(table: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in table.replace("\n", "|").split("|") if word.strip())


BEGINNINGS = _words("""
    on|am|el|il|op|den|w dniu|dnia|pe|la data de|în|dne|dňa|ha|il giorno|στις|на|в|ngày|vào|pada|tarihinde|às|à
    בתאריך|في|no dia|pt.,|wt.,|pn.,|śr.,|czw.,|em|en|le|w|пн,|вт,|ср,|чт,|пт,|сб,|вс,|in data|wiadomość
    在|於|于|ในวันที่|เมื่อ|vào lúc|le:
""")
"""The first word of `On DATE, NAME wrote:` in the order of any language."""
BEGINNINGS_JOINED = ("at 20", "ב-", "ב־", "في ", "ในวันที่", "เมื่อ", "在")
"""Beginnings that are known together with what follows."""
VERBS = _words("""
    a ecrit|a scris|a écrit|escreveu|escribio|escribió|ezt írta|geschreven|geschrieben|ha scritto
    heeft het volgende geschreven|kirjoitti|kirjoitti seuraavaa|kirjutas|menulis|napisao|napisał|napisał(a)
    napisała|napsal|napsal(a)|napsala|napísal|napísal(a)|pisze|rakstīja|rašė|schreef|schreef het volgende
    schrieb|schrieb am|scrisse|scritto|skrev|skrev følgende|va escriure|viết|writes|wrote|yazdı|écrit|írta
    đã viết|şunları yazdı|şunu yazdı|έγραψε|написа|написав|написал|написал(а)|написала|пише|пишет|כתב|כתב/ה|כתבה
    מאת|كتب|نوشت|เขียน|เขียนว่า|さんは書きました|のメッセージ|写到|写道|寫道|書いた|書きました|님이 씀
    님이 작성|작성|のメール|쓴 글|wiadomość napisana przez|تمت كتابة ما يلي بواسطة
""")
FROM = _words("""
    from|von|de|da|van|från|fra|frá|lähettäjä|od|от|від|kimden|gönderen|από|feladó|expéditeur|remitente|mittente
    afzender|מאת|من|发件人|寄件者|寄件人|差出人|送信元|보낸 사람|보낸사람|từ|dari|จาก|de la|expeditor
""")
"""Names of the field of a quoted header that says who wrote it."""
TO = _words("""
    to|an|à|a|aan|till|til|vastaanottaja|do|кому|kime|alıcı|προς|címzett|para|pour|per|destinataire|destinatario
    אל|إلى|收件人|收件者|宛先|받는 사람|받는사람|đến|tới|kepada|ke|către|komu|ถึง
    cc|kopie|copie|kopia|копия|копія|抄送|副本|참조|reply-to|antwort an|répondre à|copie à|copy|bcc|ccn|cci|สำเนา
""")
DATE = _words("""
    date|datum|fecha|data|dato|päivämäärä|дата|tarih|ημερομηνία|dátum|תאריך|تاريخ|日期|日時|날짜|ngày|tanggal|วันที่
    message du|le
""")
SENT = _words("""
    sent|gesendet|envoyé|envoyé le|enviado|enviado el|enviado em|enviada em|enviada|inviato|verzonden|skickat|sendt
    lähetetty|wysłano|wysłane|odesláno|odoslané|отправлено|надіслано|gönderilme|gönderildi|gönderme tarihi
    στάλθηκε|elküldve|küldve|trimis|נשלח|أرسل|تاريخ الإرسال|تم الإرسال|发送时间|发送日期|寄件日期|已傳送|傳送時間
    送信日時|보낸 날짜|보낸 시간|보낸시간|đã gửi|ngày gửi|dikirim|ส่ง|ส่งเมื่อ|วันที่ส่ง
""")
SUBJECT = _words("""
    subject|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|тема|konu|θέμα|tárgy
    subiect|נושא|الموضوع|主题|主題|主旨|件名|제목|chủ đề|subjek|perihal|เรื่อง|ชื่อเรื่อง|sujet
""")
ORIGINAL = _words("""
    original|forwarded|ursprüngliche|weitergeleitete|message d'origine|message d’origine|message original
    message transféré|mensaje original|mensaje reenviado|mensagem original|mensagem encaminhada
    messaggio original|messaggio inoltrato|oorspronkelijk|doorgestuurd|ursprungligt|vidarebefordrat|oprindelig
    opprinnelig|videresendt|alkuperäinen|välitetty|oryginalna|wiadomość oryginalna|wiadomość przekazana|původní
    přeposlaná|pôvodná|исходное|пересылаемое|пересланное|оригинальное|переслане|eredeti|továbbított|mesaj original
    mesajul original|orijinal|özgün|iletilen|αρχικό|προωθημένο|הודעה מקורית|הודעה שהועברה|الرسالة الأصلية
    رسالة أصلية|رسالة محولة|原始邮件|原始郵件|原始信息|原始訊息|轉寄|转发|元のメッセージ|転送|원본|전달|thư gốc
    tin nhắn gốc|thư đã chuyển tiếp|pesan asli|pesan terusan|ข้อความต้นฉบับ|ข้อความที่ส่งต่อ
    reply message|replied message|回复的原邮件|in reply to|antwort auf
""")
"""What stands between the hyphens of `-----Original Message-----`, or begins it."""
BEGIN_FORWARDED = _words("""
    begin forwarded message|anfang der weitergeleiteten|début du message réexpédié|début du message transféré
    inicio del mensaje reenviado|início da mensagem encaminhada|início da mensagem reencaminhada
    inizio messaggio inoltrato|begin doorgestuurd bericht|vidarebefordrat brev|videresendt besked|videresendt melding
    start på videresendt|begynnelse på videresendt|välitetty viesti alkaa|rozpoczęcie wiadomości
    początek przekazywanej|начало переадресованного|початок пересланого|i̇leti başlangıcı|iletilen ileti
    začátek přeposílané|továbbított levél kezdete|下面是被转发的邮件|開始轉寄郵件|転送されたメッセージ|전달된 메시지
    بداية الرسالة المعاد توجيهها|תחילת ההודעה שהועברה|bắt đầu thư được chuyển tiếp|mulai pesan terusan
    original message processed by
""")
SENT_FROM = _words("""
    sent from|sent via|sent using|sent with|yahoo mail:|gesendet von|gesendet mit|gesendet aus|envoyé de|envoyé depuis
    envoyé à partir d|envoyé via|provenance : courrier|enviado desde|enviado de|enviado do|enviado a partir|enviada do
    inviato da|verzonden van|verzonden via|verzonden met|verstuurd van|skickat från|sendt fra|lähetetty|wysłane z
    wysłano z|odesláno z|odoslané z|отправлено|відправлено з|надіслано з|στάλθηκε από|trimis de|trimis din|发自|發自
    傳送自|ส่งจาก|تم الإرسال من|أرسلت من|أُرسلت من|נשלח מ|đã gửi từ|dikirim dari|elküldve|küldve
""")
"""What the line of a device or program under a mail begins with; the name of the device or program follows."""
SENT_AROUND = tuple(
    (begin, end)
    for begin, _, end in (
        pair.partition("…")
        for pair in _words("""
    von mein…gesendet|von yahoo…gesendet|von outlook…gesendet|diese nachricht wurde…gesendet|从…发送|從…傳送
    iphone…から送信|ipad…から送信|android…から送信|私の…から送信|나의…에서 보냄|내…에서 보냄|iphone…에서 보냄
    iphone…gönderildi|ipad…gönderildi|ios…gönderildi|android…gönderildi|az i…küldve
""")
    )
)
"""The same where the name stands in the middle."""
PROGRAMS = _words("""
    iphon|ipad|ios|android|galaxy|samsung|huawei|xiaomi|blackberry|nokia|motorola|smartphone|手机|手機|outlook|windows
    typeapp|bluemail|gmail|yahoo|gmx|web.de|mail app|mail.ru|яндекс|yandex|aol|proton|zoho|foxmail|thunderbird|airmail
    k-9|fairemail|tutanota|hotmail|icloud|mail for|<http|](http
""")
"""Names one of which a line of a device carries."""
GET = _words("""
    get|téléchargez|télécharger|obtenez|obtenir|holen sie sich|obtener|obter|descargar|baixar|scarica|ottieni|download
    hämta|hent|skaff|få|last ned|hanki|pobierz|uzyskaj|získat|stáhnout|скачайте|получить|скачать|отримати|获取|下载
    取得|下載|ดาวน์โหลด|รับ|الحصول على|تنزيل|קבל את|הורד את|tải|lấy|dapatkan|unduh
""")
"""What `Get Outlook for iOS` begins with."""
GET_ENDS = _words("を入手|받기|다운로드|edinin|letöltése|beszerzése|beziehen|downloaden|ophalen|iosille|androidille")
OWN = _words("mobile|phone|device|tablet|handheld|cell")
"""What may follow `Sent from my` besides names."""
PERSONS = frozenset(
    _words("""
    i|we|you|me|us|my|your|ich|wir|sie|mir|uns|ihr|ihre|mein|je|nous|vous|me|m'a|m’a|yo|nosotros|usted|ustedes
    io|noi|voi|mi|eu|nós|você|ik|wij|jullie|u|ja|my|wy|pan|pani|я|мы|вы|мне|нам|ben|biz|siz|jag|vi|ni|jeg|du|minä|te
    我|我们|你|您|私|저|나
""")
)
"""Of whom people write in sentences that look like an attribution."""
