"""What advertising under articles is made of, in Italian and English: words, phrases, hosts.

Written from what such comments have in common. A word alone means nothing (people do talk about casinos and loans), so
``OFFERS`` are counted; a ``PITCH`` is a phrase that honest talk hardly ever holds. All repetitions are bounded, so that
no text takes long.
"""

import re

_I = re.IGNORECASE


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(phrases) + r")", _I)


OFFERS = re.compile(
    r"\b(?:casin[oò]|slot|jackpot|scommesse|betting|poker|viagra|cialis|xanax|tramadol|pharmacy|pills|"
    r"prestit[oi]|finanziament[oi]|loans?|credito|crypto|bitcoin|forex|trading|invest(?:ment|ors?|imenti)|profits?|"
    r"seo|backlinks?|followers?|likes?\s+reali|escort|porno?|webcam|guadagn\w{1,8}|earn(?:ings?)?|income|whatsapp|"
    r"telegram|subscribe|iscrivetevi|promo\w{0,8}|discounts?|scont[oi]|cheap|replica|rolex|dimagri\w{1,8}|slimming|"
    r"garantit[oaie]|guaranteed|anonimato|captcha|download|cartomante|veggente|sensitivo|gratis|bonus|"
    r"tesi\s+di\s+laurea|buoni\s+amazon|gift\s*cards?|giveaway)\b",
    _I,
)

PITCH = _any(
    # pills and weight
    r"(?:with(?:out)?\s+(?:a\s+)?|no\s+|senza\s+)(?:prescription|ricetta)\s+(?:needed|required|overnight|online|medica\s+online)",
    r"(?:buy|order|cheap|compra(?:re)?|acquista(?:re)?)\s+(?:\w{1,15}\s+){0,2}(?:viagra|cialis|xanax|tramadol|"
    r"followers?|backlinks?|essays?|traffic|recensioni|visualizzazioni)",
    r"(?:gocce|pillole|capsule|tisana)\s+(?:miracolos[ae]|dimagranti|brucia\s?grassi)",
    r"(?:ho\s+)?perso\s+\d{1,3}\s?(?:chili|kg)\s+in\s+(?:un|\d{1,2}|poch[ei])\s+(?:mes[ei]|settiman[ae]|giorni)\b.{0,40}"
    r"(?:gocc|pillol|prodott|sito|link|metodo)",
    # money
    r"(?:offr\w{1,6}|ottien\w{1,4}|richied\w{1,4})\s+(?:\w{1,15}\s+){0,3}?(?:prestit[oi]|finanziament[oi])",
    r"prestit[oi]\s+(?:\w{1,15}\s+){0,2}?(?:veloc[ei]|facil[ei]|immediat[oi]|tra\s+privati|senza\s+busta)",
    r"(?:loans?|prestit[oi])\b.{0,80}\b\d{1,2}(?:[.,]\d)?\s?%",
    r"guadagn\w{1,6}\s+(?:minimo|da\s+casa|facil[ei]|extra\s+da|fino\s+a|subito|online)",
    r"(?:earn|make)\s+(?:(?:easy|real|quick|extra)\s+)?(?:money|cash)\s+(?:online|from\s+home|fast|now|from\s+\w{1,10}\s+game)",
    r"get\s+paid\s+(?:for|to)\s+(?:shar|lik|comment|post|click|watch)",
    r"double\s+your\s+(?:money|bitcoins?|income)",
    r"(?:recover(?:ed|y)?|recuperat[oi]|recuperare)\s+(?:of\s+)?(?:my|your|all\s+my|i\s+miei)\s+"
    r"(?:lost\s+|stolen\s+)?(?:funds|bitcoins?|crypto|money|soldi|fondi)",
    r"(?:trading|invest\w{1,8}|crypto|bitcoin|forex)\b.{0,80}\b(?:guaranteed|garantit[oaie]|account\s+manager|"
    r"consulente\s+mi\s+ha|profitti?\s+sicuri)",
    # games of chance
    r"(?:bonus\s+(?:senza|without|no|di\s+benvenuto|sin)\b|no\s+deposit|free\s+spins?|giri\s+gratis)",
    # followers
    r"(?:sub|follow|like|f|s)\s?(?:4|for)\s?(?:sub|follow|like|f|s)\b",
    r"(?:followers?|iscritti|visualizzazioni|like)\s+(?:ver[ie]|real[ie]|autentici|garantiti|organici)",
    # the lonely
    r"(?:hot|sexy|lonely|horny)\s+(?:local\s+)?(?:singles?|girls|women|milfs?)\b",
    r"(?:donne|ragazze)\s+(?:sole|single|mature)\s+(?:nella\s+tua|vicino|della\s+tua|in\s+cerca)",
    r"(?:video|foto)\s+privat[ie]\s+(?:in\s+diretta|gratis)",
    # magic, theses, software
    r"ritorno\s+(?:dell.?\s?amore|d.amore|dell.ex|della\s+persona\s+amata)",
    r"pagamento\s+(?:dopo|a)\s+(?:il\s+)?risultat[oi]",
    r"(?:spell\s+caster|love\s+spells?|magic\s+spells?)\b.{0,60}\b(?:contact|email|helped|brought)",
    r"tesi\s+(?:di\s+laurea\s+)?(?:su\s+misura|pronta|a\s+pagamento)",
    r"(?:write|writing)\s+(?:your|my)\s+(?:essay|paper|thesis)\s+(?:for\s+(?:you|me)|service)",
    r"(?:xevil|xrumer|gsa\s+search|scrapebox|captcha\s+(?:solver|breaker)|solves?\s+captcha)",
    r"(?:seo|web\s?marketing)\s+(?:services?|agency|experts?|packages?|servizi|agenzia|pacchetti)\b.{0,60}"
    r"\b(?:rank|google|contact|contatt|prima\s+pagina|first\s+page)",
    # what such comments open with
    r"(?:i\s+have\s+been\s+|i.ve\s+been\s+)?(?:surfing|browsing)\s+on-?line\s+(?:for\s+)?more\s+than",
    r"feel\s+free\s+to\s+(?:visit|surf|check)\s+(?:to\s+)?my",
    r"click\s+(?:on\s+)?my\s+(?:profile|picture|name|pic)",
    r"clicca(?:te)?\s+sul\s+mio\s+(?:nome|profilo|nick)",
    r"regal(?:o|iamo|ano)\s+(?:buoni|iphone|ricariche|gift)",
)

