"""Whatever a classifier does, the answer is a value and comes in time."""

import math
import threading
import time
from collections.abc import Mapping, Sequence

import pytest

from engagement.domain.screening import NotScreened, Screening
from engagement.screening.guarded import GuardedScreener, MissingScreener, ScreenerBroken


class Scripted:
    """A classifier that does what a test says: gives scores, raises, or waits for ``release``."""

    model = "scripted@1"

    def __init__(self, scores: object = None, error: BaseException | None = None, hang: bool = False) -> None:
        self.scores = {"toxicity": 0.5} if scores is None else scores
        self.error = error
        self.hang = hang
        self.release = threading.Event()
        self.calls = 0

    def screen(self, texts: Sequence[str]) -> Screening:
        self.calls += 1
        if self.hang:
            self.release.wait(10)
        if self.error:
            raise self.error
        return Screening(self.model, self.scores)  # type: ignore[arg-type]

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        return [self.screen([text]).scores for text in texts]


def why(answer: Screening | NotScreened) -> str:
    assert isinstance(answer, NotScreened), answer
    return answer.why


def test_good_scores_pass() -> None:
    assert GuardedScreener(Scripted(), 5).screen(["Ciao"]) == Screening("scripted@1", {"toxicity": 0.5})


@pytest.mark.parametrize(
    "scores",
    [
        {"toxicity": math.nan},
        {"toxicity": math.inf},
        {"toxicity": -0.1},
        {"toxicity": 1.1},
        {},
        {"insult": 0.5},
        {"toxicity": "high"},
        {"toxicity": None},
        3,
    ],
)
def test_nonsense_is_broken(scores: object) -> None:
    guarded = GuardedScreener(Scripted(scores), 5)
    assert why(guarded.screen(["Ciao"])) == "broken"
    with pytest.raises(ScreenerBroken):
        guarded.score_each(["Ciao"])


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), MemoryError(), RecursionError(), SystemExit(1), KeyboardInterrupt(), TimeoutError()],
)
def test_raising_is_broken(error: BaseException) -> None:
    answer = GuardedScreener(Scripted(error=error), 5).screen(["Ciao"])
    assert why(answer) == "broken"
    assert isinstance(answer, NotScreened)
    assert type(error).__name__ in answer.detail


def test_hanging_is_slow() -> None:
    inner = Scripted(hang=True)
    assert why(GuardedScreener(inner, 0.05).screen(["Ciao"])) == "slow"
    inner.release.set()


def test_when_all_workers_hang_the_answer_is_slow_at_once_until_they_return() -> None:
    inner = Scripted(hang=True)
    guarded = GuardedScreener(inner, 0.3, workers=2)
    callers = [threading.Thread(target=guarded.screen, args=(["Ciao"],)) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    start = time.monotonic()
    for _ in range(20):
        assert why(guarded.screen(["Ciao"])) == "slow"
    assert time.monotonic() - start < 0.3
    assert inner.calls == 2
    inner.hang = False
    inner.release.set()
    ends = time.monotonic() + 5
    while isinstance(guarded.screen(["Ciao"]), NotScreened):
        assert time.monotonic() < ends, "the workers did not come back"
        time.sleep(0.01)


def test_more_calls_than_workers_wait_their_turn() -> None:
    guarded = GuardedScreener(Scripted(), 5, workers=1)
    answers: list[Screening | NotScreened] = []
    callers = [threading.Thread(target=lambda: answers.append(guarded.screen(["Ciao"]))) for _ in range(30)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [type(answer) for answer in answers] == [Screening] * 30


def test_no_thread_is_left() -> None:
    guarded = GuardedScreener(Scripted(), 5)
    for _ in range(50):
        guarded.screen(["Ciao"])
    ends = time.monotonic() + 5
    while any(thread.name == "screening" for thread in threading.enumerate()):
        assert time.monotonic() < ends, "a worker did not end"
        time.sleep(0.01)


def test_a_missing_model_says_so() -> None:
    missing = MissingScreener("embedded", "weights.npy is gone")
    assert missing.screen(["Ciao"]) == NotScreened("missing", "embedded", "weights.npy is gone")
    with pytest.raises(ScreenerBroken, match="is gone"):
        missing.score_each(["Ciao"])
