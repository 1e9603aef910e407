"""What the large models share: windows over long texts, batches of like length, the highest score of each label.

A transformer reads at most 512 tokens; what comes after is silently left out, and abuse could hide there. So a long
text becomes several windows that overlap, and for each label the worst window counts. Windows are sorted by length
before they are put into batches: a batch costs as much as its longest member times its size.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engagement.domain.screening import Screening, Thresholds
from engagement.screening.disguises import guesses

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Forward = Callable[
    [Ints, Ints], NDArray[Any]
]  # token ids, mask (1 token, 0 padding), both (n, length) → logits (n, labels)

WINDOW, OVERLAP = 512, 64  # tokens, the two at the ends of each window included
BATCH = 8  # on two cores, larger ones are slower


class ModelUnusable(ValueError):
    """A large model cannot be used: not there, cut, altered, of the wrong shape, or a package is missing."""


@dataclass(frozen=True)
class Window:
    """A piece of the text with this number, as token ids."""

    text: int
    ids: Sequence[int]


@dataclass(frozen=True)
class Reader:
    """Turns texts into windows of at most ``window`` tokens. ``tokenizer``: of the package ``tokenizers``."""

    tokenizer: Any
    pad: int
    window: int = WINDOW

    @classmethod
    def of(cls, tokenizer_json: str, tokenizer_class: Any, pad: int, window: int = WINDOW) -> "Reader":
        tokenizer = tokenizer_class.from_str(tokenizer_json)
        tokenizer.enable_truncation(window, stride=min(OVERLAP, window // 4))
        tokenizer.no_padding()
        return cls(tokenizer, pad, window)

    def windows(self, texts: Sequence[str]) -> list[Window]:
        # Half of a surrogate pair is no text that a tokenizer takes.
        encodings = self.tokenizer.encode_batch([t.encode("utf-8", "replace").decode() for t in texts])
        return [
            Window(number, part.ids)
            for number, encoding in enumerate(encodings)
            for part in (encoding, *encoding.overflowing)
        ]

    def batches(
        self, windows: Sequence[Window], size: int = BATCH, tokens: int = BATCH * WINDOW
    ) -> Iterator[tuple[list[int], Ints, Ints]]:
        """(numbers of the texts, token ids, mask) of windows of like length, the longest first.

        At most ``size`` windows and, where there are two or more, ``tokens`` tokens with the padding.
        """
        ordered = sorted(windows, key=lambda window: len(window.ids), reverse=True)
        while ordered:
            count = max(1, min(size, tokens // max(1, len(ordered[0].ids))))
            batch, ordered = ordered[:count], ordered[count:]
            ids = np.full((len(batch), len(batch[0].ids)), self.pad, dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, window in enumerate(batch):
                ids[row, : len(window.ids)] = window.ids
                mask[row, : len(window.ids)] = 1
            yield [window.text for window in batch], ids, mask


class LargeModel:
    """A transformer as ``guarded.Inner``. ``model`` is ``name@version``."""

    def __init__(
        self,
        model: str,
        reader: Reader,
        forward: Forward,
        labels: Sequence[str],
        thresholds: Thresholds,
        *,
        tokens: int = BATCH * WINDOW,
    ) -> None:
        self.model = model
        self.labels = tuple(labels)
        self.thresholds = thresholds
        self._reader = reader
        self._forward = forward
        self._tokens = tokens  # in a batch
        # One batch at a time: each uses every thread already, and memory stays that of one batch.
        self._one = threading.Lock()

    def screen(self, texts: Sequence[str]) -> Screening:
        """The texts of one comment together: the highest score of each label counts."""
        scores = self._scores(texts or [""]).max(axis=0)
        return Screening(self.model, self._named(scores), self.thresholds)

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        return [self._named(row) for row in self._scores(texts)]

    def _scores(self, texts: Sequence[str]) -> Floats:
        """Probabilities, shape (texts, labels): of a text as written or with its disguise undone, the higher."""
        readings = [(number, reading) for number, text in enumerate(texts) for reading in _readings(text)]
        windows = self._reader.windows([reading for _, reading in readings])
        found = np.zeros((len(texts), len(self.labels)))
        for numbers, ids, mask in self._reader.batches(windows, tokens=self._tokens):
            with self._one:
                logits = np.asarray(self._forward(ids, mask), dtype=np.float64)
            owners = [readings[number][0] for number in numbers]
            np.maximum.at(found, owners, 1 / (1 + np.exp(-logits)))  # NaN stays NaN, and is "broken" further up
        return found

    def _named(self, row: Floats) -> dict[str, float]:
        return dict(zip(self.labels, map(float, row), strict=True))


def _readings(text: str) -> tuple[str, ...]:
    reading = guesses.read(text)
    return (text, reading.cleaned) if reading.altered else (text,)
