"""Scores are remembered by a keyed hash, never with the text, and never when they are none."""

import math
import pickle
from collections.abc import Mapping, Sequence

import pytest

from engagement.domain.screening import Screening, Thresholds
from engagement.screening.cache import CachedModel, ScoreCache
from engagement.screening.guarded import GuardedScreener, ScreenerBroken


class Counting:
    """Scores a text by its length and counts what it was asked."""

    model = "counting@1"
    thresholds = Thresholds({"toxicity": 0.6})

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.score: float | None = None

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        self.asked += texts
        return [{"toxicity": len(text) / 100 if self.score is None else self.score} for text in texts]


def test_a_text_is_scored_once_by_either_call() -> None:
    inner = Counting()
    model = CachedModel(inner, 10)
    assert model.screen(["ciao", "a", "ciao"]) == Screening("counting@1", {"toxicity": 0.04}, Counting.thresholds)
    assert model.score_each(["a", "ciao", "bb"]) == [{"toxicity": 0.01}, {"toxicity": 0.04}, {"toxicity": 0.02}]
    assert inner.asked == ["ciao", "a", "bb"]
    assert model.screen([]).scores == {"toxicity": 0.0}


def test_the_longest_unused_is_forgotten_first() -> None:
    cache = ScoreCache(2)
    for text in ("a", "b"):
        cache.keep("m", text, {"toxicity": 0.5})
    cache.find("m", "a")
    cache.keep("m", "c", {"toxicity": 0.5})
    assert [cache.find("m", text) is not None for text in "abc"] == [True, False, True]
    assert len(cache) == 2


def test_models_and_texts_are_not_confused() -> None:
    cache = ScoreCache(10)
    cache.keep("m1", "x", {"toxicity": 0.5})
    assert cache.find("m", "1x") is None
    assert cache.find("m2", "x") is None


def test_no_text_is_kept_and_no_one_else_can_recognise_one() -> None:
    cache, other = ScoreCache(10), ScoreCache(10)
    cache.keep("m", "un segreto", {"toxicity": 0.5})
    assert b"segreto" not in pickle.dumps(dict(cache._kept))
    other.keep("m", "un segreto", {"toxicity": 0.5})
    assert list(cache._kept) != list(other._kept)


def test_a_cache_of_none_keeps_none() -> None:
    cache = ScoreCache(0)
    cache.keep("m", "a", {"toxicity": 0.5})
    assert cache.find("m", "a") is None
    assert len(cache) == 0


def test_nonsense_is_refused_each_time_and_not_kept() -> None:
    inner = Counting()
    guarded = GuardedScreener(CachedModel(inner, 10), 30)
    inner.score = math.nan
    with pytest.raises(ScreenerBroken):
        guarded.score_each(["ciao"])
    inner.score = None
    assert guarded.score_each(["ciao"]) == [{"toxicity": 0.04}]


def test_any_text_can_be_remembered() -> None:
    cache = ScoreCache(10)
    cache.keep("m", "\ud800", {"toxicity": 0.5})
    assert cache.find("m", "\ud800") == {"toxicity": 0.5}
