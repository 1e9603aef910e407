"""The tables of sites, comments and readers; those of later capabilities stand in ``…_tables``.

Times are UTC; JSON columns hold small, closed shapes written by this room alone.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
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
        Index("ix_comments_gist", "site_id", "gist", "created_at"),
        Index("ix_comments_screen", "screen_at"),
        Index("ix_comments_popular", "page_id", "status", "rank"),
        Index("ix_comments_edit", "site_id", "edit_id"),
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
    client_hash: Mapped[str] = mapped_column(String(32))  # under the key of the day, which is destroyed two days later
    text_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcTime)
    votes: Mapped[int]
    ups: Mapped[int] = mapped_column(default=0)
    downs: Mapped[int] = mapped_column(default=0)
    rank: Mapped[int] = mapped_column(default=0)  # domain.discussion.ranking.rank of ups and downs
    replies: Mapped[int]
    version: Mapped[int]
    edit_id: Mapped[int | None]  # the revision that waits for a moderator while the published text stays
    risk: Mapped[float]
    language: Mapped[str] = mapped_column(String(8), default="")  # domain.discussion.tongue.told of what is seen of it
    gist: Mapped[str] = mapped_column(String(64), default="")  # domain.comments.gist_hash of the text
    learnt: Mapped[str] = mapped_column(String(4), default="")  # spam or ham, as the filter was taught
    screen_at: Mapped[datetime | None] = mapped_column(UtcTime)  # when to screen again; None: nothing to do
    screen_attempts: Mapped[int]
    screen_lease: Mapped[str] = mapped_column(String(32))


class RevisionRow(Base):
    """Texts of a comment that stand no more, or wait to stand."""

    __tablename__ = "revisions"
    __table_args__ = (Index("ix_revisions_comment", "comment_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[str] = mapped_column(ForeignKey("comments.id"))
    state: Mapped[str] = mapped_column(String(12))  # former, waiting, applied, refused
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)


class VoteRow(Base):
    """A reader's vote. ``voter`` is keyed by the comment too, so that votes on two comments cannot be joined."""

    __tablename__ = "votes"
    comment_id: Mapped[str] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    voter: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcTime)


class ReportRow(Base):
    __tablename__ = "reports"
    __table_args__ = (
        Index("ix_reports_comment", "comment_id", "state"),
        Index("ix_reports_open", "site_id", "state", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    comment_id: Mapped[str] = mapped_column(ForeignKey("comments.id"))
    reason: Mapped[str] = mapped_column(String(20))
    explanation: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(String(254))
    state: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)


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


class MessageRow(Base):
    """Readers' messages to a site's author: the desk's inbox."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_inbox", "site_id", "id"),
        Index("ix_messages_status", "site_id", "status", "id"),
        Index("ix_messages_client", "site_id", "client_hash", "created_at"),
        Index("ix_messages_email", "site_id", "email", "created_at"),
        Index("ix_messages_text", "site_id", "text_hash", "created_at"),
        Index("ix_messages_mailed", "site_id", "mailed_at"),
        Index("ix_messages_created", "created_at"),
    )
    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    status: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    client_hash: Mapped[str] = mapped_column(String(32))  # keyed by the day, as that of a comment
    text_hash: Mapped[str] = mapped_column(String(64))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    scores: Mapped[dict[str, float]] = mapped_column(JSON)
    model: Mapped[str] = mapped_column(Text)
    policy: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    mailed_at: Mapped[datetime | None] = mapped_column(UtcTime)  # when its mail was queued; None: it was not
    version: Mapped[int]


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
    __table_args__ = (
        Index("ix_outbox_due", "state", "next_attempt_at"),
        Index("ix_outbox_campaign", "campaign_id", "state"),
    )
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
    why: Mapped[str] = mapped_column(
        String(12), default=""
    )  # a suppressed one: the line of the list; "": no reason left
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    campaign_id: Mapped[int | None]  # a mail to a whole list: slower, and after all others


class NewsletterFormRow(Base):
    __tablename__ = "newsletter_forms"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    version: Mapped[int]
    consent_text: Mapped[str] = mapped_column(Text)
    consent_needed: Mapped[bool]
    name_fields: Mapped[list[str]] = mapped_column(JSON)
    redirect_url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    lead: Mapped[str] = mapped_column(Text)
    success_text: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class FormWordingRow(Base):
    """What stood beside the box in each version of a form; append only, for readers may send an older page."""

    __tablename__ = "form_wordings"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    consent_text: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime | None] = mapped_column(UtcTime)


class PostRow(Base):
    """Which article a WordPress post number stands for."""

    __tablename__ = "posts"
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)


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
    language: Mapped[str] = mapped_column(String(8), default="")  # chosen by the person; "": the site's
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ConsentRow(Base):
    """Proof of consent: what was shown and done, when; append only, and forgotten where no consent came of it."""

    __tablename__ = "consents"
    __table_args__ = (
        Index("ix_consents_mailbox", "site_id", "email_hash", "at"),
        Index("ix_consents_what", "what", "at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    email_hash: Mapped[str] = mapped_column(String(64))  # HMAC-SHA256 under the installation's secret
    what: Mapped[str] = mapped_column(String(12))  # as ``storage.newsletter.Proof`` says
    at: Mapped[datetime] = mapped_column(UtcTime)
    form: Mapped[str] = mapped_column(String(80))
    consent_text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    source_url: Mapped[str] = mapped_column(Text)
    client_hash: Mapped[str] = mapped_column(String(32))
    method: Mapped[str] = mapped_column(String(20))  # form, link, one-click, page, import, or what Brevo told


class SuppressionRow(Base):
    """Addresses, as keyed hashes, that a site does not write to."""

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("site_id", "email_hash", name="uq_suppressions_site_hash"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    email_hash: Mapped[str] = mapped_column(String(64))  # HMAC-SHA256 under the installation's secret
    reason: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcTime)


class SuggestionRow(Base):
    """What a Perspective client's moderators say a text should have scored, for later learning."""

    __tablename__ = "suggestions"
    __table_args__ = (Index("ix_suggestions_site", "site_id", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    key_name: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UtcTime)
    text: Mapped[str] = mapped_column(Text)  # "" where the client asked us to keep none
    scores: Mapped[dict[str, Any]] = mapped_column(JSON)
    languages: Mapped[list[str]] = mapped_column(JSON)
    detected: Mapped[list[str]] = mapped_column(JSON)
    community: Mapped[str] = mapped_column(Text)
    token: Mapped[str] = mapped_column(Text)
    session: Mapped[str] = mapped_column(Text)
