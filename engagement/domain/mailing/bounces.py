"""Mails that come back: what a refusal says about an address, and for how long one bad day counts.

Status codes have the form ``class.subject.detail``: RFC 3463, and 5.1.10 of RFC 7505. Reports are those of RFC 3464.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engagement.domain.notices import Delivery, SendOutcome

# A mail server gives a mail up after four or five days (RFC 5321, 4.5.4.1). One that was handed over and has not come
# back by then has arrived; the answer 250 alone says that of no more than the first server on the way.
GIVEN_UP_AFTER = timedelta(days=5)
_MOST, _MOST_KEPT = 1_000, 200

_CODE = r"[45]\.\d{1,3}\.\d{1,3}(?!\.?\d)"  # not the beginning of an IP address
_AT_START = re.compile(rf"\s*({_CODE})", re.ASCII)
_IN_DIAGNOSTIC = re.compile(rf"\s*(?:smtp\s*;)?\s*([45]\d\d)(?:$|[ -]\s*(?:#?({_CODE}))?)", re.ASCII | re.IGNORECASE)
_UNDEFINED = ".0.0"

# The mailbox, or the domain's wish for mail, is not there: bad mailbox, bad domain, bad syntax, ambiguous, moved away,
# null MX, disabled. Not 1.0, which servers also use for senders they do not like.
_NOBODY = frozenset({(1, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 10), (2, 1)})
# About the sender, the system, the protocol, the content or a policy: another mail, or another sender, may pass.
_ABOUT_SENDER = frozenset({(1, 7), (1, 8), (1, 9)})
_ABOUT_US = frozenset({3, 5, 6, 7})


class Meaning(StrEnum):
    """What a mail that did not arrive says about its address."""

    HARD = "hard"  # nobody is there
    SOFT = "soft"  # not now, or nobody can tell
    OTHER = "other"  # nothing: it was about us, or about that one mail


class Source(StrEnum):
    """Who said so."""

    SMTP = "smtp"  # our mail server, while we handed the mail over
    REPORT = "report"  # a delivery status notification, later


@dataclass(frozen=True)
class Bounce:
    """A day on which an address did not take a mail. ``at`` is when that mail was handed over."""

    site_id: int
    email_hash: str
    hard: bool
    source: Source
    status: str
    at: datetime

    @property
    def day(self) -> str:
        """The UTC day, which is what is counted: ten mails of one bad afternoon are one sign."""
        return self.at.date().isoformat()


@dataclass(frozen=True)
class Returned:
    """What a report says of one recipient: by the names it gives, whether for good, and in the server's own words."""

    addresses: tuple[str, ...]
    failed: bool
    status: str
    code: int | None = None
    words: str = ""

    @property
    def meaning(self) -> Meaning:
        return meaning_of(self.status) if self.failed else Meaning.SOFT


@dataclass(frozen=True)
class Report:
    """A delivery status notification: the Message-ID of the mail it is about, "" where it does not say."""

    message_id: str
    recipients: tuple[Returned, ...]


def meaning_of(status: str) -> Meaning:
    """What a status code, or none at all, says about an address."""
    parts = status.split(".")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return Meaning.SOFT
    kind, subject, detail = (int(part) for part in parts)
    if kind != 5:
        return Meaning.SOFT
    if (subject, detail) in _NOBODY:
        return Meaning.HARD
    return Meaning.OTHER if subject in _ABOUT_US or (subject, detail) in _ABOUT_SENDER else Meaning.SOFT


def status_of(delivery: Delivery) -> str | None:
    """The status code of a mail server's refusal, "5.0.0" where it gave none; None for what is no refusal for good.

    The code stands at the start of the answer's text (RFC 2034, 4). A bare 550 may be about us as well as about the
    mailbox (RFC 5321, 4.2.3), so it is no reason to think that nobody is there.
    """
    if delivery.outcome is not SendOutcome.REFUSED or not 500 <= (delivery.code or 0) < 600:
        return None
    found = _AT_START.match(delivery.reply)
    return found[1] if found and found[1].startswith("5") else f"5{_UNDEFINED}"


def of_diagnostic(diagnostic: str) -> tuple[int | None, str]:
    """SMTP code and status code at the start of a ``Diagnostic-Code`` such as ``smtp; 550 5.1.1 no such user``."""
    found = _IN_DIAGNOSTIC.match(diagnostic[:_MOST])
    if found is None:
        return None, ""
    status = found[2] or ""
    return int(found[1]), status if status[:1] == found[1][0] else ""


def better_status(reported: str, diagnosed: str) -> str:
    """The status to believe: the last server's own, unless it is the undefined one; else that of who reports.

    Who reports may have translated a bare reply code into a status of its own making.
    """
    found = _AT_START.match(reported[:_MOST])
    own = found[1] if found else ""
    if diagnosed and not diagnosed.endswith(_UNDEFINED):
        return diagnosed
    return own or diagnosed


def clean(words: bytes | str) -> str:
    """A server's words: at most 200 characters in one line, without anybody's address."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:_MOST]).split())
    return re.sub(r"\S+@\S+", "…", line)[:_MOST_KEPT]
