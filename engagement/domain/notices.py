"""Who is told what by mail, and how stubbornly."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class NoticeKind(StrEnum):
    COMMENT_PUBLISHED = "comment-published"  # to the author of the blog
    COMMENT_HELD = "comment-held"  # the same, with a decide link
    COMMENT_REPORTED = "comment-reported"  # the same, a reader thinks it should go
    REPORT_DECIDED = "report-decided"  # to that reader
    NEWSLETTER_CONFIRM = "newsletter-confirm"  # to who signed up
    NEWSLETTER_LEAVE = "newsletter-leave"  # to who asked, by typing the address, to leave
    CONTACT_MESSAGE = "contact-message"  # to the author of the blog, from a reader
    APPEAL_DECIDED = "appeal-decided"  # to the author of a comment that was rejected
    COMMENT_DIGEST = "comment-digest"  # to the author of the blog: several comments in one mail
    WEEKLY_SUMMARY = "weekly-summary"  # to the author of the blog
    MODERATION_REMINDER = "moderation-reminder"  # to the moderators of a site where comments wait
    REPLY_CONFIRM = "reply-confirm"  # to who wants to be told of replies
    COMMENT_REPLY = "comment-reply"  # to the author of the comment that was answered
    NEW_ARTICLE = "new-article"  # to a subscriber
    WEEKLY_DIGEST = "weekly-digest"  # the same, a week's articles in one


# Mails to readers, at addresses that anybody may have typed; the others go to people of the house.
TO_READERS = frozenset(
    {
        NoticeKind.NEWSLETTER_CONFIRM,
        NoticeKind.NEWSLETTER_LEAVE,
        NoticeKind.REPORT_DECIDED,
        NoticeKind.APPEAL_DECIDED,
        NoticeKind.REPLY_CONFIRM,
        NoticeKind.COMMENT_REPLY,
        NoticeKind.NEW_ARTICLE,
        NoticeKind.WEEKLY_DIGEST,
    }
)


class OutboxState(StrEnum):
    QUEUED = "queued"
    LEASED = "leased"
    RETRY = "retry"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"  # the reason to send is gone: comment deleted, address left


WAITING = (OutboxState.QUEUED, OutboxState.LEASED, OutboxState.RETRY)
DEAD = (OutboxState.FAILED, OutboxState.EXPIRED)
MAY_BE_SENT_AGAIN = (*DEAD, OutboxState.RETRY)


def masked(address: str) -> str:
    """Enough to recognise an address one knows, too little to learn it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


@dataclass(frozen=True)
class Notice:
    """A mail to be, written in the transaction of what it tells about.

    ``key`` makes it once only. ``payload`` holds ids, never text. A smaller ``priority`` goes first. One of a
    ``campaign`` goes after all others, at the pace of ``mail.bulk_per_minute``.
    """

    kind: NoticeKind
    key: str
    recipient: str
    language: str
    site_id: int
    payload: Mapping[str, str | int] = field(default_factory=dict)
    priority: int = 5
    campaign: int | None = None


@dataclass(frozen=True)
class QueuedNotice:
    """A claimed outbox row. ``attempt`` counts this try; ``token`` fences it: a finish with another does nothing."""

    id: int
    notice: Notice
    message_id: str
    attempt: int
    token: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class KeptMail:
    """An outbox row as the desk shows it; ``code`` and ``reply`` are the mail server's last answer.

    ``why`` tells of one that was not sent which line of the list forbade it, "" where its own reason was gone.
    """

    id: int
    kind: NoticeKind
    site_id: int
    recipient: str
    state: OutboxState
    attempts: int
    code: int | None
    reply: str
    created_at: datetime
    next_attempt_at: datetime
    sent_at: datetime | None = None
    why: str = ""


class SendOutcome(StrEnum):
    SENT = "sent"
    RETRY = "retry"  # try again later
    REFUSED = "refused"  # this recipient or message never
    CHANNEL = "channel"  # the way itself is broken or closed (no connection, login, 421): not the message's making


@dataclass(frozen=True)
class Delivery:
    """What became of one try. ``reply`` is the server's last line, bounded, without addresses."""

    outcome: SendOutcome
    code: int | None = None
    reply: str = ""

    @property
    def blames_channel(self) -> bool:
        """Whether other mails would fare no better; silence in mid-conversation counts, for nobody can tell."""
        return self.outcome is SendOutcome.CHANNEL or (self.outcome is SendOutcome.RETRY and self.code is None)


# After try n wait BACKOFF[n - 1] (give or take a fifth); the source of the figures is practice, not a standard.
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 1440))
EXPIRES_AFTER = timedelta(hours=72)
LEASE = timedelta(minutes=15)  # longer than the longest SMTP conversation
RENDER_TRIES = 3


def next_try(attempt: int, now: datetime, jitter: float) -> datetime:
    """When to try again after ``attempt`` tries; ``jitter`` is in -1..1 and moves the wait by up to a fifth."""
    wait = BACKOFF[min(attempt, len(BACKOFF)) - 1]
    return now + wait * (1 + 0.2 * jitter)
