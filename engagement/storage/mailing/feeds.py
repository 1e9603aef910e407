"""Feeds of sites, and the articles that were seen in them."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from engagement.domain.mailing.articles import POLL_LEASE, Article, Entry, Feed, FeedState, Rhythm, is_news
from engagement.storage.mailing.article_tables import ArticleRow, FeedRow


def by_url(session: Session, site_id: int, url: str) -> Feed | None:
    row = session.scalar(select(FeedRow).where(FeedRow.site_id == site_id, FeedRow.url_key == _key(url)))
    return _feed(row) if row else None


def get(session: Session, feed_id: int, *, lock: bool = False) -> Feed | None:
    query = select(FeedRow).where(FeedRow.id == feed_id)
    row = session.scalar(query.with_for_update() if lock else query)
    return _feed(row) if row else None


def of_sites(session: Session, site_ids: Sequence[int]) -> list[Feed]:
    """All but the removed ones, the oldest first."""
    query = select(FeedRow).where(FeedRow.site_id.in_(site_ids), FeedRow.state != FeedState.REMOVED.value)
    return [_feed(row) for row in session.scalars(query.order_by(FeedRow.id))]


def save(session: Session, feed: Feed, now: datetime) -> Feed:
    """Make (id 0) or change a feed."""
    row = session.get(FeedRow, feed.id) if feed.id else None
    if row is None:
        row = FeedRow(site_id=feed.site_id, url=feed.url, url_key=_key(feed.url), created_at=now)
        session.add(row)
    row.rhythm, row.day, row.state, row.primed = feed.rhythm.value, feed.day, feed.state.value, feed.primed
    row.etag, row.last_modified = feed.etag, feed.last_modified
    row.failures, row.problem, row.polled_at = feed.failures, feed.problem, feed.polled_at
    row.next_poll_at, row.digest_at, row.lease = feed.next_poll_at or now, feed.digest_at, feed.lease
    session.flush()
    return replace(feed, id=row.id)


def claim(session: Session, now: datetime, lease: str, feed_id: int | None = None) -> Feed | None:
    """Take up a feed that is due, or the one that is named, for ``POLL_LEASE``."""
    query = select(FeedRow).where(FeedRow.state == FeedState.ACTIVE.value).order_by(FeedRow.next_poll_at).limit(1)
    query = query.where(FeedRow.next_poll_at <= now) if feed_id is None else query.where(FeedRow.id == feed_id)
    row = session.scalar(query.with_for_update(skip_locked=feed_id is None))
    if row is None:
        return None
    row.lease, row.next_poll_at = lease, now + POLL_LEASE
    session.flush()
    return _feed(row)


def due_digests(session: Session, now: datetime) -> list[int]:
    """Weekly feeds whose day has come."""
    due = (FeedRow.state != FeedState.REMOVED.value, FeedRow.rhythm == Rhythm.WEEKLY.value, FeedRow.digest_at <= now)
    return list(session.scalars(select(FeedRow.id).where(*due).order_by(FeedRow.id)))


def see(session: Session, feed: Feed, entries: Sequence[Entry], *, now: datetime, oldest: timedelta) -> int:
    """Keep what was not seen before, under an identity or an address of this feed; how many of it is news.

    The feed is locked by its caller, so nobody else keeps the same.
    """
    news = 0
    known = _known(session, feed.id, entries)
    for entry in entries:
        keys = {_key(entry.guid)} | ({_key(entry.url)} if entry.url else set())
        if keys & known:
            continue
        known |= keys
        fresh = feed.primed and bool(entry.url) and is_news(entry, now, oldest)
        news += fresh
        session.add(
            ArticleRow(
                feed_id=feed.id,
                guid_key=_key(entry.guid),
                url_key=_key(entry.url),
                url=entry.url,
                title=entry.title,
                summary=entry.summary,
                published_at=min(entry.published_at or now, now),
                first_seen=now,
                news=fresh,
            )
        )
    session.flush()
    return news


def pending(session: Session, feed_id: int) -> list[Article]:
    """News that no campaign has told yet, oldest first."""
    return _articles(session, ArticleRow.feed_id == feed_id, ArticleRow.news, ArticleRow.campaign_id.is_(None))


def of_campaign(session: Session, campaign_id: int) -> list[Article]:
    return _articles(session, ArticleRow.campaign_id == campaign_id)


def tell(session: Session, article_ids: Sequence[int], campaign_id: int) -> None:
    """These are told by a campaign from now on."""
    session.execute(update(ArticleRow).where(ArticleRow.id.in_(article_ids)).values(campaign_id=campaign_id))


def drop_pending(session: Session, feed_id: int) -> None:
    """What was not told yet never will be."""
    untold = (ArticleRow.feed_id == feed_id, ArticleRow.campaign_id.is_(None))
    session.execute(update(ArticleRow).where(*untold).values(news=False))


def _known(session: Session, feed_id: int, entries: Sequence[Entry]) -> set[str]:
    """Keys of identities and addresses that this feed has named before."""
    guids, urls = [_key(e.guid) for e in entries], [_key(e.url) for e in entries if e.url]
    same = or_(ArticleRow.guid_key.in_(guids), ArticleRow.url_key.in_(urls))
    rows = session.execute(select(ArticleRow.guid_key, ArticleRow.url_key).where(ArticleRow.feed_id == feed_id, same))
    return {key for row in rows for key in row} - {_key("")}


def _articles(session: Session, *wanted: object) -> list[Article]:
    query = select(ArticleRow).where(*wanted).order_by(ArticleRow.id)  # type: ignore[arg-type]
    return [Article(r.id, r.url, r.title, r.summary, r.published_at) for r in session.scalars(query)]


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _feed(row: FeedRow) -> Feed:
    return Feed(
        id=row.id,
        site_id=row.site_id,
        url=row.url,
        rhythm=Rhythm(row.rhythm),
        day=row.day,
        state=FeedState(row.state),
        primed=row.primed,
        etag=row.etag,
        last_modified=row.last_modified,
        failures=row.failures,
        problem=row.problem,
        polled_at=row.polled_at,
        next_poll_at=row.next_poll_at,
        digest_at=row.digest_at,
        lease=row.lease,
    )
