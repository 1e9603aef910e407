"""The small model that ships with the package: a hashed linear classifier with lexicon features, NumPy only.

A file of 589,824 signed bytes (the weights of the hashed pieces, then those of the hashed meetings of marks), and a
card with their scales, the bias, the lexicon's weights, thresholds, figures and licences. Loading never unpickles.
"""

import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engagement.domain.screening import Screening, Thresholds
from engagement.screening import marks, normalise
from engagement.screening.disguises import guesses
from engagement.screening.learning import features

WEIGHTS, CARD = "weights.npy", "card.json"
SHIPPED = Path(__file__).with_name("model")
LABEL = "toxicity"
SIZE = features.BUCKETS + marks.BUCKETS

_LONG = 1500  # characters; above, the best window counts as much as the whole
_WHOLE = 4000  # characters of a long text that are scored as a whole; windows cover all of it
_WINDOW, _STEP = 80, 40  # tokens


class ModelDamaged(ValueError):
    """The model's files are missing, cut, changed or of the wrong shape; the message says which."""


@dataclass(frozen=True)
class Weights:
    """``hashed``: int8, shape (SIZE,): the first ``features.BUCKETS`` times ``scale``, the rest times ``marks_scale``.

    ``lexicon``: float64, shape (len(marks.MEASURES),).
    """

    hashed: NDArray[np.int8]
    scale: float
    marks_scale: float
    lexicon: NDArray[np.float64]
    bias: float

    def logit(self, pieces: Sequence[str]) -> float:
        """Log odds of a text given as tokens."""
        seen = marks.evidence(features.words_of(pieces))
        text = self._mean(features.buckets(pieces)) * self.scale
        met = self._mean(seen.buckets + features.BUCKETS) * self.marks_scale
        return self.bias + text + met + float(seen.measured @ self.lexicon)

    def _mean(self, at: NDArray[np.int64]) -> float:
        """The sum of the weights over the root of their number: the features are scaled to length 1."""
        return int(self.hashed[at].sum(dtype=np.int64)) / math.sqrt(len(at) or 1)

    def contributions(self, pieces: Sequence[str]) -> NDArray[np.float64]:
        """What each token adds to ``logit``, shape (tokens,); with the bias they add up to it.

        A feature that occurs several times, or covers two tokens, is shared among them.
        """
        at, first, last = features.occurrences(pieces)
        each = self._shares(at) * self.scale
        found = np.zeros(len(pieces))
        np.add.at(found, first, each / 2)
        np.add.at(found, last, each / 2)
        places = [n for n, piece in enumerate(pieces) if piece[0].isalnum()]
        words = [pieces[n] for n in places]
        found[places] += marks.credits(words) @ self.lexicon + self._of_meetings(words)
        return found

    def _of_meetings(self, words: Sequence[str]) -> NDArray[np.float64]:
        """What the meetings of marks add, shared among the words that meet."""
        met, found = marks.occurrences(words), np.zeros(len(words))
        shares = self._shares(np.array([at for at, _ in met], dtype=np.int64) + features.BUCKETS) * self.marks_scale
        for share, (_, covered) in zip(shares, met, strict=True):
            found[list(covered)] += share / len(covered)
        return found

    def _shares(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        """``_mean``, shared among the occurrences of each weight."""
        distinct, which, times = np.unique(at, return_inverse=True, return_counts=True)
        shares: NDArray[np.float64] = self.hashed[at] / math.sqrt(len(distinct) or 1) / times[which]
        return shares


@dataclass(frozen=True)
class Contributions:
    """What moved the score of one text: of each token of the reading that scored highest, in log odds.

    ``of_pieces``, shape (tokens,), and ``bias`` add up to ``logit``. ``read`` makes that
    reading of the text, or of a part of it.
    """

    pieces: Sequence[str]
    of_pieces: NDArray[np.float64]
    bias: float
    logit: float
    read: Callable[[str], str]


@dataclass(frozen=True)
class EmbeddedModel:
    """Scores texts. ``card`` is the JSON of the model's card."""

    weights: Weights
    card: Mapping[str, Any]

    @property
    def model(self) -> str:
        """``name@version``."""
        return f"{self.card['name']}@{self.card['version']}"

    @cached_property
    def thresholds(self) -> Thresholds:
        given = self.card["thresholds"]
        return Thresholds(hold_at=given["hold_at"], reject_at=given["reject_at"])

    def screen(self, texts: Sequence[str]) -> Screening:
        """The texts of one comment together: the highest score counts."""
        score = max((self.score(text) for text in texts), default=self.score(""))
        return Screening(self.model, {LABEL: score}, self.thresholds)

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        return [{LABEL: self.score(text)} for text in texts]

    def score(self, text: str) -> float:
        """Probability of toxicity, 0 to 1: of the text as read or as written, whichever is higher."""
        return _sigmoid(max(self._logit(variant) for variant, _ in _variants(text)))

    def contributions(self, text: str) -> Contributions:
        """The score of a text, explained."""
        cleaned, read = max(_variants(text), key=lambda variant: self._logit(variant[0]))
        pieces = features.tokens(cleaned)
        return Contributions(pieces, self._of_pieces(cleaned, pieces), self.weights.bias, self._logit(cleaned), read)

    def score_written(self, text: str) -> float:
        """As ``score``, of the text as written alone: what undoing disguise is measured against."""
        return _sigmoid(self._logit(normalise.plain(text)))

    def _logit(self, cleaned: str) -> float:
        pieces = features.tokens(cleaned)
        if len(cleaned) <= _LONG:
            return self.weights.logit(pieces)
        whole = self.weights.logit(features.tokens(cleaned[:_WHOLE]))
        return (whole + max(self.weights.logit(window) for _, window in _windows(pieces))) / 2

    def _of_pieces(self, cleaned: str, pieces: Sequence[str]) -> NDArray[np.float64]:
        if len(cleaned) <= _LONG:
            return self.weights.contributions(pieces)
        found = np.zeros(max(1, len(pieces)))
        start, best = max(_windows(pieces), key=lambda found: self.weights.logit(found[1]))
        found[start : start + len(best)] += self.weights.contributions(best) / 2
        whole = self.weights.contributions(features.tokens(cleaned[:_WHOLE]))
        # The cut may fall into a word or an address: what it makes of them is owed to the token that was cut.
        np.add.at(found, np.minimum(np.arange(len(whole)), len(found) - 1), whole / 2)
        return found[: len(pieces)]


def _variants(text: str) -> list[tuple[str, Callable[[str], str]]]:
    """The readings of a text that are scored, each with what makes it: the disguises undone, as written, boldly."""
    reading = guesses.read(text)
    found: list[tuple[str, Callable[[str], str]]] = [(reading.cleaned, _cleaned)]
    if reading.altered:
        found.append((normalise.plain(text), normalise.plain))
    bold = guesses.otherwise(text)
    if bold is not None:
        found.append((bold, guesses.boldly))
    return found


def _cleaned(text: str) -> str:
    return guesses.read(text).cleaned


def _windows(pieces: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """(first token, tokens)"""
    for start in range(0, max(1, len(pieces) - _WINDOW + _STEP), _STEP):
        yield start, pieces[start : start + _WINDOW]


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, logit))))


