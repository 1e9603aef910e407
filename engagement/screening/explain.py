"""Which words moved which label, for a moderator's eye: exact for the embedded model, by trial for all others."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import accumulate

from engagement.domain.screening import Span
from engagement.screening.embedded import LABEL, EmbeddedModel
from engagement.screening.learning import features

MOST_SPANS = 50
MOST_WINDOWS = 64
_LEAST, _LEAST_SHARE = 0.1, 0.1  # in log odds, and of the strongest span: below, a word is noise
_LONGEST = 4000  # characters that are tried by leaving words out
_MOST_COMPARED = 250_000  # pairs of tokens
_CHUNK = re.compile(r"\S+")
_PIECE = re.compile(r"[^\W_]+|[^\w\s]|_")
_WORD = re.compile(r"[^\W_](?:\S*[^\W_])?")
_EDGES = ".,;:?!()[]{}\"'«»“”‘’…"

Place = tuple[int, int]  # first character, first after


class LinearExplainer:
    """The embedded model's own sum, word by word."""

    def __init__(self, model: EmbeddedModel) -> None:
        self._model = model

    def explain(self, text: str) -> list[Span]:
        """The words that made the text more toxic, in their order."""
        return kept(text, ((place, LABEL, score) for place, score in self.attributions(text).items()))

    def attributions(self, text: str) -> Mapping[Place, float]:
        """Log odds owed to each place of the text; with the bias they add up to the logit."""
        found = self._model.contributions(text)
        owed: dict[Place, float] = defaultdict(float)
        for place, score in zip(places(text, found.read, found.pieces), found.of_pieces, strict=True):
            owed[place] += float(score)
        return owed


class OcclusionExplainer:
    """Any model: how much each label falls without a word, or a few words of a long text.

    ``score_each`` is asked once, for at most ``MOST_WINDOWS`` + 1 texts. It may raise ``RuntimeError``.
    """

    def __init__(self, score_each: Callable[[Sequence[str]], Sequence[Mapping[str, float]]]) -> None:
        self._score_each = score_each

    def explain(self, text: str) -> list[Span]:
        """Raises what ``score_each`` raises."""
        text = text[:_LONGEST]
        windows = list(_windows([match.span() for match in _WORD.finditer(text)]))
        if not windows:
            return []
        whole, *without = self._score_each([text, *(text[:begin] + text[end:] for begin, end in windows)])
        return kept(
            text,
            (
                (place, label, _logit(score) - _logit(scores[label]))
                for place, scores in zip(windows, without, strict=True)
                for label, score in whole.items()
            ),
        )


def kept(text: str, found: Iterable[tuple[Place, str, float]]) -> list[Span]:
    """The strongest of each label's words, at most ``MOST_SPANS`` in all, in the order of the text."""
    known = [(place, label, score) for place, label, score in found if any(map(str.isalnum, text[slice(*place)]))]
    highest: dict[str, float] = defaultdict(float)
    for _, label, score in known:
        highest[label] = max(highest[label], score)
    strong = [f for f in known if f[2] >= max(_LEAST, _LEAST_SHARE * highest[f[1]])]
    strongest = sorted(strong, key=lambda found: -found[2])[:MOST_SPANS]
    units = list(accumulate((1 + (ord(char) > 0xFFFF) for char in text), initial=0))
    return [Span(units[begin], units[end], label, score) for (begin, end), label, score in sorted(strongest)]


def places(text: str, read: Callable[[str], str], pieces: Sequence[str]) -> list[Place]:
    """Where in ``text`` each token of ``read(text)`` stands.

    Word by word, wherever reading a word alone gives the tokens it has in the text; where reading joined several
    words, as in a spelled-out one, the tokens stand for all of them.
    """
    alone = [part for chunk in _CHUNK.finditer(text) for part in _parts(chunk[0], chunk.start(), read)]
    known = [piece for piece, _ in alone]
    start = _common(known, pieces)
    end = _common(known[start:][::-1], pieces[start:][::-1])
    inner, wanted = known[start : len(known) - end], pieces[start : len(pieces) - end]
    found = [place for _, place in alone[:start]]
    for i1, i2, j1, j2 in _blocks(inner, wanted):
        here = [place for _, place in alone[start + i1 : start + i2]]
        if inner[i1:i2] == list(wanted[j1:j2]):
            found += here
        else:
            beside = here or [place for _, place in alone[max(0, start + i1 - 1) : start + i1]]
            found += [(beside[0][0], beside[-1][1]) if beside else (0, len(text))] * (j2 - j1)
    return found + [place for _, place in alone[len(alone) - end :]]


def _parts(chunk: str, at: int, read: Callable[[str], str]) -> Iterator[tuple[str, Place]]:
    """(token, place) of a chunk without white space that starts at ``at``."""
    tokens = features.tokens(read(chunk))
    raw = [match.span() for match in _PIECE.finditer(chunk)]
    if len(raw) != len(tokens):  # a disguise, an address
        left = len(chunk) - len(chunk.lstrip(_EDGES))
        word = (left, len(chunk.rstrip(_EDGES)))
        raw = [word if word[0] < word[1] else (0, len(chunk))] * len(tokens)
    for token, (begin, end) in zip(tokens, raw, strict=True):
        yield token, (at + begin, at + end)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many tokens two lists share at their start."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _blocks(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    if len(one) * len(other) > _MOST_COMPARED:
        yield 0, len(one), 0, len(other)
    elif one or other:
        for _, *block in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
            yield block[0], block[1], block[2], block[3]


def _windows(words: Sequence[Place]) -> Iterator[Place]:
    size = math.ceil(len(words) / MOST_WINDOWS) or 1
    for first in range(0, len(words), size):
        yield words[first][0], words[min(first + size, len(words)) - 1][1]


def _logit(probability: float) -> float:
    bounded = min(1 - 1e-6, max(1e-6, probability))
    return math.log(bounded / (1 - bounded))
