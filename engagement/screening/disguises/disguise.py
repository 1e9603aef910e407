"""Disguises made of words: letters spelled out one by one, digits for letters, letters held down.

Chunks that are an address, a mail address or an @name are never touched.
"""

import re
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

STEPS = ("invisible", "combining", "confusables", "leet", "spaced", "elongation")
EVERYDAY = frozenset({"elongation"})  # friendly people write "grazieee": undone, but no disguise

_LONGEST_WORD = 40  # longer chunks are no words; leaving them alone bounds the work
_DOMAIN = re.compile(
    r"(?:[\w-]+\.)+(?:it|com|org|net|eu|info|io|ch|de|fr|uk|us|es|me|tv|blog|dev|app|edu|gov)(?:[/:?#]\S*)?[.,;:!?)]*",
    re.IGNORECASE,
)
_ALONE = re.compile(r"(?<![^\W_])[^\W_](?![^\W_])")
_NO_SEPARATORS = frozenset("'\"()[]{},:;!?=<>&")  # these list, quote or compare rather than spell
_CONJUNCTIONS = frozenset("eo")  # "tra A e B e C" is a list, not a spelling
_EMOJI = re.compile(r"(?<=[^\W\d_])[\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff]+(?=[^\W\d_])")

_LEET = str.maketrans("4@31!|05$7+", "aaeiilosstt")
_LEET_SIGNS = re.compile(r"[0-9@$!|+]")
_EDGES = re.compile(r"^([^\w@$]*)(.*?)([^\w@$]*)$", re.DOTALL)
_WORD_LIKE = re.compile(r"[\w@$!|+']+")
_UNKNOWN_SIGNS = re.compile(r"[2689]|\d{3}")
_QUANTITY = re.compile(r"\d+[^\W\d_]+|\d+[^\W\d_]{1,3}\d+")  # 15anni, 5g, 4x4
_CODE = re.compile(r"[^\W\d_]+\d+")  # covid19, windows10, m5
_FINAL_LETTER = re.compile(r"[^\W\d_]{3,}[bcdfghlmnprstvz][0134]")  # a word that lacks its last vowel
_TWO_LETTERS = re.compile(r"[^\W\d_]{2}")
_HEXADECIMAL = re.compile(r"[0-9a-f]+")
_SIGN_FOR_I = re.compile(r"(?<=[bcdfghlmnpqrstvz])!(?=[bcdfghlmnpqrstvz])")
_SIGN_FOR_T = re.compile(r"^([^\W\d_])\+(?=[^\W\d_]{3})")
_SIGN_FOR_S = re.compile(r"\$(?=\$?[^\W\d_])")
_SIGN_FOR_A = re.compile(r"(?<=[^\W\d_])@")
_SIGN_FOR_L = re.compile(r"(?<=[^\W\d_])\|(?=[^\W\d_])")

