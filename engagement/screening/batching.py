"""Concurrent requests share the batches of a native model.

A round takes texts in turn from every request that waits, so a long list never makes a single comment wait for its
end; the texts of a round are sorted by length, because a batch costs what its longest text costs. Where a batch
fails, each of its texts is tried once more alone.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engagement.screening.guarded import ScreenerBroken
from engagement.screening.processes.process import NotRunning

Scores = Mapping[str, float]
_ROUND = 4  # batches


@dataclass(eq=False)
class _Request:
    """What one caller waits for. ``answers`` by the position of its texts; ``over``: answered, failed or given up."""

    texts: Sequence[str]
    ends: float  # on the monotonic clock
    todo: deque[int] = field(init=False)
    answers: dict[int, Scores] = field(default_factory=dict)
    failure: ScreenerBroken | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.todo = deque(range(len(self.texts)))

    def wanted(self) -> bool:
        return not self.over.is_set() and time.monotonic() < self.ends

    def answer(self, at: int, scores: Scores) -> None:
        self.answers[at] = scores
        if len(self.answers) == len(self.texts):
            self.over.set()

    def fail(self, error: ScreenerBroken) -> None:
        self.failure = error
        self.over.set()


_Piece = tuple[_Request, int]


class Batcher:
    """``score`` asks the model for one batch; ``check`` raises ``ScreenerBroken`` for scores that are none.

    ``size``: texts of a batch; ``wait_ms``: how long the first of them waits for company.
    """

    def __init__(
        self,
        score: Callable[[Sequence[str]], Any],
        check: Callable[[Any], None],
        *,
        size: int = 8,
        wait_ms: float = 3.0,
    ) -> None:
        self._score = score
        self._check = check
        self._size = size
        self._linger = wait_ms / 1000
        self._changed = threading.Condition()  # guards the three below
        self._waiting: deque[_Request] = deque()
        self._thread: threading.Thread | None = None
        self._closed = False

    def score(self, texts: Sequence[str], seconds: float) -> list[Scores]:
        """Scores of each text within so many seconds. Raises ``ScreenerBroken``."""
        if not texts:
            return []
        request = _Request(texts, time.monotonic() + seconds)
        with self._changed:
            if self._closed:
                raise NotRunning("missing", "the service is ending")
            self._waiting.append(request)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="screening-batches", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        request.over.wait(max(0.0, request.ends - time.monotonic()))
        request.over.set()  # given up: nothing more is asked for it
        if request.failure is not None:
            raise request.failure
        if len(request.answers) < len(texts):
            raise ScreenerBroken("slow", f"no answer within {seconds:g} s")
        return [request.answers[at] for at in range(len(texts))]

    def close(self) -> None:
        """Fail what waits, and end the thread after the batch at hand."""
        with self._changed:
            self._closed = True
            for request in self._waiting:
                request.fail(NotRunning("missing", "the service is ending"))
            self._waiting.clear()
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while pieces := self._round():
            for start in range(0, len(pieces), self._size):
                self._run([piece for piece in pieces[start : start + self._size] if piece[0].wanted()])

    def _round(self) -> list[_Piece]:
        """The next texts, shortest first; none when it is time to end."""
        with self._changed:
            while not self._closed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                ends = time.monotonic() + self._linger
                while not self._enough() and (left := ends - time.monotonic()) > 0:
                    self._changed.wait(left)
                if pieces := self._taken():
                    return sorted(pieces, key=lambda piece: len(piece[0].texts[piece[1]]))
        return []

    def _enough(self) -> bool:
        return self._closed or sum(len(request.todo) for request in self._waiting) >= self._size

    def _taken(self) -> list[_Piece]:
        """One text of each request in turn; requests with more to do stay, in their order."""
        pieces: list[_Piece] = []
        while self._waiting and len(pieces) < _ROUND * self._size:
            request = self._waiting.popleft()
            if not request.wanted():
                continue
            pieces.append((request, request.todo.popleft()))
            if request.todo:
                self._waiting.append(request)
        return pieces

    def _run(self, batch: Sequence[_Piece]) -> None:
        if not batch:
            return
        failed = self._try(batch)
        if len(batch) == 1 or not any(isinstance(error, NotRunning) for _, error in failed):
            failed = [again for piece, _ in failed for again in self._again(piece)]
        for (request, _), error in failed:
            request.fail(error)

    def _again(self, piece: _Piece) -> list[tuple[_Piece, ScreenerBroken]]:
        return self._try([piece]) if piece[0].wanted() else []

    def _try(self, batch: Sequence[_Piece]) -> list[tuple[_Piece, ScreenerBroken]]:
        """Hand out what was scored; the pieces that were not, and why."""
        try:
            answers = list(self._score([request.texts[at] for request, at in batch]))
            if len(answers) != len(batch):
                raise ScreenerBroken("broken", f"{len(answers)} answers for {len(batch)} texts")
        except ScreenerBroken as error:
            return [(piece, error) for piece in batch]
        except Exception as error:  # noqa: BLE001 - one odd answer must not end the thread that serves everybody
            return [(piece, ScreenerBroken("broken", f"{type(error).__name__}: {error}")) for piece in batch]
        failed: list[tuple[_Piece, ScreenerBroken]] = []
        for piece, scores in zip(batch, answers, strict=True):
            try:
                self._check(scores)
            except ScreenerBroken as error:
                failed.append((piece, error))
            else:
                piece[0].answer(piece[1], scores)
        return failed
