"""Sign-up with double opt-in: a state, not a flag; and how often a mailbox may be written to."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

LinkPurpose = Literal["confirm", "leave", "preferences"]
PENDING_FOR = timedelta(days=7)
MAX_NAME = 100  # characters
MAILS_PER_DAY = 1
MAILS_PER_MONTH, MONTH = 3, timedelta(days=30)


class SubscriptionState(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    LEFT = "left"


NAME_FIELDS = ("NOME", "FIRSTNAME", "NAME")


@dataclass(frozen=True)
class NewsletterForm:
    """A form of a site, as ``POST /f/{key}`` reads it and our own boxes show it.

    ``name_fields``: where a name may stand, the first that is filled counts. ``consent_text`` is the label beside the
    box; a change of it is a new ``version``. ``title`` and ``lead`` stand above the fields, ``success_text`` is what a
    reader is told after signing up; of these texts "" is the house's own. ``redirect_url``: where a plain form leads,
    "" for a page of ours. ``origin``: the only one of the site's that it may be sent from, "" for all of them.
    """

    key: str
    site_id: int
    version: int = 1
    consent_text: str = ""
    consent_needed: bool = True
    name_fields: tuple[str, ...] = NAME_FIELDS
    redirect_url: str = ""
    title: str = ""
    lead: str = ""
    success_text: str = ""
    origin: str = ""


@dataclass(frozen=True)
class Wording:
    """What stood beside the box of a form in a version of it; "" is the house's own wording. ``since`` None: always."""

    version: int
    consent_text: str = ""
    since: datetime | None = None


@dataclass(frozen=True)
class SignUp:
    """What a reader sent. ``consent_text`` is the exact wording shown, ``form`` its key and version.

    The browser's name is not asked for: it proves nothing about who agreed, and would be one more thing to keep.
    """

    email: str
    name: str = ""
    source_url: str = ""
    form: str = "api"
    consent_text: str = ""
    client: str = ""


@dataclass(frozen=True)
class Subscription:
    id: int
    site_id: int
    email: str
    state: SubscriptionState
    created_at: datetime
    version: int = 1
    name: str = ""
    language: str = ""  # "" is the site's
    confirmed_at: datetime | None = None
    left_at: datetime | None = None


def read_name(text: str) -> str:
    """A name with single spaces. Raises ``ValueError`` for one that is too long or has control characters."""
    name = " ".join(text.split())
    if len(name) > MAX_NAME or any(unicodedata.category(c) in {"Cc", "Cs"} for c in name):
        raise ValueError("not a name")
    return name


def may_be_mailed(sent: Sequence[datetime], now: datetime) -> bool:
    """Whether one more confirmation may go to a mailbox: one a day, three in 30 days.

    ``sent`` are the times of earlier confirmations to the same address at the same site.
    """
    day = sum(1 for at in sent if at > now - timedelta(days=1))
    month = sum(1 for at in sent if at > now - MONTH)
    return day < MAILS_PER_DAY and month < MAILS_PER_MONTH
