"""A classifier behind a deadline: whatever happens inside, the answer is a value.

    raises, gives nonsense   NotScreened("broken")
    does not answer in time  NotScreened("slow")
    is not there             NotScreened("missing")

A call that hangs keeps its worker; when all workers hang, the answer is "slow" at once, and nothing piles up.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, wait
from typing import Any, Literal, Protocol, TypeVar

from engagement.domain.screening import NotScreened, Screening

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")
_WORKERS = 4


class ScreenerBroken(RuntimeError):
    """A classifier gave no usable scores. ``why`` as in ``NotScreened``."""

    def __init__(self, why: Literal["missing", "slow", "broken"], detail: str) -> None:
        self.why: Literal["missing", "slow", "broken"] = why
        self.detail = detail
        super().__init__(f"{why}: {detail}")


class Inner(Protocol):
    """A classifier as the models of this room are: it may raise, hang or give nonsense."""

    @property
    def model(self) -> str: ...

    def screen(self, texts: Sequence[str]) -> Screening: ...

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]: ...


class _Overdue:
    """The calls whose caller has given up waiting while they still run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: set[int] = set()

    def note(self, answer: "Future[Any]") -> bool:
        """Whether the call still runs; it is remembered then."""
        with self._lock:
            if answer.done():
                return False
            self._calls.add(id(answer))
            return True

    def settle(self, answer: "Future[Any]") -> None:
        with self._lock:
            self._calls.discard(id(answer))

    def all_of(self, workers: int) -> bool:
        with self._lock:
            return len(self._calls) >= workers


class GuardedScreener:
    """``inner`` with at most ``timeout_seconds`` for each call and at most ``workers`` calls at a time.

    ``labels``: those that every answer must hold.
    """

    def __init__(
        self,
        inner: Inner,
        timeout_seconds: float,
        *,
        labels: Sequence[str] = ("toxicity",),
        workers: int = _WORKERS,
    ) -> None:
        self.model = inner.model
        self._inner = inner
        self._timeout = timeout_seconds
        self._labels = frozenset(labels)
        self._workers = workers
        self._free = threading.BoundedSemaphore(workers)
        self._overdue = _Overdue()

    def screen(self, texts: Sequence[str]) -> Screening | NotScreened:
        """Scores of one comment, or the fact that there are none. Never raises."""
        try:
            screening = self._in_time(lambda: self._inner.screen(texts))
            self._check(screening.scores)
        except ScreenerBroken as error:
            # Its words stay out of the log: they may repeat the text.
            _log.warning("%s did not screen a comment: %s", self.model, error.why, exc_info=error)
            return NotScreened(error.why, self.model, error.detail)
        return screening

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Scores text by text. The deadline is per text. Raises ``ScreenerBroken``."""
        answers = self._in_time(lambda: self._inner.score_each(texts), len(texts))
        if len(answers) != len(texts):
            raise ScreenerBroken("broken", f"{len(answers)} answers for {len(texts)} texts")
        for scores in answers:
            self._check(scores)
        return answers

    def _in_time(self, call: Callable[[], _Answer], times: int = 1) -> _Answer:
        allowed = self._timeout * max(1, times)
        ends = time.monotonic() + allowed
        # Where every worker is past its deadline, waiting for one would only hang the caller as well.
        hopeless = self._overdue.all_of(self._workers)
        if not self._free.acquire(timeout=0 if hopeless else allowed):
            raise ScreenerBroken("slow", "all workers are busy")
        answer: Future[_Answer] = Future()
        # A daemon thread for each call: unlike a pool's, it cannot keep the process from ending.
        try:
            threading.Thread(target=self._run, args=(call, answer), name="screening", daemon=True).start()
        except RuntimeError as error:  # no more threads
            self._free.release()
            raise ScreenerBroken("broken", str(error)) from error
        wait([answer], max(0.0, ends - time.monotonic()))
        if self._overdue.note(answer):
            raise ScreenerBroken("slow", f"no answer within {allowed:g} s")
        try:
            return answer.result()
        except ScreenerBroken:
            raise
        except Exception as error:  # whatever a model raises is the same fact: broken
            raise ScreenerBroken("broken", f"{type(error).__name__}: {error}") from error

    def _run(self, call: Callable[[], _Answer], answer: "Future[_Answer]") -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, which tells it
            answer.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))
        else:
            answer.set_result(result)
        finally:
            self._overdue.settle(answer)  # after the answer is done, so that it cannot be noted again
            self._free.release()

    def _check(self, scores: Mapping[str, float]) -> None:
        check(scores, self._labels)


def check(scores: Mapping[str, float], labels: AbstractSet[str]) -> None:
    """Raises ``ScreenerBroken`` unless ``scores`` holds all ``labels`` and only numbers from 0 to 1."""
    try:
        missing = labels - scores.keys()
        wrong = [label for label, score in scores.items() if not 0 <= score <= 1 or math.isnan(score)]
    except (AttributeError, TypeError) as error:
        raise ScreenerBroken("broken", f"the scores are no numbers: {error}") from error
    if missing or wrong:
        raise ScreenerBroken("broken", f"scores missing: {sorted(missing)}; not between 0 and 1: {sorted(wrong)}")


def sound(scores: Mapping[str, float]) -> bool:
    """Whether ``scores`` are scores."""
    try:
        check(scores, frozenset())
    except ScreenerBroken:
        return False
    return True


class MissingScreener:
    """No classifier: every comment is held until a person has read it. ``why`` is for the log."""

    def __init__(self, name: str, why: str) -> None:
        self.model = name
        self.why = why

    def screen(self, texts: Sequence[str]) -> NotScreened:
        return NotScreened("missing", self.model, self.why)

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Raises ``ScreenerBroken``, as there is nothing to score with."""
        raise ScreenerBroken("missing", self.why)
