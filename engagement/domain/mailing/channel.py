"""When the way out of all mails is broken: stop, let one mail find out later, and go on or stop for longer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engagement.domain.notices import Delivery

# After the n-th failure in a row nothing is tried for PAUSES[n - 1]; the last one is for all that follow.
PAUSES = (timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5))


class Channel:
    """A circuit breaker. It lives in the memory of one process, on purpose.

    A restart after mending the mail settings tries at once, and each of several workers finds out with one mail of
    its own. The mails themselves wait in the outbox, untouched but for the one that was tried.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._until: datetime | None = None

    def opens_at(self, now: datetime) -> datetime:
        """When the next mail may be tried; ``now`` where nothing forbids it."""
        if self._until is None or self._until - now > PAUSES[-1]:  # no pause is that long: the clock was set back
            return now
        return max(now, self._until)

    def heard(self, delivery: Delivery, now: datetime) -> bool:
        """Learn from a try; True when no mail may be tried for a while."""
        if not delivery.blames_channel:
            self._failures, self._until = 0, None
            return False
        self._failures += 1
        self._until = now + PAUSES[min(self._failures, len(PAUSES)) - 1]
        return True


ANY = 100  # above every priority
BULK = 7  # from this priority a mail can wait: the last fifth of every rate is kept for the others


@dataclass(frozen=True)
class ChannelState:
    """What all processes know: until when nothing is tried and why, and until when the rates have no room."""

    paused_until: datetime | None = None
    code: int | None = None
    reply: str = ""
    full_until: datetime | None = None


@dataclass(frozen=True)
class Rates:
    """At most so many mails in a minute and in 24 hours; 0 switches a rate off."""

    per_minute: int = 0
    per_day: int = 0

    def __bool__(self) -> bool:
        return bool(self.per_minute or self.per_day)

    def room(self, minute: int, day: int) -> int:
        """Mails of a priority below this may go, after so many in the last minute and day; 0 means none."""
        used = [(minute, self.per_minute), (day, self.per_day)]
        if any(most and count >= most for count, most in used):
            return 0
        return BULK if any(most and count >= max(1, most * 4 // 5) for count, most in used) else ANY