def load(folder: Path = SHIPPED) -> EmbeddedModel:
    """The model of a folder. Raises ``ModelDamaged``."""
    try:
        card = json.loads((folder / CARD).read_text("utf-8"))
        raw = (folder / WEIGHTS).read_bytes()
    except (OSError, ValueError) as error:
        raise ModelDamaged(f"{folder}: {error}") from error
    try:
        return EmbeddedModel(weights_of(raw, card), card)
    except (KeyError, TypeError, ValueError, EOFError) as error:
        raise ModelDamaged(f"{folder}: {type(error).__name__}: {error}") from error


def weights_of(raw: bytes, card: Mapping[str, Any]) -> Weights:
    """The weights of a file's bytes, checked against their card.

    Raises ``ValueError``, ``KeyError`` or ``TypeError``.
    """
    if hashlib.sha256(raw).hexdigest() != card["weights_sha256"]:
        raise ValueError(f"{WEIGHTS} is not the file that the card describes (SHA-256 differs)")
    hashed = np.load(io.BytesIO(raw), allow_pickle=False)
    if hashed.dtype != np.int8 or hashed.shape != (SIZE,):
        raise ValueError(f"{WEIGHTS} holds {hashed.dtype}{hashed.shape}, not int8({SIZE},)")
    measured = np.array([card["lexicon"][name] for name in marks.MEASURES], dtype=np.float64)
    scale, marks_scale, bias = (float(card[name]) for name in ("scale", "marks_scale", "bias"))
    if not np.isfinite([scale, marks_scale, bias, *measured]).all():
        raise ValueError("a number of the card is not finite")
    for needed in ("name", "version"):
        if not isinstance(card[needed], str):
            raise TypeError(f"{needed} is not a text")
    _check_thresholds(card["thresholds"])
    return Weights(hashed, scale, marks_scale, measured, bias)


def _check_thresholds(given: Mapping[str, Mapping[str, float]]) -> None:
    for kind in ("hold_at", "reject_at", "mark_at"):
        for label, value in given[kind].items():
            if not 0 <= float(value) <= 1:
                raise ValueError(f"threshold {kind}.{label} = {value} is not between 0 and 1")
