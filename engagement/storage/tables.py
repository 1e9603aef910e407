"""The tables. Times are UTC; JSON columns hold small, closed shapes written by this room alone."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engagement.storage.db import Base, UtcTime


class SiteRow(Base):
    __tablename__ = "sites"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    origins: Mapped[list[str]] = mapped_column(JSON)
    author_email: Mapped[str] = mapped_column(String(254))
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class PageRow(Base):
    __tablename__ = "pages"
    __table_args__ = (UniqueConstraint("site_id", "url", name="uq_pages_site_url"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    open: Mapped[bool]
    version: Mapped[int]
    count: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class CommentRow(Base):
    __tablename__ = "comments"
    __table_args__ = (
        Index("ix_comments_thread", "page_id", "status", "id"),
        Index("ix_comments_queue", "site_id", "status", "id"),
        Index("ix_comments_client", "site_id", "client_hash", "created_at"),
        Index("ix_comments_email", "site_id", "email", "created_at"),
        Index("ix_comments_text", "site_id", "text_hash", "created_at"),
        Index("ix_comments_screen", "screen_at"),
    )
    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    page_id: Mapped[int] = mapped_column(ForeignKey("pages.id"))
    parent: Mapped[str | None] = mapped_column(ForeignKey("comments.id"))
    status: Mapped[str] = mapped_column(String(12))
    author: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(String(254))
    website: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    notify_replies: Mapped[bool]
    client_hash: Mapped[str] = mapped_column(String(32))  # keyed by the day; "" once the day is over
    text_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcTime)
    votes: Mapped[int]
    replies: Mapped[int]
    version: Mapped[int]
    risk: Mapped[float]
    screen_at: Mapped[datetime | None] = mapped_column(UtcTime)  # when to screen again; None: nothing to do
    screen_attempts: Mapped[int]
    screen_lease: Mapped[str] = mapped_column(String(32))


class DecisionRow(Base):
    """The log of a comment: every decision, machine's and people's; append only."""

    __tablename__ = "decisions"
    __table_args__ = (Index("ix_decisions_comment", "comment_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[str] = mapped_column(ForeignKey("comments.id"))
    at: Mapped[datetime] = mapped_column(UtcTime)
    actor: Mapped[str] = mapped_column(String(16))
    who: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(String(24))
    status_before: Mapped[str] = mapped_column(String(12))
    status_after: Mapped[str] = mapped_column(String(12))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    scores: Mapped[dict[str, float]] = mapped_column(JSON)
    model: Mapped[str] = mapped_column(Text)
    policy: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    comment_version: Mapped[int]


class ExplanationRow(Base):
    """Which words moved a held comment's labels. ``due_at`` None: nothing to do; ``text_mark`` "": none made yet."""

    __tablename__ = "explanations"
    __table_args__ = (Index("ix_explanations_due", "due_at"),)
    comment_id: Mapped[str] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    attempts: Mapped[int]
    lease: Mapped[str] = mapped_column(String(32))
    text_mark: Mapped[str] = mapped_column(String(32))  # of the text that was explained; an edited one is another
    spans: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class IdempotencyRow(Base):
    __tablename__ = "idempotency_keys"
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of route and key
    fingerprint: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class OutboxRow(Base):
    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "state", "next_attempt_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    recipient: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(8))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime] = mapped_column(UtcTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime)
    lease_token: Mapped[str] = mapped_column(String(32))
    last_code: Mapped[int | None]
    last_reply: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)


class SecretRow(Base):
    """Keys of the day for client hashes; a destroyed key makes yesterday's hashes meaningless."""

    __tablename__ = "day_keys"
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))


class ModeratorRow(Base):
    __tablename__ = "moderators"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)  # Argon2id; "" until the first login set one
    active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class ModeratorSiteRow(Base):
    __tablename__ = "moderator_sites"
    moderator_id: Mapped[int] = mapped_column(ForeignKey("moderators.id"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True)


class LoginLinkRow(Base):
    """One-time login addresses; only the SHA-256 of the token is kept."""

    __tablename__ = "login_links"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    moderator_id: Mapped[int] = mapped_column(ForeignKey("moderators.id"))
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)


class DeskSessionRow(Base):
    __tablename__ = "desk_sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    moderator_id: Mapped[int] = mapped_column(ForeignKey("moderators.id"))
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    seen_at: Mapped[datetime] = mapped_column(UtcTime)


class ApiKeyRow(Base):
    __tablename__ = "api_keys"
    __table_args__ = (UniqueConstraint("site_id", "name", name="uq_api_keys_site_name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    name: Mapped[str] = mapped_column(String(80))
    scope: Mapped[str] = mapped_column(String(12))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)


class AuditRow(Base):
    """Logins, keys, settings: who did what and when; append only."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(String(40))
    about: Mapped[str] = mapped_column(Text)


class SubscriptionRow(Base):
    __tablename__ = "subscriptions"
    __table_args__ = (UniqueConstraint("site_id", "email", name="uq_subscriptions_site_email"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ConsentRow(Base):
    """Proof of consent: what was shown and done, when; append only."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_mailbox", "site_id", "email_hash", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    email_hash: Mapped[str] = mapped_column(String(64))  # HMAC-SHA256 under the installation's secret
    what: Mapped[str] = mapped_column(String(12))  # asked, mailed, confirmed, left
    at: Mapped[datetime] = mapped_column(UtcTime)
    form: Mapped[str] = mapped_column(String(80))
    consent_text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    source_url: Mapped[str] = mapped_column(Text)
    client_hash: Mapped[str] = mapped_column(String(32))
    method: Mapped[str] = mapped_column(String(20))  # form, link, one-click
