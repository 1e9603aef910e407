"""The tables behind letters: who may be told of replies, news that waits to be told together, the channel."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engagement.storage.db import Base, UtcTime


class ReplyConsentRow(Base):
    """An address that asked to be told of replies on a site; the proof stands in ``consents``."""

    __tablename__ = "reply_consents"
    __table_args__ = (UniqueConstraint("site_id", "email", name="uq_reply_consents_site_email"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    email: Mapped[str] = mapped_column(String(254))
    state: Mapped[str] = mapped_column(String(12))  # as a subscription's
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ReplyMuteRow(Base):
    """A page whose replies an address wants to hear no more of."""

    __tablename__ = "reply_mutes"
    consent_id: Mapped[int] = mapped_column(ForeignKey("reply_consents.id", ondelete="CASCADE"), primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("pages.id"), primary_key=True)


class AnnouncementRow(Base):
    """A comment that was published, in the transaction that published it; gone once readers' letters are queued."""

    __tablename__ = "announcements"
    comment_id: Mapped[str] = mapped_column(String(20), primary_key=True)


class NewsRow(Base):
    """A comment its site's author will be told of together with others, from ``due_at``."""

    __tablename__ = "news"
    __table_args__ = (
        UniqueConstraint("site_id", "comment_id", name="uq_news_comment"),
        Index("ix_news_due", "due_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    comment_id: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime] = mapped_column(UtcTime)


class MailTryRow(Base):
    """A mail that was handed over lately, for the rates of the channel; forgotten after a day."""

    __tablename__ = "mail_tries"
    __table_args__ = (Index("ix_mail_tries_at", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    outbox_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcTime)


class MailChannelRow(Base):
    """What all processes know of the way out: one row. It is also the lock under which rates are counted."""

    __tablename__ = "mail_channel"
    id: Mapped[int] = mapped_column(primary_key=True)
    paused_until: Mapped[datetime | None] = mapped_column(UtcTime)
    code: Mapped[int | None]
    reply: Mapped[str] = mapped_column(Text)  # the server's last line, bounded, without addresses
    full_until: Mapped[datetime | None] = mapped_column(UtcTime)  # when the rates leave room again


class BounceRow(Base):
    """A day on which an address, kept as a keyed hash, did not take a mail of a site."""

    __tablename__ = "bounces"
    __table_args__ = (
        UniqueConstraint("site_id", "email_hash", "day", "source", "hard", name="uq_bounces_day"),
        Index("ix_bounces_hash", "email_hash"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    email_hash: Mapped[str] = mapped_column(String(64))  # HMAC-SHA256 under the installation's secret
    hard: Mapped[bool]
    source: Mapped[str] = mapped_column(String(8))  # smtp, report
    status: Mapped[str] = mapped_column(String(11))  # as in RFC 3463
    day: Mapped[str] = mapped_column(String(10))  # of ``at``, in UTC
    at: Mapped[datetime] = mapped_column(UtcTime)  # when that mail was handed over
    passed_at: Mapped[datetime | None] = mapped_column(UtcTime)  # when a later one was taken, and has not come back
