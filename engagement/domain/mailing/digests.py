"""When a site's author is told: at once, together with others, or not at all; and the hours of quiet."""

import re
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engagement.domain.sites import SiteRules

QUARTER = timedelta(minutes=15)
MORNING = 8  # o'clock in the site's zone: daily digests, reminders and summaries
MOST_LISTED = 100  # comments in one digest; more are counted
_QUIET = re.compile(r"([01]?\d|2[0-3])-([01]?\d|2[0-3])")


class AuthorMail(StrEnum):
    IMMEDIATE = "immediate"
    QUARTER_HOUR = "quarter-hour"  # the first at once, those of the next 15 minutes in one mail
    HOURLY = "hourly"
    DAILY = "daily"
    OFF = "off"


def hours_of_quiet(text: str) -> tuple[int, int] | None:
    """``"22-7"`` → (22, 7); None for "". Raises ``ValueError`` for hours that are none, or for no hour at all."""
    if not text:
        return None
    found = _QUIET.fullmatch(text)
    if found is None or int(found[1]) == int(found[2]):
        raise ValueError("hours of quiet look like 22-7")
    return int(found[1]), int(found[2])


def zone_of(name: str) -> ZoneInfo:
    """A time zone; UTC on a machine that does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def is_zone(name: str) -> bool:
    try:
        return ZoneInfo(name).key == name
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def published_due(rules: SiteRules, at: datetime, last: datetime | None) -> datetime | None:
    """When the author hears of a comment published ``at``: ``at`` itself is at once, None is never.

    ``last`` is when the last mail about published comments was written.
    """
    mode = AuthorMail(rules.author_mail)
    if mode is AuthorMail.OFF:
        return None
    due = at
    if mode is AuthorMail.QUARTER_HOUR and last is not None:
        due = max(at, last + QUARTER)
    elif mode is AuthorMail.HOURLY:
        due = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    elif mode is AuthorMail.DAILY:
        due = next_time(at, MORNING, zone_of(rules.time_zone))
    return after_quiet(rules, due)


def held_due(rules: SiteRules, at: datetime) -> datetime | None:
    """When the author hears of a comment that waits for a decision: at once, but for hours of quiet; None is never."""
    return None if rules.author_mail == AuthorMail.OFF else after_quiet(rules, at)


def after_quiet(rules: SiteRules, at: datetime) -> datetime:
    """``at``, or the end of the hours of quiet in which it falls."""
    quiet = hours_of_quiet(rules.quiet)
    if quiet is None:
        return at
    zone = zone_of(rules.time_zone)
    start, end = quiet
    hour = at.astimezone(zone).hour
    inside = start <= hour < end if start < end else hour >= start or hour < end
    return next_time(at, end, zone) if inside else at


def next_time(at: datetime, hour: int, zone: ZoneInfo) -> datetime:
    """The next instant after ``at`` when the clocks of a zone show the full ``hour``."""
    day = at.astimezone(zone).date()
    for days in range(3):
        found = datetime.combine(day + timedelta(days=days), time(hour), zone).astimezone(UTC)
        if found > at:
            return found
    raise AssertionError("a day has every hour")  # pragma: no cover - each of the three days has one


def local(rules: SiteRules, at: datetime) -> datetime:
    """An instant on the clocks of the site."""
    return at.astimezone(zone_of(rules.time_zone))
