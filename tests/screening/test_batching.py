"""Concurrent requests share batches; nobody waits for somebody else's list, and nobody fails for somebody else's text."""

import math
import threading
from collections.abc import Mapping, Sequence

import pytest

from engagement.screening.batching import Batcher
from engagement.screening.guarded import ScreenerBroken, check
from engagement.screening.processes.process import NotRunning


class Slate:
    """Scores a text by its length; waits at ``gate`` and notes every batch."""

    def __init__(self, **odd: object) -> None:
        self.odd = odd
        self.gate = threading.Event()
        self.begun = threading.Event()
        self.batches: list[list[str]] = []

    def score(self, texts: Sequence[str]) -> list[object]:
        self.batches.append(list(texts))
        self.begun.set()
        assert self.gate.wait(30)
        answers = [self.odd.get(text, {"toxicity": len(text) / 1000}) for text in texts]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers


def batcher(slate: Slate, **more: float) -> Batcher:
    return Batcher(slate.score, lambda scores: check(scores, {"toxicity"}), **more)  # type: ignore[arg-type]


def together(batches: Batcher, slate: Slate, requests: Sequence[Sequence[str]], seconds: float = 30) -> list[object]:
    """The requests, all waiting before the first batch is answered: a first text keeps the thread busy."""
    answers: list[object] = [None] * len(requests)

    def ask(n: int, texts: Sequence[str]) -> None:
        try:
            answers[n] = batches.score(texts, seconds)
        except ScreenerBroken as error:
            answers[n] = error.why

    first = threading.Thread(target=batches.score, args=(["primo"], 30))
    first.start()
    assert slate.begun.wait(30)
    callers = [threading.Thread(target=ask, args=(n, texts)) for n, texts in enumerate(requests)]
    for n, caller in enumerate(callers):
        caller.start()
        with batches._changed:
            assert batches._changed.wait_for(lambda n=n: len(batches._waiting) > n, 30)
    slate.gate.set()
    for caller in [first, *callers]:
        caller.join()
    batches.close()
    return answers


def test_requests_that_wait_share_a_batch_shortest_first() -> None:
    slate = Slate()
    answers = together(batcher(slate), slate, [["aaa"], ["a"], ["aa", "aaaa"]])
    assert slate.batches == [["primo"], ["a", "aa", "aaa", "aaaa"]]
    assert answers == [
        [{"toxicity": 0.003}],
        [{"toxicity": 0.001}],
        [{"toxicity": 0.002}, {"toxicity": 0.004}],
    ]


def test_a_long_list_does_not_keep_a_comment_waiting() -> None:
    slate = Slate()
    many = [f"parola {n:03}" for n in range(200)]
    together(batcher(slate, size=8), slate, [many, ["un commento piuttosto lungo"]])
    assert any("un commento piuttosto lungo" in batch for batch in slate.batches[1:5])  # the first round
    assert max(map(len, slate.batches)) == 8
    assert sorted(text for batch in slate.batches[1:] for text in batch) == sorted(
        [*many, "un commento piuttosto lungo"]
    )


@pytest.mark.parametrize(
    "odd",
    [ValueError("no"), {"toxicity": math.nan}, {"insult": 0.5}, None, 3, [], ScreenerBroken("broken", "it crashed")],
)
def test_a_text_that_fails_is_tried_once_alone_and_fails_alone(odd: object) -> None:
    slate = Slate(male=odd)
    answers = together(batcher(slate), slate, [["bene"], ["male"], ["meglio"]])
    assert answers == [[{"toxicity": 0.004}], "broken", [{"toxicity": 0.006}]]
    assert [batch for batch in slate.batches if "male" in batch][1:] == [["male"]]


def test_without_a_process_nothing_is_tried_again() -> None:
    slate = Slate(male=NotRunning("slow", "it is loading"))
    assert together(batcher(slate), slate, [["bene"], ["male"]]) == ["slow", "slow"]
    assert len(slate.batches) == 2


def test_a_caller_waits_no_longer_than_its_own_time_and_is_not_served_after() -> None:
    slate = Slate()
    batches = batcher(slate)
    first = threading.Thread(target=batches.score, args=(["primo"], 30))
    first.start()
    assert slate.begun.wait(30)
    with pytest.raises(ScreenerBroken, match="slow"):
        batches.score(["tardi"], 0.02)
    slate.gate.set()
    first.join()
    assert batches.score(["dopo"], 30) == [{"toxicity": 0.004}]
    batches.close()
    assert slate.batches == [["primo"], ["dopo"]]


def test_a_wrong_number_of_answers_is_broken() -> None:
    batches = Batcher(lambda texts: [{"toxicity": 0.1}] * (len(texts) + 1), lambda scores: None)
    with pytest.raises(ScreenerBroken, match="2 answers for 1 texts"):
        batches.score(["a"], 30)
    batches.close()


def test_after_closing_nothing_is_asked() -> None:
    slate = Slate()
    batches = batcher(slate)
    batches.close()
    with pytest.raises(NotRunning):
        batches.score(["a"], 1)


def test_many_callers_get_their_own_answers() -> None:
    def score(texts: Sequence[str]) -> list[Mapping[str, float]]:
        return [{"toxicity": int(text) / 1000} for text in texts]

    batches = Batcher(score, lambda scores: check(scores, {"toxicity"}), wait_ms=1)
    wrong: list[int] = []

    def ask(start: int) -> None:
        for n in range(start, start + 40):
            if batches.score([str(n), str(n + 1)], 30) != [{"toxicity": n / 1000}, {"toxicity": (n + 1) / 1000}]:
                wrong.append(n)

    callers = [threading.Thread(target=ask, args=(40 * n,)) for n in range(12)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    batches.close()
    assert wrong == []
