"""Scores of texts that were scored lately. No text is kept: a key is a hash under a secret of this process."""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from engagement.domain.screening import Screening, Thresholds
from engagement.screening.guarded import ScreenerBroken, sound

Scores = Mapping[str, float]


class ScoreCache:
    """At most ``size`` texts' scores, the longest unused forgotten first; 0 keeps none. Safe among threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, Scores] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, model: str, text: str) -> Scores | None:
        if not self._size:
            return None
        key = self._key(model, text)
        with self._lock:
            scores = self._kept.get(key)
            if scores is not None:
                self._kept.move_to_end(key)
        return scores

    def keep(self, model: str, text: str, scores: Scores) -> None:
        if not self._size:
            return
        key = self._key(model, text)
        with self._lock:
            self._kept[key] = dict(scores)
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def _key(self, model: str, text: str) -> bytes:
        named = f"{len(model)}:{model}{text}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(named, digest_size=16, key=self._secret).digest()


class Scorer(Protocol):
    """A model that scores texts one by one, without doubt about which it is."""

    @property
    def model(self) -> str: ...

    @property
    def thresholds(self) -> Thresholds: ...

    def score_each(self, texts: Sequence[str]) -> list[Scores]: ...


class CachedModel:
    """A model of this process behind a cache; it is asked once for each text that is new."""

    def __init__(self, inner: Scorer, size: int) -> None:
        self._inner = inner
        self._cache = ScoreCache(size)

    @property
    def model(self) -> str:
        return self._inner.model

    def screen(self, texts: Sequence[str]) -> Screening:
        return together(self.model, self.score_each(texts or ("",)), self._inner.thresholds)

    def score_each(self, texts: Sequence[str]) -> list[Scores]:
        return scored_once(self._cache, self.model, texts, self._inner.score_each)


def scored_once(
    cache: ScoreCache, model: str, texts: Sequence[str], score: Callable[[Sequence[str]], Sequence[Scores]]
) -> list[Scores]:
    """Scores of each text: from the cache, else from ``score``, which sees each new text once.

    Scores that are none are passed on for the guard to refuse, and never kept. Raises what ``score`` raises, and
    ``ScreenerBroken`` where it gives too few or too many.
    """
    known = {text: cache.find(model, text) for text in texts}
    new = [text for text, scores in known.items() if scores is None]
    answers = score(new) if new else []
    if len(answers) != len(new):
        raise ScreenerBroken("broken", f"{len(answers)} answers for {len(new)} texts")
    for text, answer in zip(new, answers, strict=True):
        known[text] = answer
        if sound(answer):
            cache.keep(model, text, answer)
    return [scores for text in texts if (scores := known[text]) is not None]


def together(model: str, each: Sequence[Scores], thresholds: Thresholds) -> Screening:
    """The texts of one comment: the highest score of each label counts."""
    labels = dict.fromkeys(label for scores in each for label in scores)
    highest = {label: max(scores[label] for scores in each if label in scores) for label in labels}
    return Screening(model, highest, thresholds)
