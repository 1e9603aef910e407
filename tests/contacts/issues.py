"""Campaigns of new articles, without a feed that somebody serves."""

from datetime import datetime, timedelta

from engagement.domain.mailing.articles import Entry, Feed
from engagement.domain.notices import NoticeKind
from engagement.domain.sites import Site
from engagement.services.mailing import campaigns as work
from engagement.services.ports import Toolbox
from engagement.storage.db import transaction
from engagement.storage.mailing import campaigns, feeds
from tests.fakes import StoppedClock


def campaign_about(site: Site, now: datetime, *titles: str) -> int:
    """A campaign that tells of articles and was not begun."""
    with transaction() as session:
        feed = feeds.by_url(session, site.id, "https://blog.example/feed")
        feed = feed or feeds.save(session, Feed(0, site.id, "https://blog.example/feed", primed=True), now)
        url = "https://blog.example/{}"
        entries = [Entry(f"{title}{now}", url.format(abs(hash((title, now)))), title, "Un sunto") for title in titles]
        feeds.see(session, feed, entries, now=now, oldest=timedelta(days=7))
        told = feeds.pending(session, feed.id)
        campaign = campaigns.add(session, site.id, feed.id, NoticeKind.NEW_ARTICLE, now)
        feeds.tell(session, [article.id for article in told], campaign)
    return campaign


def run(
    tools: Toolbox, clock: StoppedClock, until: timedelta = timedelta(0), *, every: timedelta = timedelta(minutes=2)
) -> None:
    """All work on campaigns that is due now, and every so often until some time has gone by."""
    end = clock.now() + until
    while True:
        for _ in range(50):
            if not work.advance(tools):
                break
        else:
            raise AssertionError("the work does not end")
        if clock.now() >= end:
            return
        clock.move(seconds=int(every.total_seconds()))
