"""The tables of feeds, their articles, and the campaigns that mail them."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engagement.storage.db import Base, UtcTime


class FeedRow(Base):
    __tablename__ = "feeds"
    __table_args__ = (
        UniqueConstraint("site_id", "url_key", name="uq_feeds_site_url"),
        Index("ix_feeds_due", "state", "next_poll_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    url: Mapped[str] = mapped_column(Text)
    url_key: Mapped[str] = mapped_column(String(64))  # SHA-256 of the address
    rhythm: Mapped[str] = mapped_column(String(12))
    day: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))
    primed: Mapped[bool]
    etag: Mapped[str] = mapped_column(Text)
    last_modified: Mapped[str] = mapped_column(Text)
    failures: Mapped[int]
    problem: Mapped[str] = mapped_column(Text)
    polled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    next_poll_at: Mapped[datetime] = mapped_column(UtcTime)
    digest_at: Mapped[datetime | None] = mapped_column(UtcTime)
    lease: Mapped[str] = mapped_column(String(32))  # of the poll that is under way
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class CampaignRow(Base):
    """One mailing of new articles to all confirmed subscribers of a site, and how far it got."""

    __tablename__ = "campaigns"
    __table_args__ = (Index("ix_campaigns_state", "state", "id"), Index("ix_campaigns_site", "site_id", "id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id"))
    kind: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(12))
    cursor: Mapped[int]  # the last subscription whose mail is in the outbox
    walked: Mapped[bool]
    sent: Mapped[int]  # these three when it ended: the outbox forgets
    failed: Mapped[int]
    left_out: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)


class HandoverRow(Base):
    """A campaign that the newsletter service mails for us (``domain.mailing.handovers``); without a row, the outbox."""

    __tablename__ = "handovers"
    __table_args__ = (Index("ix_handovers_due", "due_at"),)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    number: Mapped[int | None] = mapped_column(BigInteger)  # the service's own
    status: Mapped[str] = mapped_column(String(20))
    asked_at: Mapped[datetime | None] = mapped_column(UtcTime)  # written down before the call to send
    looked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcTime)  # None: nothing is to be done
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime)
    lease_token: Mapped[str] = mapped_column(String(32))
    attempts: Mapped[int]
    stopped: Mapped[bool]
    code: Mapped[int | None]
    reply: Mapped[str] = mapped_column(Text)
    sent: Mapped[int]
    delivered: Mapped[int]
    bounced: Mapped[int]
    complaints: Mapped[int]
    unsubscribed: Mapped[int]


class ArticleRow(Base):
    """What a feed has named, kept so that it is news only once."""

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("feed_id", "guid_key", name="uq_articles_feed_guid"),
        Index("ix_articles_url", "feed_id", "url_key"),
        Index("ix_articles_campaign", "campaign_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id"))
    guid_key: Mapped[str] = mapped_column(String(64))  # SHA-256 of the feed's own identity for it
    url_key: Mapped[str] = mapped_column(String(64))
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(UtcTime)
    first_seen: Mapped[datetime] = mapped_column(UtcTime)
    news: Mapped[bool]  # False: seen, and never to be mailed
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))


class BulkPaceRow(Base):
    """How many mails to whole lists were begun in a second; second 0 is nobody's, and is what processes lock."""

    __tablename__ = "bulk_pace"
    second: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    count: Mapped[int]
