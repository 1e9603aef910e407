"""Whether an appeal waits, read from the log; and what a message's reasons mean."""

from datetime import UTC, datetime

import pytest

from engagement.domain.comments import Status
from engagement.domain.discussion.appeals import is_waiting, words_of
from engagement.domain.mailing.contact import MessageStatus, status_of, that_count
from engagement.domain.moderation import Actor, LogLine
from engagement.domain.policy import Outcome, Reason, is_unscreened


def log(*doings: str) -> list[LogLine]:
    at = datetime(2026, 11, 25, tzinfo=UTC)
    return [LogLine(at, Actor.AUTHOR, what, Status.HELD, Status.HELD, note=f"{n}") for n, what in enumerate(doings)]


@pytest.mark.parametrize(
    ("doings", "waiting"),
    [
        ([], False),
        (["reject"], False),
        (["reject", "appealed"], True),
        (["reject", "appealed", "approve"], False),
        (["reject", "appealed", "spam"], False),
        (["reject", "appealed", "approve", "undo"], True),
        (["reject", "appealed", "approve", "undo", "reject"], False),
        (["hold", "approve", "undo"], False),
        (["undo"], False),
        (["reject", "appealed", "screened-again"], True),
    ],
)
def test_an_appeal_waits_for_a_verdict_that_stands(doings: list[str], waiting: bool) -> None:
    assert is_waiting(log(*doings)) is waiting


def test_the_newest_words_count_and_silence_is_not_no_appeal() -> None:
    assert words_of(log("reject")) is None
    assert words_of(log("reject", "appealed", "approve", "appealed")) == "3"


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ([], MessageStatus.NEW),
        (["not-screened"], MessageStatus.NEW),
        (["first-time", "hold-all"], MessageStatus.NEW),
        (["toxicity"], MessageStatus.HELD),
        (["not-screened", "links"], MessageStatus.HELD),
        (["a-later-check"], MessageStatus.HELD),
    ],
)
def test_a_message_is_held_where_the_policy_objects_to_its_text(codes: list[str], status: MessageStatus) -> None:
    reasons = [Reason(code, Outcome.HOLD) for code in codes]
    assert status_of(reasons) is status
    assert is_unscreened(reasons) is ("not-screened" in codes)
    assert {r.code for r in that_count(reasons)} == set(codes) - {"first-time", "hold-all"}
