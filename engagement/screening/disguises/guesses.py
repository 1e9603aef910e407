"""Reading with the lexicon in mind: where a disguise has several readings, the one that is a known insult.

``disguise`` undoes what has one likely reading, whatever the word. "1" is i or l, "zzz" is z or zz, a closing "!" may
be an i, and a letter before a spelled-out word may belong to it. Here such a word is looked up, and read as the
insult when it can be one; a word in plain letters is never touched. ``otherwise`` is for words that no list holds.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from itertools import groupby

from engagement.domain.screening import Reading
from engagement.screening import lexicon, normalise
from engagement.screening.disguises import disguise

_LEAST = 4  # letters: shorter words have too many readings
_MOST = 500  # characters: longer words, be they held down, are none
_LONGEST = 20  # letters of a spelled insult
_MEANS = {
    "4": "a",
    "@": "a",
    "3": "e",
    "1": "il",
    "!": "il",
    "|": "il",
    "0": "o",
    "5": "s",
    "$": "s",
    "7": "t",
    "+": "t",
}
_SIGNS = frozenset(_MEANS)
_FOLD = str.maketrans({sign: letters[0] for sign, letters in _MEANS.items()} | {"l": "i"})
_OTHERWISE = str.maketrans({sign: letters[-1] for sign, letters in _MEANS.items()})
_WORD = re.compile(r"(?:[^\W_]|[@$|+]|(?<!!)!(?!!))+")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_BOLD = re.compile(r"[^\W\d_][413057@$|+!]+[^\W_]|[413057@$|+][^\W\d_]{2}|[^\W\d_]{2}[413057@$|+]|([^\W\d_])\1\1")
_NUMBER = re.compile(r"\W*\d[\d.,:/%€$-]*[^\W\d_]{0,3}\W*")


def read(text: str) -> Reading:
    """As ``normalise.read``, and ambiguous disguises of known insults undone too."""
    return normalise.read(text, _guessed)


def otherwise(text: str) -> str | None:
    """A bolder reading of a text, to be scored beside ``read(text)``; None where there is none.

    Every sign that can be a letter is its other letter, every held-down letter is single, letters apart are one word.
    """
    found: Counter[str] = Counter()
    letters = _joined(normalise.letters(text), found)
    if not found and not _BOLD.search(letters) and not any(map(_doubled, _WORD.findall(letters))):
        return None
    bold = _boldly(letters, found)
    return bold if found else None


def boldly(text: str) -> str:
    """That reading, also where it is no other."""
    return _boldly(_joined(normalise.letters(text), Counter()), Counter())


def _boldly(letters: str, found: Counter[str]) -> str:
    bold = " ".join(
        chunk if _untouchable(chunk) else _WORD.sub(lambda word: _bold(word[0], found), chunk)
        for chunk in letters.split()
    )
    return normalise.plain(bold)


def _guessed(text: str, found: Counter[str]) -> str:
    text = _spelled(text, found)
    if not _suspicious(text):
        return text
    return " ".join(
        chunk if disguise.is_address(chunk) else _WORD.sub(lambda word: _known(word[0], found), chunk)
        for chunk in text.split()
    )


def _suspicious(text: str) -> bool:
    return not _SIGNS.isdisjoint(text) or _RUN.search(text) is not None or any(map(_doubled, _WORD.findall(text)))


def _untouchable(chunk: str) -> bool:
    return disguise.is_address(chunk) or disguise.is_name(chunk) or _NUMBER.fullmatch(chunk) is not None


def _known(word: str, found: Counter[str]) -> str:
    """The insult that a disguised word can be read as, with what closes it; else the word."""
    core = word.rstrip("!")
    for tried, rest in ((core + "!", word[len(core) + 1 :]), (core, word[len(core) :])):
        if len(tried) > len(word) or not _disguised(tried, 1):
            continue
        if insult := _insult(tried.lower()):
            signs = sum(char in _SIGNS for char in tried)
            found["leet"] += signs
            found["elongation"] += max(0, len(tried) - len(insult))
            _forget_nothing(found)
            return insult + rest
    return word


def _forget_nothing(found: Counter[str]) -> None:
    for step in [step for step, count in found.items() if not count]:
        del found[step]


def _disguised(word: str, least_letters: int) -> bool:
    fits = _LEAST <= len(word) <= _MOST and sum(map(str.isalpha, word)) >= least_letters
    return fits and (not _SIGNS.isdisjoint(word) or _RUN.search(word.lower()) is not None or _doubled(word))


def _insult(word: str) -> str | None:
    candidates = _insults().get(_key(word))
    if not candidates:
        return None
    pattern = _pattern(word)
    return next((known for known in candidates if pattern.fullmatch(known)), None)


def _key(word: str) -> str:
    return "".join(char for char, _ in groupby(word.translate(_FOLD)))


def _pattern(word: str) -> re.Pattern[str]:
    """What a disguised word may stand for: a held-down letter for one or two, a sign for each of its letters."""
    halved = _doubled(word)
    parts = []
    for char, run in groupby(word):
        length, letter = len(list(run)), f"[{_MEANS.get(char, re.escape(char))}]"
        parts.append(letter + ("{1,2}" if length > 2 or halved else f"{{{length}}}"))
    return re.compile("".join(parts))


@cache
def _insults() -> Mapping[str, list[str]]:
    """Key → the single words of the lexicon with it."""
    found: dict[str, list[str]] = defaultdict(list)
    for term in lexicon.shipped().terms:
        word = term.text.lower()
        plain = normalise.plain(word)
        if len(plain) >= _LEAST and plain.isalpha():
            found[_key(plain)].append(plain)
    return found


@cache
def _beginnings() -> frozenset[str]:
    """Every beginning of every key."""
    return frozenset(key[:length] for key in _insults() for length in range(len(key) + 1))


def _doubled(word: str) -> bool:
    """Whether every letter stands twice or more, as in no word."""
    low = word.lower()
    return len(low) >= 2 * _LEAST and low.isalpha() and all(len(list(run)) > 1 for _, run in groupby(low))


def _spelled(text: str, found: Counter[str]) -> str:
    """Letters apart that make insults, be it with other letters before, between or after them."""
    out, end = [], 0
    for run in disguise.runs_of_single_letters(text, frozenset()):
        words, insulting = _within("".join(text[at] for at in run))
        if insulting:
            out += [text[end : run[0]], " ".join(words)]
            found["spaced"] += insulting
            end = run[-1] + 1
    return "".join([*out, text[end:]])


def _within(letters: str) -> tuple[list[str], int]:
    """The insults among letters and what lies between, and how many letters are insults."""
    words, rest, at, insulting = [], "", 0, 0
    while at < len(letters):
        insult, after = _longest(letters, at)
        if not insult:
            rest += letters[at]
            at += 1
            continue
        words += [rest, insult] if rest else [insult]
        rest, insulting, at = "", insulting + after - at, after
    return [*words, rest] if rest else words, insulting


def _longest(letters: str, at: int) -> tuple[str, int]:
    """The longest insult that starts at a letter, and where it ends; the shortest ones only if nearly all is theirs."""
    found, key = ("", at), ""
    for after, char in enumerate(letters[at : at + _LONGEST].lower().translate(_FOLD), at + 1):
        key = key if key.endswith(char) else key + char
        if key not in _beginnings():
            break
        nearly_all = at <= 2 and len(letters) - after <= 2
        long_enough = after - at > _LEAST or (after - at == _LEAST and nearly_all)
        if long_enough and key in _insults() and (insult := _insult(letters[at:after].lower())):
            found = insult, after
    return found


def _joined(text: str, found: Counter[str]) -> str:
    out, end = [], 0
    for run in disguise.runs_of_single_letters(text, frozenset()):
        letters = "".join(text[at] for at in run)
        if len(letters) >= _LEAST and letters.isalpha():
            out += [text[end : run[0]], letters]
            end = run[-1] + 1
            found["spaced"] += len(letters)
    return "".join([*out, text[end:]])


def _bold(word: str, found: Counter[str]) -> str:
    core = word.rstrip("!")
    letters = core.translate(_OTHERWISE) if _disguised(core, 2) else core
    single = re.sub(r"([^\W\d_])\1+", r"\1", letters) if _doubled(letters) else _RUN.sub(r"\1", letters)
    found["bold"] += single != core
    _forget_nothing(found)
    return single + word[len(core) :]
