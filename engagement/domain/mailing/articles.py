"""New articles by mail: a blog's feed, what stands in it, and the campaigns that tell subscribers about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_LISTED = 30  # articles named in one letter; the newest
LONGEST_BACK_OFF = timedelta(hours=24)
POLL_LEASE = timedelta(minutes=10)  # longer than the longest fetch


class Rhythm(StrEnum):
    AT_ONCE = "at-once"
    WEEKLY = "weekly"


class FeedState(StrEnum):
    ACTIVE = "active"
    GONE = "gone"  # the server answered 410: it is polled no more until somebody adds it again
    REMOVED = "removed"


class CampaignState(StrEnum):
    SENDING = "sending"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"
    HANDED_OVER = "handed-over"  # the newsletter service has taken it: ``domain.mailing.handovers``


class Order(StrEnum):
    """What a moderator may tell a campaign."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    AGAIN = "again"  # what went wrong at the newsletter service is mended


@dataclass(frozen=True)
class Entry:
    """An article as a feed names it: plain text, one line a field. ``guid`` is never empty, ``url`` may be."""

    guid: str
    url: str
    title: str
    summary: str = ""
    published_at: datetime | None = None


@dataclass(frozen=True)
class Feed:
    """``day`` 0 is Monday. ``primed``: it was read once, so what is new from now on is news."""

    id: int
    site_id: int
    url: str
    rhythm: Rhythm = Rhythm.AT_ONCE
    day: int = 0
    state: FeedState = FeedState.ACTIVE
    primed: bool = False
    etag: str = ""
    last_modified: str = ""
    failures: int = 0
    problem: str = ""
    polled_at: datetime | None = None
    next_poll_at: datetime | None = None
    digest_at: datetime | None = None
    lease: str = ""


@dataclass(frozen=True)
class Article:
    id: int
    url: str
    title: str
    summary: str
    published_at: datetime


@dataclass(frozen=True)
class Campaign:
    """``cursor`` is the last subscription that has its mail in the outbox; ``walked``: all have."""

    id: int
    site_id: int
    feed_id: int
    kind: str
    state: CampaignState
    cursor: int
    walked: bool
    created_at: datetime
    finished_at: datetime | None = None


class Recipient(NamedTuple):
    """A subscription as a campaign mails it. ``version`` makes the link to leave; ``language``: "" is the site's."""

    subscription: int
    version: int
    email: str
    language: str = ""


@dataclass(frozen=True)
class Progress:
    """How many mails of a campaign: still to send, sent, failed, and left out because the address left meanwhile."""

    waiting: int
    sent: int
    failed: int
    left_out: int


def next_digest(now: datetime, day: int, hour: int) -> datetime:
    """The next time that it is ``hour`` o'clock (UTC) on ``day`` of the week, after ``now``."""
    at = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    at += timedelta(days=(day - at.weekday()) % 7)
    return at if at > now else at + timedelta(days=7)


def back_off(failures: int, usual: timedelta, asked: timedelta | None = None) -> timedelta:
    """How long to wait after so many failures in a row: twice as long each time, a day at most.

    ``asked`` is what the server said in Retry-After; it lengthens the wait, within the same limit.
    """
    wait = usual * (1 << min(failures, 16))
    return min(max(wait, asked or timedelta(0)), LONGEST_BACK_OFF)


def is_news(entry: Entry, now: datetime, oldest: timedelta) -> bool:
    """Whether an entry that was not seen before is worth a mail.

    One with an old date is an old article under a new identity: a moved blog must not mail its whole archive. A
    missing date says nothing, and one in the future counts as now.
    """
    return entry.published_at is None or entry.published_at > now - oldest


def listed(articles: Sequence[Article]) -> list[Article]:
    """What a letter names: the newest first, not more than fit."""
    return sorted(articles, key=lambda a: (a.published_at, a.id), reverse=True)[:MOST_LISTED]


def state_after(state: CampaignState, order: Order) -> CampaignState | None:
    """What becomes of a campaign; None where the order does not fit its state."""
    fitting = {
        (CampaignState.SENDING, Order.PAUSE): CampaignState.PAUSED,
        (CampaignState.PAUSED, Order.RESUME): CampaignState.SENDING,
        (CampaignState.SENDING, Order.CANCEL): CampaignState.CANCELLED,
        (CampaignState.PAUSED, Order.CANCEL): CampaignState.CANCELLED,
        (CampaignState.SENDING, Order.AGAIN): CampaignState.SENDING,
    }
    return fitting.get((state, order))
