"""Words that say nothing of what a mail is about: articles, pronouns, greetings, politeness; folded as terms.py does.

A language that is not here works too: its small words then count like any other.
"""

from __future__ import annotations

_ENGLISH = """
a about all also am an and any anyone anybody are as ask asking at be because been best bye but by can cheers
could day dear did do does doing done everyone folks for from get give go goes going good got had happy has have having
hello help here hey hi how i if in into is it its itself just kind kindly know let like look looking m madam may me
might morning afternoon evening much must my need needs now of on once one only or our out over please
possible question questions quick re regards really s shall should sincerely sir so some somebody someone still such
t team tell than thank thanks that the their them then there these they thing things this those to too until up us use
very via want wanted wants was way we well were what when where whether which while who whom whose will wish with
wonder wondering would yes you your yours
"""
_GERMAN = """
ab aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist bitte brauche da dabei damit
danke dann darauf das dass dein deine dem den denn der des dessen dich die dies diese diesem diesen dieser dieses dir
doch dort du durch ein eine einem einen einer eines einmal er es etwas euch euer eure falls frage fragen für gar geehrte
geehrter geehrten damen herren gehen geht gerade gern gerne gibt gruss grüsse grüssen guten abend morgen tag tage haben
habe hast hat hatte hätte hallo herzliche herzlichen hier hilfe ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in
ins irgendwie ist ja jemand jetzt kann kannst könnte könnten können liebe lieben lieber machen mache
macht mal man mehr mein meine meinem meinen meiner mich mir mit möchte möchten möglich müssen muss nach noch
nun nur ob oder per schon sehr sehen seid sein seit sich sie sind so soll sollte sollten sondern team tun über um
und uns unser unsere unter viel vielen vom von vor wann war wäre wären was weil welche welchem welchen welcher
welches wem wen wenn wer werde werden wie wieder will wir wird wissen wo wohin womit wurde würde würden zu zum zur
zwischen freundliche freundlichen mfg vg lg
"""
_CHINESE = """
请问一下 想请问 请问 想问 你好 您好 谢谢 感谢 麻烦 怎么样 怎么办 怎么 怎样 如何 什么时候 什么 可以 能否 是否 我想要
我想 我要 我的 我们 你们 您们 他们 有人 需要 应该 哪里 哪儿 哪些 哪个 多少 一个 一下 一直 这个 那个 现在 如果 但是 因为
所以 以及 还是 已经 告诉 知道 帮忙 帮我 这里 那里 可能 有吗 是吗 好吗 行吗
"""
_CHINESE_PARTICLES = "的了吗呢吧啊呀我你您他她它们是在有和与也都就很请把被要想会能给到"

_TURNING = """
no not never none nothing neither without cannot why nicht nichts nie niemals kein keine keinem keinen keiner keines
ohne warum wieso weshalb
"""
TURNING_SIGNS = ("为什么", "为何", "不", "没", "未")

TURNING = frozenset((*_TURNING.split(), *TURNING_SIGNS))
"""Words that turn a question around (`do not cancel my order`, `why was it cancelled`): they are never left out."""
LATIN = frozenset((_ENGLISH + _GERMAN).split()) - TURNING
"""As people write them, in small letters."""
CHINESE = tuple(sorted((*_CHINESE.split(), *_CHINESE_PARTICLES), key=len, reverse=True))
"""Strings cut out of a run of signs, the longest first."""
