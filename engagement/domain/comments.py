"""The path of a comment in words: submission (sent), comment (kept), receipt (answered)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from engagement.domain.policy import Decision

MAX_AUTHOR = 245  # characters; this and the next two are WordPress's limits
MAX_EMAIL = 100
MAX_WEBSITE = 200
MAX_TITLE = 300

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_BITS, _RANDOM_BITS = 50, 50


class Status(StrEnum):
    RECEIVED = "received"  # not screened yet
    PUBLISHED = "published"
    HELD = "held"
    REJECTED = "rejected"
    SPAM = "spam"
    DELETED = "deleted"


@dataclass(frozen=True)
class Submission:
    """What a reader sent, after its form was found valid.

    ``page_url`` is normalised. ``client`` is the bucket of the network address (IPv4 /32, IPv6 /64) and is
    never stored. ``door`` names the way in: ``api``, ``form``.
    """

    page_url: str
    author: str
    body: str
    page_title: str = ""
    email: str = ""
    website: str = ""
    parent: str | None = None
    notify_replies: bool = False
    client: str = ""
    door: str = "api"


@dataclass(frozen=True)
class Comment:
    """A kept comment, with all that the inside of the house may know of it."""

    id: str
    site_id: int
    page_id: int
    status: Status
    author: str
    body: str
    body_html: str
    created_at: datetime
    parent: str | None = None
    email: str = ""
    website: str = ""
    notify_replies: bool = False
    edited_at: datetime | None = None
    votes: int = 0
    replies: int = 0
    version: int = 1
    page_url: str = ""
    page_title: str = ""


@dataclass(frozen=True)
class Receipt:
    """The answer to a submission. ``replayed`` tells that an Idempotency-Key found it again.

    ``edit_token`` is for the author alone, good until ``edit_until``.
    """

    comment: Comment
    decision: Decision
    edit_token: str = ""
    edit_until: datetime | None = None
    replayed: bool = False


@dataclass(frozen=True)
class Preview:
    """What a text would look like. ``reconsider``: for its words it would not be published straight away."""

    body_html: str
    reconsider: bool


@dataclass(frozen=True)
class Thread:
    """One page of a page's published comments. ``next`` is a cursor, or None at the end."""

    url: str
    title: str
    open: bool
    version: int
    count: int
    comments: Sequence[Comment] = field(default_factory=tuple)
    next: str | None = None


def comment_id(at: datetime, randomness: int) -> str:
    """A 20-character id that sorts by time: 50 bits of milliseconds, 50 bits of ``randomness`` (Crockford base 32).

    Raises ``ValueError`` for randomness outside its 50 bits.
    """
    if not 0 <= randomness < 1 << _RANDOM_BITS:
        raise ValueError("randomness must have 50 bits")
    number = int(at.timestamp() * 1000) << _RANDOM_BITS | randomness
    digits = (_TIME_BITS + _RANDOM_BITS) // 5
    return "".join(_CROCKFORD[number >> 5 * place & 31] for place in reversed(range(digits)))
