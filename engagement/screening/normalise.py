"""Reading a text as a person would: disguise undone, characters first, then words (``disguise.py``).

Every step is one pass over the text or a regular expression without nested repeats, so time is linear in
its length. What is only everyday writing (accents, capitals, long vowels, emoji) is evened out but is no
disguise.
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from engagement.domain.screening import Reading
from engagement.screening.disguises import disguise

# Dropped: controls, soft hyphen, grapheme joiner, zero-width, bidi controls, fillers, variation selectors,
# tags, lone surrogates. White space is kept.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]+"
)
# Marks that can sit on any letter, as opposed to the vowel signs that Hindi, Hebrew or Thai words need.
_MARK = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_OVERLAY = re.compile("[\u0334-\u0338\u20d2\u20d3\u20d8-\u20da\u20e5-\u20eb]")
# Letters drawn as mathematics, circles, squares or full width; NFKC gives their plain form.
_STYLED = re.compile(
    "[\U0001d400-\U0001d7cb\uff21-\uff3a\uff41-\uff5a\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169"
    "\U0001f170-\U0001f189]"
)
_WORD = re.compile(r"[^\W_]+")
# Three marks on a letter are more than any orthography in the Latin alphabet needs (Vietnamese: two).
_MARKS_KEPT = 2
_LAST_ALPHABET = 0x052F  # the end of Cyrillic: beyond it, joiners are part of the spelling
_LATIN_END = 0x024F

_PUNCTUATION = str.maketrans("’‘ʼ`´“”«»–—‑", "'''''" + '""""' + "---")
# White letters on black circles and squares have no plain form in Unicode.
_OURS = {first + i: chr(65 + i) for first in (0x1F150, 0x1F170) for i in range(26)}
_OURS |= {
    0xFDFA: " ",
    0xFDFB: " ",
}  # Arabic phrases in one character: NFKC would make each up to 18 characters


def _look_alikes() -> dict[int, str]:
    """Code point → the Latin letter it looks like (Unicode's confusables, see NOTICE-confusables)."""
    path = Path(__file__).with_name("confusables.tsv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(int(row["code"], 16), row["looks_like"]) for row in csv.DictReader(file, delimiter="\t")]
    # The source gives capital iota, palochka and their like as "l", which is right for the eye and wrong
    # for a word.
    return {code: "I" if look == "l" and chr(code).isupper() else look for code, look in rows}


_LOOKS_LIKE = _look_alikes()


Guess = Callable[[str, Counter[str]], str]


def read(text: str, guess: Guess | None = None) -> Reading:
    """The text with its disguises undone; see ``Reading``.

    ``guess`` may change the text, its characters evened out already, before words are undone, and counts what it
    changes. Accents are folded to base letters and runs of a letter shortened, without counting as disguise.
    ``altered`` is the number of disguised characters over the number of visible ones.
    """
    found: Counter[str] = Counter()
    text = _without_invisible(text, found)
    text = _plain_letters(text, found)
    visible = sum(map(len, text.split()))
    text = _unmasked(text, found)
    words = disguise.undo(guess(text, found) if guess else text, found)
    altered = sum(count for step, count in found.items() if step not in disguise.EVERYDAY)
    steps = tuple(step for step in disguise.STEPS if step in found)
    return Reading(words, steps, min(1.0, altered / visible) if visible else float(altered > 0))


def letters(text: str) -> str:
    """The text with the disguises of its characters undone, those of its words left."""
    ignored: Counter[str] = Counter()
    return _unmasked(_plain_letters(_without_invisible(text, ignored), ignored), ignored)


def plain(text: str) -> str:
    """The text as written, only evened out, no disguise undone; scored beside ``read(text).cleaned``."""
    ignored: Counter[str] = Counter()
    text = _plain_letters(_INVISIBLE.sub("", text), ignored)
    return " ".join(text.lower().split())


def _without_invisible(text: str, found: Counter[str]) -> str:
    """Only what stood between two letters of one word was disguise; emoji and other scripts need joiners."""
    if text.isascii() and text.isprintable():
        return text
    kept, end, between = [], 0, 0
    for match in _INVISIBLE.finditer(text):
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        between += _alphabetic(before) and _alphabetic(after) and match[0] != "\u00ad"
        kept.append(text[end : match.start()])
        end = match.end()
    if between:
        found["invisible"] += between
    kept.append(text[end:])
    return "".join(kept)


def _alphabetic(char: str) -> bool:
    return char.isalpha() and ord(char) <= _LAST_ALPHABET


def _plain_letters(text: str, found: Counter[str]) -> str:
    """NFKC, marks and accents dropped, typographic punctuation made plain."""
    if text.isascii():
        return text
    # Marks are capped before NFKC: its canonical ordering is quadratic in a run of marks.
    text = _capped_marks(text, found)
    if styled := len(_STYLED.findall(text)):
        found["confusables"] += styled
    text = unicodedata.normalize("NFKC", text.translate(_OURS))
    if overlaid := len(_OVERLAY.findall(text)):
        found["combining"] += overlaid
    text = _MARK.sub("", unicodedata.normalize("NFD", text))
    # A second NFKC, because a folded letter and its neighbour can form one more composed character.
    return unicodedata.normalize("NFKC", text).translate(_PUNCTUATION)


def _capped_marks(text: str, found: Counter[str]) -> str:
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) or _MARK.match(char) else 0
        if run <= _MARKS_KEPT:
            kept.append(char)
        elif run == _MARKS_KEPT + 1 and _MARK.match(char):
            found["combining"] += 1
    return "".join(kept)


def _unmasked(text: str, found: Counter[str]) -> str:
    """Look-alike letters folded to Latin, in words that mix them with Latin letters.

    A word wholly of look-alikes in a text that is otherwise Latin is folded too, but may be a real foreign
    word: it does not count.
    """
    if text.isascii():
        return text
    letters = sum(map(str.isalpha, text))
    mostly_latin = 2 * sum(char.isascii() and char.isalpha() for char in text) > letters

    def fold(match: re.Match[str]) -> str:
        word = match[0]
        masks = sum(ord(char) in _LOOKS_LIKE for char in word)
        if not masks:
            return word
        if any(char.isascii() and char.isalpha() for char in word):
            if foreign := sum(ord(char) in _LOOKS_LIKE and ord(char) > _LATIN_END for char in word):
                found["confusables"] += foreign
            return word.translate(_LOOKS_LIKE)
        return word.translate(_LOOKS_LIKE) if mostly_latin and masks == len(word) >= 3 else word

    return _WORD.sub(fold, text)
