"""The tables behind spam and imports: challenges, what verdicts taught, reports to checkers, what was taken in."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engagement.storage.db import Base, UtcTime


class ImportedRow(Base):
    """Where a comment came from. It outlives the comment, so that a second import does not bring back what went."""

    __tablename__ = "imported"
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of format and id there
    comment_id: Mapped[str] = mapped_column(String(20))


class ChallengeRow(Base):
    """Challenges that were spent, until they would have expired anyhow."""

    __tablename__ = "spent_challenges"
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)


class SpamReportRow(Base):
    """Verdicts that an outside spam checker has still to hear of."""

    __tablename__ = "spam_reports"
    __table_args__ = (Index("ix_spam_reports_due", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[str] = mapped_column(String(20))
    spam: Mapped[bool]
    attempts: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(UtcTime)


class SpamTokenRow(Base):
    """In how many comments of each verdict a token stood; the token "" counts the comments."""

    __tablename__ = "spam_tokens"
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    token: Mapped[str] = mapped_column(String(32), primary_key=True)  # a keyed hash: words of readers are not kept
    spam: Mapped[int]
    ham: Mapped[int]
