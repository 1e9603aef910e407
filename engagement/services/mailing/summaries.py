"""Letters by the calendar: the reminder to moderators while comments wait, and the author's week in numbers."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

from engagement.domain.comments import Status
from engagement.domain.mailing.digests import MORNING, after_quiet, local, zone_of
from engagement.domain.messages import N_
from engagement.domain.notices import Notice, NoticeKind, QueuedNotice
from engagement.domain.sites import Site
from engagement.language import age, moment, say
from engagement.services.ports import Toolbox
from engagement.storage import outbox, queue, sites
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import reports, statistics
from engagement.storage.operations import moderators

WEEK = timedelta(days=7)
MOST_PAGES = 5
_BAR = 24  # characters of the longest bar in the text part
DAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)
STATUSES = {
    Status.PUBLISHED: N_("Published comments"),
    Status.HELD: N_("Held comments"),
    Status.REJECTED: N_("Rejected comments"),
    Status.SPAM: N_("Spam comments"),
    Status.DELETED: N_("Deleted by their authors"),
}


def remind(tools: Toolbox) -> int:
    """Remind the moderators of sites where a comment has waited too long, each once a day; how many letters.

    The key holds the day, so that no number of processes or restarts makes a second one.
    """
    hours, now = tools.settings.mail.remind_after_hours, tools.clock.now()
    if not hours:
        return 0
    written = 0
    for site in _morning_sites(now):
        with transaction() as session:
            count, oldest = queue.waiting(session, [site.id])
            if not count or oldest is None or now - oldest < timedelta(hours=hours):
                continue
            for moderator in moderators.of_site(session, site.id):
                key = f"{site.id}:{moderator.id}:{local(site.rules, now).date()}"
                _queue(tools, session, site, NoticeKind.MODERATION_REMINDER, moderator.email, key, {}, priority=4)
                written += 1
    return written


def summarise(tools: Toolbox) -> int:
    """Queue the week's summary of each site that wants one, once a week; how many.

    A service that was away on Monday morning catches up later in the week.
    """
    now, written = tools.clock.now(), 0
    for site in _morning_sites(now):
        if not site.rules.weekly or not site.author_email:
            continue
        today = local(site.rules, now).date()
        monday = today - timedelta(days=today.weekday())
        with transaction() as session:
            if not any(statistics.by_status(session, site.id, *_week(site, monday)).values()):
                continue
            payload = {"monday": monday.isoformat()}
            key = f"{site.id}:{monday}"
            _queue(tools, session, site, NoticeKind.WEEKLY_SUMMARY, site.author_email, key, payload, priority=8)
            written += 1
    return written


def reminder_facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    """The numbers of now; None when nothing waits any more, or the moderator is one no more."""
    notice = queued.notice
    with reading() as session:
        site = sites.by_id(session, notice.site_id)
        count, oldest = queue.waiting(session, [site.id])
        still = notice.recipient in {m.email for m in moderators.of_site(session, site.id)}
        reported = reports.count(session, [site.id])
    if not count or oldest is None or not still:
        return None
    return _frame(tools, queued, site) | {
        "waiting": count,
        "age": age(tools.clock.now() - oldest, notice.language),
        "reports": reported,
    }


def weekly_facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object]:
    """The seven days before a Monday, on the clocks of the site."""
    notice, tongue = queued.notice, queued.notice.language
    monday = date.fromisoformat(str(notice.payload["monday"]))
    with reading() as session:
        site = sites.by_id(session, notice.site_id)
        since, until = _week(site, monday)
        counts = statistics.by_status(session, site.id, since, until)
        times = statistics.times(session, site.id, since, until)
        pages = statistics.most_discussed(session, site.id, since, MOST_PAGES, until=until)
        waiting, _ = queue.waiting(session, [site.id])
    return _frame(tools, queued, site) | {
        "first": _day(monday - WEEK, tongue),
        "last": _day(monday - timedelta(days=1), tongue),
        "statuses": [(say(name, tongue), counts.get(status, 0)) for status, name in STATUSES.items()],
        "days": _plot(site, monday, times, tongue),
        "pages": [
            {"title": tools.letters.quote(page.title or page.url), "url": page.url, "count": count}
            for page, count in pages
        ],
        "waiting": waiting,
    }


def _plot(site: Site, monday: date, times: list[datetime], tongue: str) -> list[dict[str, object]]:
    """A bar for each day: ``bar`` in characters, ``percent`` of the width; the tallest fills both."""
    found = [local(site.rules, at).date() for at in times]
    counts = [found.count(monday - timedelta(days=7 - day)) for day in range(7)]
    most, names = max(counts) or 1, [say(name, tongue) for name in DAYS]
    width = max(len(name) for name in names)
    return [
        {
            "name": name,
            "padded": name.ljust(width),
            "count": count,
            "bar": "▇" * (-(-count * _BAR // most)),
            "percent": -(-count * 100 // most),
        }
        for name, count in zip(names, counts, strict=True)
    ]


def _morning_sites(now: datetime) -> list[Site]:
    """Sites where it is morning or later, and no hour of quiet."""
    with reading() as session:
        known = sites.every(session)
    return [s for s in known if local(s.rules, now).hour >= MORNING and after_quiet(s.rules, now) == now]


def _week(site: Site, monday: date) -> tuple[datetime, datetime]:
    """The seven days before a Monday, from midnight to midnight of the site's clocks."""
    zone = zone_of(site.rules.time_zone)
    since, until = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (monday - WEEK, monday))
    return since, until


def _day(day: date, tongue: str) -> str:
    return moment(datetime.combine(day, time(), UTC), tongue, "UTC").partition(",")[0]


def _frame(tools: Toolbox, queued: QueuedNotice, site: Site) -> dict[str, object]:
    return {
        "recipient": queued.notice.recipient,
        "created_at": queued.created_at,
        "site_name": site.name,
        "desk_url": f"{tools.settings.server.address}/desk/",
        "thread": f"{queued.notice.kind.value}:{site.key}",
    }


def _queue(
    tools: Toolbox,
    session: Session,
    site: Site,
    kind: NoticeKind,
    recipient: str,
    key: str,
    payload: Mapping[str, str],
    *,
    priority: int,
) -> None:
    notice = Notice(kind, f"{kind.value}:{key}", recipient, site.language, site.id, payload, priority)
    outbox.add(session, notice, tools.clock.now(), tools.settings.mail.domain)
