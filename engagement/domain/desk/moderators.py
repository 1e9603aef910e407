"""The people at the desk, the keys of programs, and the lines of the audit."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engagement.domain.sites import Site

MIN_PASSWORD, MAX_PASSWORD = 12, 128  # characters
LOGIN_LINK_FOR = timedelta(hours=72)
SESSION_IDLE = timedelta(minutes=30)
SESSION_MOST = timedelta(hours=12)
COMMAND_LINE = "command line"  # who, in the audit, where a command did it


class Scope(StrEnum):
    MODERATE = "moderate"
    ANALYZE = "analyze"


@dataclass(frozen=True)
class Moderator:
    id: int
    email: str
    site_keys: Sequence[str] = ()
    has_password: bool = False


@dataclass(frozen=True)
class DeskSession:
    """Who is signed in; ``csrf`` stands in every form of theirs."""

    moderator: Moderator
    sites: Sequence[Site]
    csrf: str

    @property
    def site_ids(self) -> tuple[int, ...]:
        return tuple(site.id for site in self.sites)


@dataclass(frozen=True)
class ApiKey:
    """A program's key; the key itself is known to its owner alone."""

    site_key: str
    name: str
    scope: Scope
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class AuditLine:
    at: datetime
    who: str
    what: str
    about: str


def token_hash(token: str) -> str:
    """What is kept of a key, a session or a one-time address: SHA-256 in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
