"""Word lists as features: how many terms of each severity a text holds, the longest phrase first."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engagement.screening import normalise
from engagement.screening.learning import features

LANGUAGES = ("it", "en")
# The names of the features, in the order of ``measure``.
FEATURES = ("any1", "any2", "any3", "ambiguous", "count1", "count2", "count3", "share2", "share1")
SCALE = 0.3


@dataclass(frozen=True)
class Term:
    """``severity`` 1 swearing or only sometimes an insult, 2 insult, 3 slur, threat or dismissal.

    ``ambiguous``: has an everyday harmless sense.
    """

    text: str
    severity: int
    kind: str
    ambiguous: bool
    language: str


Hit = tuple[int, int, Term]  # first word, number of words, term


class Lexicon:
    """Terms by their normalised words."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self.terms = tuple(terms)
        self._by_words: dict[tuple[str, ...], Term] = {}
        self._longest: dict[str, int] = {}  # first word → words of the longest phrase that starts so
        for term in self.terms:
            words = tuple(as_words(term.text))
            known = self._by_words.get(words)
            if known is None or known.severity < term.severity:
                self._by_words[words] = term
                self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))

    def hits(self, words: Sequence[str]) -> list[Hit]:
        """(first word, number of words, term) of each match; matches do not overlap."""
        found, at = [], 0
        while at < len(words):
            for length in range(min(self._longest.get(words[at], 0), len(words) - at), 0, -1):
                term = self._by_words.get(tuple(words[at : at + length]))
                if term is not None:
                    found.append((at, length, term))
                    at += length
                    break
            else:
                at += 1
        return found

    def measure(self, words: Sequence[str]) -> NDArray[np.float64]:
        """The nine features of ``FEATURES``, shape (9,), scaled by ``SCALE``."""
        return measured(self.hits(words), len(words))

    def credits(self, words: Sequence[str]) -> NDArray[np.float64]:
        """How much of each feature of ``measure`` is owed to each word, shape (words, 9); its sum is ``measure``.

        A feature is shared among the matches that raise it, a match among its words.
        """
        found, hits = np.zeros((len(words), len(FEATURES))), self.hits(words)
        if not hits:
            return found
        raised = np.zeros((len(hits), len(FEATURES)))
        for row, (_, length, term) in zip(raised, hits, strict=True):
            one, two, three = (term.severity == severity for severity in (1, 2, 3))
            row[:] = (one, two, three, term.ambiguous, one, two, three, length * (not one), length * one)
        total = raised.sum(axis=0)
        shares = self.measure(words) * raised / np.where(total > 0, total, 1)
        for (start, length, _), share in zip(hits, shares, strict=True):
            found[start : start + length] += share / length
        return found


def measured(hits: Sequence[Hit], words: int) -> NDArray[np.float64]:
    """``Lexicon.measure`` of hits in a text of so many words."""
    if not hits:
        return np.zeros(len(FEATURES))
    counts, spans = [0, 0, 0, 0], [0, 0, 0, 0]
    for _, length, term in hits:
        counts[term.severity] += 1
        spans[term.severity] += length
    _, n1, n2, n3 = counts
    ambiguous = any(term.ambiguous for _, _, term in hits)
    severe, mild = (spans[2] + spans[3]) / words, spans[1] / words
    row = (n1 > 0, n2 > 0, n3 > 0, ambiguous, min(1, n1 / 5), min(1, n2 / 3), min(1, n3 / 2),
           4 * severe, 4 * mild)  # fmt: skip
    return SCALE * np.array(row, dtype=np.float64)


def as_words(text: str) -> list[str]:
    """The words of a term, read and evened out as a comment's words are."""
    return features.words_of(features.tokens(normalise.read(text).cleaned))


@cache
def shipped() -> Lexicon:
    """The Italian and English lists of the package: words and phrases that are known for what they are."""
    return Lexicon(_terms(""))


@cache
def wide() -> Lexicon:
    """``shipped`` and many more insults and phrases, for the model alone: no rule may rest on them."""
    return Lexicon((*shipped().terms, *_terms("wide-")))


@cache
def weak() -> Lexicon:
    """Words that are abuse only in company, and everyday words else; for the model alone."""
    return Lexicon(_terms("weak-"))


@cache
def praise() -> tuple[tuple[str, str], ...]:
    """(language, text): friendly words that stand where insults stand, for training."""
    with (Path(__file__).with_name("lexicon") / "praise.tsv").open(encoding="utf-8", newline="") as file:
        return tuple((row["language"], row["text"]) for row in csv.DictReader(file, delimiter="\t"))


def _terms(prefix: str) -> list[Term]:
    return [term for language in LANGUAGES for term in _read(f"{prefix}{language}.tsv", language)]


def _read(name: str, language: str) -> list[Term]:
    with (Path(__file__).with_name("lexicon") / name).open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Term(row["term"], int(row["severity"]), row["kind"], row["ambiguous"] == "1", language) for row in rows]
