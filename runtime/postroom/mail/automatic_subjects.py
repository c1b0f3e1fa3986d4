"""The subjects of automatic replies whose text has none: fixed words, for a subject must never hold a customer's."""

from __future__ import annotations

_USUAL = {
    "cs": ("Obdrželi jsme vaši zprávu", "Čekáme na vaši odpověď"),
    "da": ("Vi har modtaget din besked", "Vi venter på dit svar"),
    "de": ("Wir haben Ihre Nachricht erhalten", "Wir warten auf Ihre Antwort"),
    "en": ("We have received your message", "We are waiting for your answer"),
    "es": ("Hemos recibido su mensaje", "Esperamos su respuesta"),
    "fi": ("Olemme vastaanottaneet viestisi", "Odotamme vastaustasi"),
    "fr": ("Nous avons bien reçu votre message", "Nous attendons votre réponse"),
    "it": ("Abbiamo ricevuto il suo messaggio", "Aspettiamo la sua risposta"),
    "ja": ("メッセージを受け付けました", "ご返信をお待ちしております"),
    "nl": ("Wij hebben uw bericht ontvangen", "Wij wachten op uw antwoord"),
    "pl": ("Otrzymaliśmy Państwa wiadomość", "Czekamy na Państwa odpowiedź"),
    "pt": ("Recebemos a sua mensagem", "Aguardamos a sua resposta"),
    "sv": ("Vi har tagit emot ditt meddelande", "Vi väntar på ditt svar"),
    "zh": ("我们已收到您的邮件", "我们正在等待您的回复"),
}
"""By language: of a reply that confirms a mail, and of a reminder."""


def usual_subject(language: str, *, is_reminder: bool) -> str:
    """The subject in that language, in English where there is none."""
    confirmation, reminder = _USUAL.get(language.partition("-")[0].casefold(), _USUAL["en"])
    return reminder if is_reminder else confirmation
