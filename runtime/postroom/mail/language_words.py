"""The commonest words of languages, by which a short text tells which it is written in."""

from __future__ import annotations

_WORDS = """
en: the and is are was you your have has not with this that for from my please can what when how would it of to
    i we do but will been hello thanks order still they get could there
de: der die das und ist sind war sie ihr ihre haben habe nicht mit dass für von mein meine bitte kann was wann
    wie ich wir aber wird noch hallo danke ein eine einen auf dem den zu im es auch werden
fr: le la les et est sont vous votre vos avez pas avec que pour mon ma mes je j'ai nous mais une un des du dans
    sur bonjour merci ce cette qui plus n'est c'est été au aux
es: el la los las y es son usted su sus ha no con que para mi mis por favor puede yo nosotros pero una un del en
    hola gracias este esta muy más he está cuando cómo se lo
it: il lo gli è sono che non con per mio mia la le di un una ho ha ma nel del della buongiorno grazie questo
    questa come quando vorrei più si ci mi alla sul ciao
pt: o a os as e é são você seu sua não com que para meu minha por favor pode eu nós mas uma um do da no na olá
    obrigado obrigada este esta muito mais em foi está quando
nl: de het een en is zijn was u uw heb heeft niet met dat voor van mijn kan wat wanneer hoe ik wij maar wordt
    nog hallo bedankt op te in er ook naar graag geen
pl: i jest są nie z że do na w się mój moja proszę czy co kiedy jak ja my ale będzie jeszcze dzień dobry
    dziękuję to od po za mam tego o dla przez już
sv: och är att det som en ett inte med för på av jag vi ni min mitt mina har kan när hur vad men till den hej
    tack från om kommer ska var er
da: og er at det som en et ikke med for på af jeg vi i min mit mine har kan når hvordan hvad men til den hej tak
    fra om kommer skal var jer blevet
no: og er at det som en et ikke med for på av jeg vi dere min mitt mine har kan når hvordan hva men til den hei
    takk fra om kommer skal var blitt
fi: ja on ei se että en hän oli mutta minun teidän olen voi miten milloin kun mitä hei kiitos tämä vielä ole
    olisi myös minä joka saa
tr: ve bir bu için ile de da değil mi ne nasıl zaman benim sizin ben biz var yok lütfen merhaba teşekkürler ama
    çok daha gibi kadar olarak henüz oldu bana
cs: a je jsou není s že do na v se můj moje prosím co kdy jak já my ale bude ještě dobrý den děkuji to od po
    jsem mám pro jste být už
hu: a az és van nem hogy egy ez meg de is mikor mit hogyan kérem köszönöm még már én mi lesz ki szeretném nekem
    csak volt
ro: și si este sunt nu cu că pentru la în din mea meu vă rog când cum ce eu noi dar un o bună mulțumesc am ați
    mai pe fost
id: dan yang di ini itu untuk dengan tidak saya anda kami ada dari ke bisa apa kapan bagaimana mohon terima
    kasih sudah belum akan pesanan tolong
vi: và là của tôi bạn không có cho với này được một các khi như thế nào xin cảm ơn chưa đã sẽ vui lòng đơn hàng
    chúng
ru: и в не на я что с по это как мы вы мой моя мне у за из но все так же когда ли здравствуйте спасибо
    пожалуйста еще ещё был была для заказ от меня
uk: і в не на я що з по це як ми ви мій моя мені у за із але все так коли чи дякую будь ласка ще був була для
    від мене добрий день
"""


def _table(table: str) -> dict[str, frozenset[str]]:
    lines = table.replace("\n    ", " ").strip().split("\n")
    return {language: frozenset(words.split()) for language, _, words in (line.partition(":") for line in lines)}


FREQUENT = _table(_WORDS)
"""By language (BCP 47), words that stand in most of its sentences."""
SIMPLIFIED = "们这国为么时说请谢问单货网发没还应级样过来让买卖电话给对"
TRADITIONAL = "們這國為麼時說請謝問單貨網發沒還應級樣過來讓買賣電話給對"
"""The same letters of Chinese in their two ways of writing."""
