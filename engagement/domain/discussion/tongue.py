"""Which language a text is written in: Italian, English, one of four neighbours that are often seen, or unknown.

Function words of each language and the ends of words. What we score is Italian and English, so these two are told
apart even in one word; a neighbour is named only where its words clearly lead.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

SUPPORTED = ("it", "en")
_MOST = 4_000  # characters that are looked at
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LATIN_END = 0x024F
_FEW_WORDS, _FEW_LETTERS, _FEW_SIGNS, _SOME = 4, 16, 6, 400
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
SCRIPTS = {
    "CYRILLIC": "Cyrl",
    "GREEK": "Grek",
    "ARABIC": "Arab",
    "HEBREW": "Hebr",
    "CJK": "Hani",
    "HIRAGANA": "Jpan",
    "KATAKANA": "Jpan",
    "HANGUL": "Kore",
    "THAI": "Thai",
    "DEVANAGARI": "Deva",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS: Mapping[str, frozenset[str]] = {
    "it": _words(
        """il lo la gli le un uno una di del dello della dei degli delle al allo alla ai agli alle dal dalla dai nel
        nella nei nelle sul sulla sui che chi cui non più è sono sei siamo siete era erano ho hai ha abbiamo avete hanno
        con per tra fra come anche ma se perché quando dove questo questa questi queste quello quella quelli quelle mi
        ti ci vi si ne lui lei noi voi loro io tu mio mia tuo tua suo sua nostro vostro molto tutto tutti tutte sempre
        mai già ancora poi solo così fare fatto essere stato stata c'è dell' dall' nell' sull' all' un' e ed o a da
        in su grazie ciao bello bella bravo brava articolo buongiorno complimenti davvero proprio niente"""
    ),
    "en": _words(
        """the a an of to and or is are was were be been being it its this that these those i you he she we they me him
        her us them my your his our their not no don't doesn't isn't can't won't didn't i'm you're it's that's what who
        where when why how which with for from at by on in as if but so than then there here have has had do does did
        will would can could should just very more most some any all about into over after before only also because
        people like good bad great thanks thank hello nice article really up out get got one"""
    ),
    "de": _words(
        """der die das den dem des ein eine einen einem einer und oder nicht ist sind war ich du er sie wir ihr es mit
        auf für von zu im auch aber wenn dass wie was kein keine noch nur sich bei nach über dieser diese"""
    ),
    "fr": _words(
        """le la les un une des du de et ou ne pas est sont je tu il elle nous vous ils elles ce cette ces qui que dans
        pour sur avec mais plus très c'est au aux mon ton son leur être fait comme bien tout"""
    ),
    "es": _words(
        """el la los las un una unos unas de del y o no es son yo tú él ella nosotros ellos que en para por con pero más
        muy este esta estos como cuando donde porque lo le se su sus está hay también todo al"""
    ),
    "pt": _words(
        """o a os as um uma de do da dos das e ou não é são eu você ele ela nós eles que em para por com mas mais muito
        este esta isso como quando onde porque se seu sua no na nos nas ao está também"""
    ),
}
_SHARED_WEIGHT = 0.4  # of a word that several of these languages have


def _weights() -> dict[str, dict[str, float]]:
    """Word → language → what it says for that language."""
    found: dict[str, dict[str, float]] = {}
    for tongue, words in _WORDS.items():
        for word in words:
            found.setdefault(word, {})[tongue] = 1.0
    return {
        word: dict.fromkeys(tongues, _SHARED_WEIGHT) if len(tongues) > 1 else tongues for word, tongues in found.items()
    }


_WEIGHTS = _weights()
NEIGHBOURS = tuple(tongue for tongue in _WORDS if tongue not in SUPPORTED)
_LEAD = 3.0  # points that a neighbour must be ahead, and twice the other's

_ITALIAN_END = re.compile(r".*(?:[aeiou]|[àèéìòù])")
_ITALIAN_SHAPE = re.compile(r".*(?:zion[ei]|ment[eio]|issim[oaie]|gli[aeo]?|cch|zz|sci[aeou]|[àèìòù]$)")
_ENGLISH_SHAPE = re.compile(r"h|.*(?:[^cg]h|sh|wh|ck|ght|ing$|ed$|ly$|ous$|[wkyjx]|oo|ee|[bcdfghlmnprst]s$)")


def detect(text: str) -> tuple[str, ...]:
    """The text's language, an ISO 639-1 code, in a tuple; empty where it cannot be told.

    Empty for texts without words, and for those not in Latin letters.
    """
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text[:_MOST])]
    letters = "".join(words)
    if not letters or 2 * sum(ord(letter) <= _LATIN_END for letter in letters) < len(letters):
        return ()
    points = dict.fromkeys(_WORDS, 0.0)
    for word in words:
        for tongue, weight in _said(word).items():
            points[tongue] += weight
    best = max(points[tongue] for tongue in SUPPORTED)
    neighbour = max(NEIGHBOURS, key=points.__getitem__)
    if points[neighbour] >= best + _LEAD and points[neighbour] >= 2 * best:
        return (neighbour,)
    return (_italian_or_english(words, points),)


def told(text: str) -> str:
    """The language of a text that is long enough to tell: a code of ``detect``, or a script such as ``und-Cyrl``.

    "" for fewer than four words or sixteen letters, addresses not counted: "ok" and "ciao bello" say too little to act
    upon. A language that is none of the six in Latin letters is taken for the nearest.
    """
    plain = _ADDRESS.sub(" ", text[:_MOST])
    letters = [c for c in plain if c.isalpha()]
    script = _script(letters)
    if script:
        return f"und-{script}" if len(letters) >= _FEW_SIGNS else ""
    if len(_WORD.findall(plain)) < _FEW_WORDS or len(letters) < _FEW_LETTERS:
        return ""
    return next(iter(detect(plain)), "")


def _script(letters: list[str]) -> str:
    """The ISO 15924 code of the script that half of the letters are in; "" for Latin, and for what has no code here."""
    found = Counter(unicodedata.name(c, "").partition(" ")[0] for c in letters[:_SOME])
    name, count = next(iter(found.most_common(1)), ("", 0))
    return SCRIPTS.get(name, "") if 2 * count > len(letters[:_SOME]) else ""


def _said(word: str) -> Mapping[str, float]:
    known = _WEIGHTS.get(word)
    if known is None and "'" in word:  # l'altro, dell'anno
        known = _WEIGHTS.get(word[: word.index("'") + 1])
    return known or {}


def _italian_or_english(words: list[str], points: Mapping[str, float]) -> str:
    """Function words first, then how the words look: Italian ones end in vowels."""
    lead = 2 * (points["it"] - points["en"])
    for word in words:
        if len(word) < 3 or word in _WORDS["it"] or word in _WORDS["en"]:
            continue
        lead += 0.5 if _ITALIAN_END.fullmatch(word) else -0.5
        lead += 0.5 * bool(_ITALIAN_SHAPE.match(word)) - 0.75 * bool(_ENGLISH_SHAPE.match(word))
    return "it" if lead >= 0 else "en"
