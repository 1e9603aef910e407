"""The house's limits tell how long to wait, and mean it."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.domain.errors import TooManyRequests
from engagement.domain.throttling import FloodLimits, Recent, throttle

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@given(
    st.lists(st.integers(0, 3_600), max_size=40),
    st.integers(0, 6),
    st.integers(0, 12),
)
def test_after_the_wait_that_was_told_the_door_is_open(ages: list[int], minute: int, hour: int) -> None:
    recent = Recent([NOW - timedelta(seconds=age) for age in ages])
    limits = FloodLimits(minute, hour)
    with contextlib.suppress(TooManyRequests):
        throttle(recent, limits, NOW)
        return
    with pytest.raises(TooManyRequests) as caught:
        throttle(recent, limits, NOW)
    assert 1 <= caught.value.retry_after <= 3_601
    throttle(recent, limits, NOW + timedelta(seconds=caught.value.retry_after))


def test_the_longer_of_two_waits_is_told() -> None:
    recent = Recent([NOW - timedelta(seconds=10), NOW - timedelta(seconds=20)])
    with pytest.raises(TooManyRequests) as caught:
        throttle(recent, FloodLimits(per_minute=2, per_hour=2), NOW)
    assert caught.value.retry_after == 3_581


@pytest.mark.parametrize(
    ("limits", "wait"), [(FloodLimits(0, 5), 3_601), (FloodLimits(5, 0), 61), (FloodLimits(0, 0), None)]
)
def test_zero_switches_one_limit_off_and_leaves_the_other(limits: FloodLimits, wait: int | None) -> None:
    told = None
    try:
        throttle(Recent([NOW] * 1_000), limits, NOW)
    except TooManyRequests as error:
        told = error.retry_after
    assert told == wait
