"""Votes as an order."""

import pytest

from engagement.domain.discussion.ranking import lower_bound, rank


def test_the_bound_is_wilsons() -> None:
    # Published worked values of the 95 % interval: 10 of 10 gives 0.7225, 81 of 263 gives 0.2553.
    assert lower_bound(10, 0) == pytest.approx(0.7225, abs=5e-5)
    assert lower_bound(81, 182) == pytest.approx(0.2553, abs=5e-5)
    assert lower_bound(0, 0) == lower_bound(0, 5) == 0.0


def test_few_good_votes_stand_below_many_good_ones_and_bad_ones_last() -> None:
    order = sorted([(3, 0), (90, 10), (0, 0), (1, 1), (0, 3), (2, 20)], key=lambda v: -rank(*v))
    assert order[0] == (90, 10)
    assert order[-2:] == [(2, 20), (0, 3)] or order[-2:] == [(0, 3), (2, 20)]
    assert rank(1, 1) > rank(0, 0) > rank(0, 3)


def test_votes_are_not_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        lower_bound(-1, 0)
