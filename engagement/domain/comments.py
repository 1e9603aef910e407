"""The path of a comment in words: submission (sent), comment (kept), receipt (answered)."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from engagement.domain.policy import Decision

MAX_AUTHOR = 245  # characters; this and the next two are WordPress's limits
MAX_EMAIL = 100
MAX_WEBSITE = 200
MAX_TITLE = 300

SHORT_GIST = 20  # letters; shorter texts are said by many
LONG_GIST = 80  # and of a text without an address
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_ID = re.compile(r"[0-9a-z]{20}")
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
    never stored.
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
    signs: tuple[str, ...] = ()  # of spam, seen at the door (``domain.spam``)
    challenge: str = ""  # the nonce of a proof of work that was found right, to be spent


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
    votes: int = 0  # ups less downs
    rank: int = 0  # domain.discussion.ranking.rank of them
    replies: int = 0
    version: int = 1
    page_url: str = ""
    page_title: str = ""
    edit: int | None = None  # the id of an ``Edit`` that waits
    language: str = ""  # domain.discussion.tongue.told of what is seen of it; "": too short to tell


@dataclass(frozen=True)
class Edit:
    """A new text for a published comment that waits for a moderator; the published one stays meanwhile."""

    id: int
    comment: str
    body: str
    body_html: str
    sent_at: datetime


class EditOutcome(StrEnum):
    UNCHANGED = "unchanged"
    CHANGED = "changed"  # the new text stands
    WAITING = "waiting"  # the published text stands until a moderator has read the new one
    REJECTED = "rejected"  # nothing changed


@dataclass(frozen=True)
class EditReceipt:
    """The answer to an edit. ``comment`` is what stands now, ``body`` the text that was sent."""

    outcome: EditOutcome
    comment: Comment
    decision: Decision
    body: str
    edit_token: str = ""
    edit_until: datetime | None = None


@dataclass(frozen=True)
class Receipt:
    """The answer to a submission.

    ``edit_token`` is for the author alone, good until ``edit_until``. ``appeal`` is where to ask
    for another look at a rejected comment; "" where its author left no address to answer to.
    """

    comment: Comment
    decision: Decision
    edit_token: str = ""
    edit_until: datetime | None = None
    appeal: str = ""


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


def is_id(text: str) -> bool:
    """Whether ``text`` can be the id of a comment at all; anything else need not be looked for."""
    return _ID.fullmatch(text) is not None


def text_hash(body: str) -> str:
    """SHA-256 of a text without its case and its white space: equal for what a reader would call the same."""
    return hashlib.sha256(" ".join(body.casefold().split()).encode()).hexdigest()


def gist_hash(body: str) -> str:
    """SHA-256 of a text's letters alone, without accents, addresses, numbers and signs; "" for a short one.

    Equal for what spammers send with another number, link or smiley each time. Without an address in it a text has to
    be long: "Terzo giorno: funziona" may be said again of the fourth.
    """
    bare = unicodedata.normalize("NFKD", _ADDRESS.sub(" ", body.casefold()))
    letters = "".join(c for c in bare if c.isalpha())
    least = SHORT_GIST if _ADDRESS.search(body.casefold()) else LONG_GIST
    return hashlib.sha256(letters.encode("utf-8", "surrogatepass")).hexdigest() if len(letters) >= least else ""
