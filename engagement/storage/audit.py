"""Who did what beside deciding: append only."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engagement.domain.desk.moderators import AuditLine
from engagement.storage.db import lately
from engagement.storage.tables import AuditRow


def write(session: Session, at: datetime, who: str, what: str, about: str = "") -> None:
    session.add(AuditRow(at=at, who=who, what=what, about=about))


def count(session: Session, who: str, what: str, now: datetime, window: timedelta, about: str | None = None) -> int:
    """How often in the last ``window``; ``about`` None: about anything."""
    query = select(func.count()).select_from(AuditRow)
    query = query.where(AuditRow.who == who, AuditRow.what == what, lately(AuditRow.at, now, window))
    return session.scalar(query.where(AuditRow.about == about) if about is not None else query) or 0


def newest(session: Session, who: str, limit: int) -> list[AuditLine]:
    rows = session.scalars(select(AuditRow).where(AuditRow.who == who).order_by(AuditRow.id.desc()).limit(limit))
    return [AuditLine(r.at, r.who, r.what, r.about) for r in rows]