_RUN = re.compile(r"([^\W\d_])\1{2,}")
_ROMAN = re.compile(r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")
VOWELS = frozenset("aeiou")


def undo(text: str, found: Counter[str]) -> str:
    """The text in lower case, words separated by one space, disguises undone and counted in ``found``.

    ``found`` maps a step to the number of characters it changed.
    """
    out: list[str] = []
    for protected, part in _parts(text):
        if protected:
            out.append(part.lower())
        else:
            joined = _EMOJI.sub("", _joined(part, found)).lower()
            out.extend(_shortened(_unleeted(chunk, found), found) for chunk in joined.split())
    return " ".join(out)


def is_address(chunk: str) -> bool:
    """Whether a chunk without white space is a link, a bare domain or a mail address."""
    if chunk.lower().startswith(("http://", "https://", "www.")):
        return True
    if "@" in chunk:
        name, _, host = chunk.partition("@")
        return bool(name) and "." in host.strip(".,;:!?)") and _DOMAIN.match(host) is not None
    return "." in chunk and len(chunk) < 2048 and _DOMAIN.fullmatch(chunk.lstrip("(\"'")) is not None


def is_name(chunk: str) -> bool:
    """Whether a chunk is somebody's @name."""
    return len(chunk) > 1 and chunk[0] == "@" and chunk[1].isalnum()


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """(protected, text): protected chunks one by one, what lies between them in one piece."""
    free: list[str] = []
    for chunk in text.split():
        if is_address(chunk) or is_name(chunk):
            if free:
                yield False, " ".join(free)
                free = []
            yield True, chunk
        else:
            free.append(chunk)
    if free:
        yield False, " ".join(free)


def _joined(text: str, found: Counter[str]) -> str:
    """Three or more letters that stand alone, with one separator throughout, made a word."""
    out, end = [], 0
    for run in runs_of_single_letters(text):
        letters = "".join(text[at] for at in run)
        separator = text[run[0] + 1 : run[1]]
        if not _spells(letters, separator):
            continue
        out += [text[end : run[0]], letters]
        end = run[-1] + 1
        # U.S.A. and other short forms are joined for scoring, and are nobody's disguise.
        if len(letters) > 3 and not (letters.isupper() and separator.strip() == "."):
            found["spaced"] += len(letters)
    return "".join([*out, text[end:]])


def runs_of_single_letters(text: str, not_between: AbstractSet[str] = _NO_SEPARATORS) -> Iterator[list[int]]:
    """Positions of three or more letters that stand alone, with one separator throughout."""
    run: list[int] = []
    separator = ""
    for match in _ALONE.finditer(text):
        at = match.start()
        gap = text[run[-1] + 1 : at] if run else ""
        sign = set(gap.strip())
        fits = len(gap) <= 3 and len(sign) <= 1 and not sign & not_between
        if run and fits and (len(run) == 1 or gap == separator):
            run.append(at)
        elif len(run) > 2:
            yield run
            run = [at]
        else:  # "a c.r.e": the letter before was no part of the spelling, or was its first
            run = [run[-1], at] if run and fits else [at]
        separator = gap
    if len(run) > 2:
        yield run


def _spells(letters: str, separator: str) -> bool:
    alphabetic = sum(map(str.isalpha, letters))
    if alphabetic < 3 or alphabetic < 0.6 * len(letters):
        return False
    if separator.strip():
        return True
    # Italian has words of one letter (a, e, è, i, o): only vowels are words, and A e B e C is a list.
    lower = letters.lower()
    every_other = set(lower[1::2]), set(lower[0::2])
    return not set(lower) <= VOWELS and not any(signs <= _CONJUNCTIONS for signs in every_other)


def _unleeted(chunk: str, found: Counter[str]) -> str:
    """Digits and signs read as letters, where the chunk is a word: no number, price, time or quantity."""
    if len(chunk) > _LONGEST_WORD or not _LEET_SIGNS.search(chunk):
        return chunk
    match = _EDGES.match(chunk)
    if match is None:
        return chunk
    before, word, after = match.groups()
    read = _SIGN_FOR_S.sub("s", word)
    read = _SIGN_FOR_T.sub(r"\1t", _SIGN_FOR_L.sub("l", _SIGN_FOR_I.sub("i", _SIGN_FOR_A.sub("a", read))))
    if len(word) < 4 or sum(map(str.isalpha, read)) < 3 or not _WORD_LIKE.fullmatch(word):
        read = word
    if any(char.isdigit() for char in read) and _hides_letters(read):
        read = read.translate(_LEET)
    changed = sum(a != b for a, b in zip(word, read, strict=True))
    if changed:
        found["leet"] += changed
    return before + read + after


def _hides_letters(word: str) -> bool:
    if not word.isalnum() or len(word) < 4 or _UNKNOWN_SIGNS.search(word) or _QUANTITY.fullmatch(word):
        return False
    if _CODE.fullmatch(word):
        return _FINAL_LETTER.fullmatch(word) is not None
    letters = sum(map(str.isalpha, word))
    return 3 * letters >= len(word) and bool(_TWO_LETTERS.search(word) or not _HEXADECIMAL.fullmatch(word))


def _shortened(chunk: str, found: Counter[str]) -> str:
    """Three or more of one letter: a vowel to one, a consonant to two. Roman numerals stay."""
    if not _RUN.search(chunk):
        return chunk
    if len(chunk) < 16 and _ROMAN.fullmatch(chunk.strip(".,;:!?()\"'")):
        return chunk
    shorter = _RUN.sub(lambda run: run[1] if run[1] in VOWELS else run[1] * 2, chunk)
    found["elongation"] += len(chunk) - len(shorter)
    return shorter
