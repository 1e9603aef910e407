"""Verdicts that an outside spam checker has still to hear of."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engagement.storage.discussion.spam_tables import SpamReportRow


def put(session: Session, comment_id: str, spam: bool, now: datetime) -> None:
    """The newest verdict about a comment takes the place of one that still waits."""
    session.execute(delete(SpamReportRow).where(SpamReportRow.comment_id == comment_id))
    session.add(SpamReportRow(comment_id=comment_id, spam=spam, attempts=0, due_at=now))


def claim(session: Session, now: datetime, until: datetime, limit: int) -> list[tuple[int, str, bool, int]]:
    """``(number, comment, spam, attempts)`` of those that are due; nobody else gets them before ``until``."""
    wanted = select(SpamReportRow).where(SpamReportRow.due_at <= now).order_by(SpamReportRow.id).limit(limit)
    rows = session.scalars(wanted.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.due_at, row.attempts = until, row.attempts + 1
    return [(row.id, row.comment_id, row.spam, row.attempts) for row in rows]


def done(session: Session, number: int) -> None:
    session.execute(delete(SpamReportRow).where(SpamReportRow.id == number))
