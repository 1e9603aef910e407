"""Verdicts of people, and the log of every decision, whoever took it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from engagement.domain.comments import Comment, Status
from engagement.domain.policy import History, Outcome, Reason
from engagement.domain.screening import Span


class Verdict(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    SPAM = "spam"


_BECOMES = {
    Verdict.APPROVE: Status.PUBLISHED,
    Verdict.REJECT: Status.REJECTED,
    Verdict.SPAM: Status.SPAM,
}
_MACHINE = {
    Outcome.PUBLISH: Status.PUBLISHED,
    Outcome.HOLD: Status.HELD,
    Outcome.REJECT: Status.REJECTED,
}


class Actor(StrEnum):
    MACHINE = "machine"
    MODERATOR = "moderator"
    MAIL_LINK = "mail-link"
    AUTHOR = "author"


@dataclass(frozen=True)
class LogLine:
    """One decision about one comment. ``what`` is a verdict, an outcome, ``undo`` or ``screened-again``."""

    at: datetime
    actor: Actor
    what: str
    status_before: Status
    status_after: Status
    who: str = ""  # a moderator's address, or the mail link's recipient
    reasons: Sequence[Reason] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    policy: str = ""
    note: str = ""
    reason: str = ""
    comment_version: int = 1


@dataclass(frozen=True)
class QueueItem:
    """A card of the desk: the comment with all a moderator needs to decide."""

    comment: Comment
    site_key: str
    reasons: Sequence[Reason]
    scores: Mapping[str, float]
    history: History
    model: str = ""
    risk: float = 0.0
    log: Sequence[LogLine] = ()
    stands: str = ""  # the published text (HTML), where ``comment`` shows a new one that waits
    spans: Sequence[Span] = ()  # over the visible text; none before it was explained


def status_after(verdict: Verdict) -> Status:
    return _BECOMES[verdict]


def status_of(outcome: Outcome) -> Status:
    """The status a machine's outcome gives."""
    return _MACHINE[outcome]
