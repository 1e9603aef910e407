"""The house's own limits over stored comments; those at the door are Flask-Limiter's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engagement.domain.errors import DuplicateComment, TooManyRequests


@dataclass(frozen=True)
class FloodLimits:
    """At most so many comments of one author in a minute and in an hour; 0 switches a limit off."""

    per_minute: int = 5
    per_hour: int = 30


@dataclass(frozen=True)
class Recent:
    """What the same author sent in the last hour (``times``), and whether this very text stands there already.

    An author is the same by client address of the day or by e-mail address.
    """

    times: Sequence[datetime] = ()
    same_text: bool = False


def throttle(recent: Recent, limits: FloodLimits, now: datetime) -> None:
    """Raise ``DuplicateComment`` or ``TooManyRequests`` (with the longest wait); say nothing when all is well."""
    if recent.same_text:
        raise DuplicateComment
    waits = []
    for most, window in ((limits.per_minute, timedelta(minutes=1)), (limits.per_hour, timedelta(hours=1))):
        # What lies further ahead was sent before the clock was set back.
        inside = sorted(t for t in recent.times if now - window < t <= now + window)
        if most and len(inside) >= most:
            freed = inside[len(inside) - most] + window
            waits.append(int((freed - now).total_seconds()) + 1)
    if waits:
        raise TooManyRequests(max(waits))
