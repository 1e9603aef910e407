"""The table of what readers ask of the newsletter and nobody has looked up yet."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engagement.storage.db import Base, UtcTime


class WishRow(Base):
    """A wish as a door took it in, whatever is known of its address; the row goes when it is carried out."""

    __tablename__ = "newsletter_wishes"
    __table_args__ = (Index("ix_newsletter_wishes_due", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    what: Mapped[str] = mapped_column(String(8))  # join, leave
    email: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(UtcTime)
    name: Mapped[str] = mapped_column(Text)
    form: Mapped[str] = mapped_column(String(80))
    consent_text: Mapped[str] = mapped_column(Text)
    source_url: Mapped[str] = mapped_column(Text)
    client_hash: Mapped[str] = mapped_column(String(32))  # keyed by the day, as that of a comment
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    attempts: Mapped[int]
