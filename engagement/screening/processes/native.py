"""A native model as the service uses it: in its own process, in batches, behind a cache."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from engagement.domain.screening import NotScreened, Screening
from engagement.screening.batching import Batcher
from engagement.screening.cache import ScoreCache, scored_once, together
from engagement.screening.guarded import Inner, ScreenerBroken, check
from engagement.screening.processes.pipe import ChildLimits
from engagement.screening.processes.process import IsolatedModel

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NativeLimits:
    """``batch_size`` texts at a time, gathered for at most ``batch_wait_ms``; scores of ``cache_size`` texts kept."""

    child: ChildLimits = field(default_factory=ChildLimits)
    batch_size: int = 8
    batch_wait_ms: float = 3.0
    cache_size: int = 10_000


class NativeScreener:
    """The model that the picklable ``factory`` makes in the child. Whatever happens there, the answer is a value.

    Of the model only ``score_each`` is asked, for texts of several comments at once; a comment's score is the highest
    of its texts. ``screen`` of an empty text is called once, when it is loaded, for the labels and thresholds.
    """

    def __init__(self, name: str, factory: Callable[[], Inner], limits: NativeLimits | None = None) -> None:
        limits = limits or NativeLimits()
        self._timeout = limits.child.timeout
        self._isolated = IsolatedModel(name, factory, limits.child)
        self._cache = ScoreCache(limits.cache_size)
        self._batcher = Batcher(self._isolated.score, self._check, size=limits.batch_size, wait_ms=limits.batch_wait_ms)

    @property
    def model(self) -> str:
        """``name@version`` once it is loaded."""
        return self._isolated.model

    def start(self) -> None:
        """Begin to load now, rather than at the first comment."""
        self._isolated.start()

    def ready(self, seconds: float) -> bool:
        """Wait until it is loaded, for who has nothing else to do; whether it is."""
        return self._isolated.ready(seconds)

    def close(self) -> None:
        """End the child and the threads."""
        self._isolated.close()
        self._batcher.close()

    def screen(self, texts: Sequence[str]) -> Screening | NotScreened:
        """Scores of one comment, or the fact that there are none. Never raises."""
        try:
            each = self._scores(texts or ("",), self._timeout)
        except ScreenerBroken as error:
            _log.warning("%s did not screen a comment: %s", self.model, error)
            return NotScreened(error.why, self.model, error.detail)
        loaded = self._isolated.loaded
        if loaded is None:  # a score came, so it was loaded
            return NotScreened("missing", self.model)
        return together(loaded.model, each, loaded.thresholds)

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Scores text by text; so many times the time of one. Raises ``ScreenerBroken``."""
        return self._scores(texts, self._timeout * max(1, len(texts)))

    def _scores(self, texts: Sequence[str], seconds: float) -> list[Mapping[str, float]]:
        return scored_once(self._cache, self.model, texts, partial(self._batcher.score, seconds=seconds))

    def _check(self, scores: Any) -> None:
        loaded = self._isolated.loaded
        check(scores, loaded.labels if loaded else frozenset())
