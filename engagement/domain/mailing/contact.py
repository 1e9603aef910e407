"""What readers write to a site's author ("Scrivimi"), and what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engagement.domain.policy import UNSCREENED, Reason

MAX_SUBJECT = 200  # characters

_PUBLIC_ONLY = {"first-time", "hold-all"}  # rules about what may stand in public say nothing about a letter


class MessageStatus(StrEnum):
    NEW = "new"
    HELD = "held"  # unread, and not mailed: a moderator looks at it first
    READ = "read"
    SPAM = "spam"


class Treatment(StrEnum):
    """What a moderator does with a message."""

    READ = "read"
    SPAM = "spam"
    RELEASE = "release"  # it is fine, mail it to the author


_BECOMES = {
    Treatment.READ: MessageStatus.READ,
    Treatment.SPAM: MessageStatus.SPAM,
    Treatment.RELEASE: MessageStatus.NEW,
}


@dataclass(frozen=True)
class NewMessage:
    """What a reader sent, after its form was found valid. ``client`` is as in ``Submission``."""

    name: str
    email: str
    body: str
    subject: str = ""
    client: str = ""


@dataclass(frozen=True)
class ReaderMessage:
    """A kept message. ``mailed_at``: when its mail was queued, None where it was not. ``body`` is plain text."""

    id: str
    site_id: int
    status: MessageStatus
    name: str
    email: str
    subject: str
    body: str
    created_at: datetime
    reasons: Sequence[Reason] = ()
    mailed_at: datetime | None = None
    version: int = 1


def that_count(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """The policy's reasons that mean something for a letter to one person."""
    return tuple(r for r in reasons if r.code not in _PUBLIC_ONLY)


def status_of(reasons: Sequence[Reason]) -> MessageStatus:
    """Held where the policy objects to the text itself.

    The author of a site expects that abuse and advertising do not reach the mailbox, and that nothing is lost to a
    mistaken machine: such a message waits in the inbox, marked with why, and is mailed when a moderator releases it.
    """
    return MessageStatus.HELD if any(r.code != UNSCREENED for r in that_count(reasons)) else MessageStatus.NEW


def status_after(treatment: Treatment) -> MessageStatus:
    return _BECOMES[treatment]
