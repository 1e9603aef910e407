"""Windows and batches, with no network behind them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from engagement.domain.screening import Thresholds
from engagement.screening.weights.large import LargeModel, Reader, Window


class OneLetterATokenTokenizer:
    """A token for each letter; texts over ``most`` letters overflow."""

    most = 4

    def encode_batch(self, texts: Sequence[str]) -> list[Any]:
        return [self.encode(text) for text in texts]

    def encode(self, text: str) -> Any:
        first, *others = [text[at : at + self.most] for at in range(0, max(1, len(text)), self.most)]
        return Encoding(first, [Encoding(other, []) for other in others])


class Encoding:
    def __init__(self, text: str, overflowing: list["Encoding"]) -> None:
        self.ids = [ord(letter) for letter in text]
        self.overflowing = overflowing


READER = Reader(OneLetterATokenTokenizer(), pad=0)


def windows_of(*lengths: int) -> list[Window]:
    return [Window(number, range(1, length + 1)) for number, length in enumerate(lengths)]


def shapes(lengths: Sequence[int], **limits: int) -> list[tuple[int, int]]:
    return [ids.shape for _, ids, _ in READER.batches(windows_of(*lengths), **limits)]


def test_windows_of_like_length_share_a_batch_the_longest_first() -> None:
    assert shapes([1, 9, 2, 8, 3], size=2) == [(2, 9), (2, 3), (1, 1)]


def test_a_batch_is_bounded_in_tokens_with_its_padding() -> None:
    assert shapes([4, 4, 3, 2, 1, 1], size=8, tokens=8) == [(2, 4), (2, 3), (2, 1)]


def test_a_window_larger_than_a_batch_goes_alone() -> None:
    assert shapes([20, 20, 1], tokens=8) == [(1, 20), (1, 20), (1, 1)]


def test_padding_is_masked() -> None:
    ((texts, ids, mask),) = READER.batches(windows_of(1, 3))
    assert texts == [1, 0]
    assert ids.tolist() == [[1, 2, 3], [1, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def loudest(ids: Any, mask: Any) -> Any:
    """One label: the highest token, as a logit; what is masked counts nothing."""
    return np.where(mask == 1, ids, -1000).max(axis=1, keepdims=True) / 100


@pytest.mark.parametrize("tokens", [1, 8, 4096])
def test_each_text_gets_the_highest_of_its_own_windows_whatever_the_batches(tokens: int) -> None:
    texts = ["aaaa aaaa z", "b", "aaaaaaaaaaaaaaaaaaaaaaaaac"]
    model = LargeModel("loud@1", READER, loudest, ["toxicity"], Thresholds(), tokens=tokens)
    wanted = [1 / (1 + np.exp(-max(map(ord, text)) / 100)) for text in texts]
    assert [scores["toxicity"] for scores in model.score_each(texts)] == pytest.approx(wanted)


def test_not_a_number_is_handed_on() -> None:
    model = LargeModel("nan@1", READER, lambda ids, mask: ids * np.nan, ["toxicity"], Thresholds())
    assert np.isnan(model.screen(["a"]).scores["toxicity"])