FOLLOW_ME = _any(
    r"(?:subscribe|sub)\s+(?:to\s+)?(?:me\b|my\b|our\b|us\b|this\s+channel)",
    r"(?:please|plz|pls|and|go)\s+sub(?:scribe)?\b",
    r"(?:like|share|view|watch|comment)s?(?:\s?[,&]\s?|\s+and\s+|\s+n\s+)(?:and\s+)?(?:subscribe|share|like\s+(?:this|my|our|the)\s+\w)",
    r"subscribe\s+(?:and|&|n)\s+(?:like|share|comment)",
    r"(?:get|need|reach)\s+(?:(?:me|us|to)\s+)?\d{2,7}\s+(?:more\s+)?sub(?:s|scribers?)\b",
    r"follow\s+(?:me|us)\s+(?:on|at|@)",
    r"(?:check|visit|watch|view|see|go\s+to|look\s+at|come\s+(?:to|check)|share|like|love)\b[^.!?\n]{0,30}"
    r"\b(?:my|our)\s+(?:\w{1,15}\s+){0,3}?(?:channel|page|profile|instagram|facebook|youtube)",
    r"(?:seguimi|seguitemi|seguiteci|iscriviti|iscrivetevi)\b[^.!?\n]{0,40}"
    r"(?:\bcanale|\bprofilo|\bpagina|\btik\s?tok|\binstagram|\byoutube|\btelegram|@)",
    r"(?:visita(?:te)?|passa(?:te)?|guarda(?:te)?|venite|vieni)\b[^.!?\n]{0,25}\b(?:mio|nostro)\s+(?:canale|profilo)",
)

