"""One broken way pauses all mails, for longer each time; one mail through ends the pause."""

from datetime import UTC, datetime, timedelta

import pytest

from engagement.domain.mailing.channel import PAUSES, Channel
from engagement.domain.notices import Delivery, SendOutcome

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BROKEN = Delivery(SendOutcome.CHANNEL, 421, "later")
SENT = Delivery(SendOutcome.SENT, 250)


def test_a_new_channel_is_open() -> None:
    assert Channel().opens_at(NOW) == NOW


def test_each_failure_in_a_row_pauses_for_longer_up_to_a_limit() -> None:
    channel, now = Channel(), NOW
    for pause in (*PAUSES, PAUSES[-1], PAUSES[-1]):
        assert channel.heard(BROKEN, now)
        assert channel.opens_at(now) == now + pause
        now = channel.opens_at(now)
        assert channel.opens_at(now) == now


def test_a_mail_that_goes_through_ends_the_pause_and_the_count() -> None:
    channel = Channel()
    for _ in range(3):
        channel.heard(BROKEN, NOW)
    assert not channel.heard(SENT, NOW)
    assert channel.opens_at(NOW) == NOW
    channel.heard(BROKEN, NOW)
    assert channel.opens_at(NOW) == NOW + PAUSES[0]


@pytest.mark.parametrize(
    ("delivery", "pauses"),
    [
        (BROKEN, True),
        (Delivery(SendOutcome.CHANNEL, reply="ConnectionRefusedError"), True),
        (Delivery(SendOutcome.RETRY, reply="TimeoutError"), True),
        (Delivery(SendOutcome.RETRY, 451, "greylisted"), False),
        (Delivery(SendOutcome.REFUSED, 550, "no such user"), False),
        (Delivery(SendOutcome.REFUSED, reply="SMTPNotSupportedError"), False),
    ],
)
def test_only_what_is_not_the_messages_fault_pauses(delivery: Delivery, pauses: bool) -> None:
    assert Channel().heard(delivery, NOW) is pauses


def test_a_clock_that_is_set_back_does_not_close_the_channel_for_a_day() -> None:
    channel = Channel()
    channel.heard(BROKEN, NOW)
    yesterday = NOW - timedelta(days=1)
    assert channel.opens_at(yesterday) == yesterday
