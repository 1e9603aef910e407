"""The small model that ships with the package: a hashed linear classifier with lexicon features, NumPy only.

A file of 589,824 signed bytes (the weights of the hashed pieces, then those of the hashed meetings of marks), and a
card with their scales, the bias, the lexicon's weights, thresholds, figures and licences. Loading never unpickles.
"""

import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engagement.domain.screening import Screening, Thresholds
from engagement.screening import features, marks, normalise

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
        reading = normalise.read(text)
        variants = {reading.cleaned}
        if reading.altered:
            variants.add(normalise.plain(text))
        return _sigmoid(max(map(self._logit, variants)))

    def score_written(self, text: str) -> float:
        """As ``score``, of the text as written alone: what undoing disguise is measured against."""
        return _sigmoid(self._logit(normalise.plain(text)))

    def _logit(self, cleaned: str) -> float:
        pieces = features.tokens(cleaned)
        if len(cleaned) <= _LONG:
            return self.weights.logit(pieces)
        whole = self.weights.logit(features.tokens(cleaned[:_WHOLE]))
        return (whole + max(map(self.weights.logit, _windows(pieces)), default=whole)) / 2


def _windows(pieces: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, max(1, len(pieces) - _WINDOW + _STEP), _STEP):
        yield pieces[start : start + _WINDOW]


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
