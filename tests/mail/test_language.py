from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mail.language import language_of, lookup, pick_language
from postroom.mail.message import Header, Message
from postroom.mail.parse import parse
from tests.mail.corpus import CORPUS, needs_corpus

SENTENCES = [
    ("en", "Hello, my order has not arrived yet. When can I expect it?"),
    ("en", "Can you please send me the invoice?"),
    ("de", "Guten Tag, meine Bestellung ist noch nicht angekommen. Wann kommt sie?"),
    ("de", "Bitte schicken Sie mir die Rechnung."),
    ("fr", "Bonjour, ma commande n'est pas encore arrivée. Pouvez-vous m'aider ?"),
    ("fr", "Merci de m’envoyer la facture pour mon achat."),
    ("es", "Hola, mi pedido no ha llegado todavía. ¿Cuándo llega?"),
    ("es", "Por favor, envíeme la factura de mi compra."),
    ("it", "Buongiorno, il mio ordine non è ancora arrivato. Quando arriva?"),
    ("it", "Vorrei ricevere la fattura per il mio acquisto, grazie."),
    ("pt", "Olá, o meu pedido ainda não chegou. Quando chega?"),
    ("pt", "Por favor, envie a fatura da minha compra."),
    ("nl", "Hallo, mijn bestelling is nog niet aangekomen. Wanneer komt het?"),
    ("nl", "Kunt u mij de factuur van mijn bestelling sturen? Bedankt."),
    ("pl", "Dzień dobry, moje zamówienie jeszcze nie dotarło. Kiedy to będzie?"),
    ("pl", "Proszę o przesłanie faktury do mojego zamówienia."),
    ("sv", "Hej, min beställning har inte kommit. När kommer den?"),
    ("sv", "Kan ni skicka fakturan till mig? Tack."),
    ("da", "Hej, min bestilling er ikke kommet endnu. Hvad skal jeg gøre? Tak."),
    ("tr", "Merhaba, siparişim henüz gelmedi. Ne zaman gelecek, lütfen?"),
    ("ru", "Здравствуйте, мой заказ ещё не пришёл. Когда он придёт?"),
    ("uk", "Добрий день, моє замовлення ще не прийшло. Що мені робити?"),
    ("fi", "Hei, tilaukseni ei ole vielä saapunut. Milloin se saapuu? Kiitos."),
    ("cs", "Dobrý den, moje objednávka ještě nedorazila. Kdy bude?"),
    ("hu", "A rendelésem még nem érkezett meg. Mikor lesz itt? Köszönöm."),
    ("id", "Halo, pesanan saya belum sampai. Kapan akan dikirim?"),
    ("vi", "Xin chào, đơn hàng của tôi chưa đến. Khi nào có hàng?"),
    ("zh-CN", "你好，我的订单还没有到，请问什么时候发货？"),
    ("zh-TW", "你好，我的訂單還沒有到，請問什麼時候發貨？"),
    ("ja", "注文した商品がまだ届きません。いつ届きますか？"),
    ("ja", "請求書を送ってください。"),
    ("ko", "주문한 상품이 아직 도착하지 않았습니다. 언제 오나요?"),
    ("th", "สวัสดีค่ะ สินค้าที่สั่งยังไม่มาถึง จะมาเมื่อไหร่คะ"),
    ("ar", "مرحبا، لم يصل طلبي بعد. متى سيصل؟"),
    ("he", "שלום, ההזמנה שלי עדיין לא הגיעה."),
    ("el", "Γεια σας, η παραγγελία μου δεν έχει φτάσει."),
    ("ko", "iPhone 15 Pro Max 주문 취소 부탁드립니다"),
]


@pytest.mark.parametrize(("language", "text"), SENTENCES)
def test_a_sentence_tells_its_language(language: str, text: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", "12345 !!", "Order 4711", "ok", "Ann Bee", "la la"])
def test_too_little_text_tells_nothing(text: str) -> None:
    assert language_of(text) is None


@pytest.mark.parametrize(
    ("wanted", "offered", "found"),
    [
        ("de", ["en", "de"], "de"),
        ("de-AT", ["en", "de"], "de"),
        ("DE_ch", ["en", "de-DE"], "de-DE"),
        ("pt-BR", ["pt-PT", "pt-BR"], "pt-BR"),
        ("pt", ["pt-BR", "pt-PT"], "pt-BR"),
        ("zh-TW", ["zh-CN", "zh-TW"], "zh-TW"),
        ("zh-HK", ["zh-CN", "zh-TW"], "zh-TW"),
        ("zh-Hant-HK", ["zh", "zh-Hant"], "zh-Hant"),
        ("zh-TW", ["zh", "en"], "zh"),
        ("zh-CN", ["zh-TW", "zh"], "zh"),
        ("zh-SG", ["en", "zh-TW"], "zh-TW"),
        ("nb-NO", ["no"], "no"),
        ("no", ["nb"], "nb"),
        ("fr", ["en", "de"], None),
        ("", ["en"], None),
    ],
)
def test_a_tag_finds_the_nearest_of_those_offered(wanted: str, offered: list[str], found: str | None) -> None:
    assert lookup(wanted, offered) == found


GERMAN = "Bitte schicken Sie mir die Rechnung."


def mail(text: str, *headers: tuple[str, str]) -> Message:
    return Message(size=0, text=text, headers=tuple(Header(name, value) for name, value in headers))


def test_what_a_mail_declares_comes_before_what_it_is_written_in() -> None:
    assert pick_language(mail(GERMAN, ("Content-Language", "fr")), ["en", "de", "fr"], "en") == "fr"
    accepted = mail(GERMAN, ("Accept-Language", "*, ja, fr-CH;q=0.8, en"))
    assert pick_language(accepted, ["en", "de", "fr"], "en") == "fr"
    assert pick_language(mail(GERMAN, ("Content-Language", "ja")), ["en", "de"], "en") == "de"


def test_only_new_text_counts_and_the_fallback_is_for_what_nothing_tells() -> None:
    quoted = "\n\nOn 2.3.2026 10:00, Ann <a@x.example> wrote:\n> Hello, my order has not arrived and I am waiting"
    assert pick_language(mail(GERMAN + quoted), ["en", "de"], "en") == "de"
    assert pick_language(mail("ok" + quoted), ["en", "de"], "fr") == "fr"
    assert pick_language(mail(GERMAN), ["en", "fr"], "fr") == "fr"


REPLIES = {
    "email_danish_1": "da",
    "email_danish_2": "da",
    "email_nl_1_1": "nl",
    "forward": "en",
    "greedy_on": "en",
    "caution": "en",
    "email_1_8": "en",
    "email_one_is_not_on": "en",
}


@needs_corpus
@pytest.mark.parametrize(("name", "language"), list(REPLIES.items()))
def test_real_replies_tell_their_language(name: str, language: str) -> None:
    raw = (CORPUS / "replies-alfonsrv/emails" / f"{name}.txt").read_bytes()
    message = parse(b"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + raw)
    assert pick_language(message, ["xx", language], "xx") == language


@given(st.text(max_size=100), st.lists(st.text(max_size=10), max_size=4))
def test_a_language_is_always_one_of_those_offered_or_the_fallback(text: str, offered: list[str]) -> None:
    assert pick_language(mail(text, ("Content-Language", text)), offered, "en") in {*offered, "en"}
