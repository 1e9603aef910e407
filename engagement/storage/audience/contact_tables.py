"""The tables of the newsletter service's contacts."""

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engagement.storage.db import Base, UtcTime


class ContactJobRow(Base):
    """Addresses whose contact at the newsletter service may not be as it should; the row goes when it is.

    What should stand there is read from the subscriptions when the call is made, so the newest wish wins.
    """

    __tablename__ = "contact_jobs"
    __table_args__ = (Index("ix_contact_jobs_due", "state", "next_attempt_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    erase: Mapped[bool]  # the contact goes altogether: its address was forgotten here
    unblock: Mapped[bool]
    generation: Mapped[int]  # counts the wishes; a call that was made for an older one settles nothing
    state: Mapped[str] = mapped_column(String(12))  # queued, leased, refused
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime] = mapped_column(UtcTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime)
    lease_token: Mapped[str] = mapped_column(String(32))
    last_code: Mapped[int | None]
    last_reply: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcTime)


class ContactWayRow(Base):
    """A row for contacts, one for campaigns: may Brevo be called, since when not (``domain.mailing.contacts.Way``)."""

    __tablename__ = "contact_way"
    id: Mapped[int] = mapped_column(primary_key=True)
    opens_at: Mapped[datetime | None] = mapped_column(UtcTime)
    failures: Mapped[int]
    shut: Mapped[bool]
    since: Mapped[datetime | None] = mapped_column(UtcTime)
    code: Mapped[int | None]
    reply: Mapped[str] = mapped_column(Text)
    key_mark: Mapped[str] = mapped_column(String(64))


class HookEventRow(Base):
    """Calls of webhooks that were dealt with, as keyed hashes; they are sent again whenever an answer is late."""

    __tablename__ = "hook_events"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