MY_PAGE = _any(
    r"(?:check|visit|watch|view|see|listen\s+to|look\s+at|come\s+(?:to|check))\b[^.!?\n]{0,30}\b(?:my|our)\s+"
    r"(?:\w{1,15}\s+){0,3}?(?:site|website|blog|vid(?:eo|io)?s?|songs?|music|playlist|remix|covers?|stuff|store|shop)\b",
    r"check\s+(?:me|us|this|it)\s+out\b",
    r"check\s+out\s+this\s+(?:video|playlist|song|site|page)",
    r"(?:visita(?:te)?|passa(?:te)?|guarda(?:te)?|venite|vieni|clicca(?:te)?)\b[^.!?\n]{0,30}\b(?:mio|mia|nostro|nostra|miei)"
    r"\s+(?:sito|blog|pagina|video|negozio|shop|e-?commerce|per\b|link)",
    r"ecco\s+il\s+(?:sito|link)\s*:",
)

FLATTERY = _any(
    r"(?:nice|great|good|amazing|awesome|excellent)\s+(?:blog|site|website|web\s?page|information|info|post)\b",
    r"bel(?:lissimo)?\s+(?:sito|blog)\b",
    r"(?:complimenti|ottimo)\s+(?:per\s+il\s+)?(?:sito|blog)\b",
    r"keep\s+up\s+the\s+good\s+(?:work|writing)",
    r"regular\s+visitor",
    r"(?:interesting|good)\s+article\s+like\s+yours",
)

CONTACT = _any(
    r"(?:whats\s?app|telegram|tel|telefono|cell|phone|call|chiam\w{1,5}|text\s+me|sms)\b\W{0,12}(?:\w{1,10}\W{1,3})?"
    r"\+?\(?\d[\d\s().\-]{2,18}\d",
    r"(?:scriv\w{1,5}|contatt\w{1,6}|messaggi\w{0,4}|dm|write|text|message|contact|pm)\s+(?:\w{1,12}\s+){0,2}?"
    r"(?:in\s+privato|in\s+dm|(?:on|via|su|at)\s+(?:whats\s?app|telegram))",
    r"[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,3}[a-z]{2,12}\b",
    r"(?:t|wa)\.me/\w",
)
INTERNATIONAL_NUMBER = re.compile(
    r"(?<![\w+])(?:\+|00)[1-9]\d{0,2}[\s.\-(]{0,2}\d{2,4}[\s.\-)]{0,2}\d{3,4}[\s.\-]?\d{0,6}"
)

_SHORTENERS = """adf.ly bc.vc bit.do bit.ly bitly.com buff.ly cutt.ly goo.gl is.gd lnkd.in ow.ly ouo.io rb.gy
rebrand.ly s.id shhort.com shorte.st shorturl.at short.link snip.ly soo.gd t.co t.ly tiny.cc tinyurl.com tr.im u.to
v.gd"""
SHORTENERS = frozenset(_SHORTENERS.split())

# Stems long enough to mean the same inside any host name, and short ones that must be a word of it.
_HOST_STEMS = re.compile(
    r"casino|prestit|finanziament|follower|dimagri|viagra|cialis|xanax|pharma|farmaci|scommess|escort|forex|replica|"
    r"porn|webcam|backlink|essay|jackpot|betting|slimming|superoffert|guadagn|earnmoney|easymoney|"
    r"(?:^|[.\-])(?:loans?|slots?|rx|pills?|cam|seo|bet|sex|sexy|tesi|bonus|deals?|offerte)(?:[.\-]|$)"
)


def is_shop(host: str) -> bool:
    """Whether a host's own name advertises."""
    return bool(_HOST_STEMS.search(host))


def is_shortener(host: str) -> bool:
    return host.removeprefix("www.") in SHORTENERS
