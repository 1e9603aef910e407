"""Comments that wait to be screened again: leased, counted before the run, given up after three tries."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engagement.storage.tables import CommentRow

TRIES = 3
LEASE = timedelta(minutes=2)
WAITS = (timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30))


def put(session: Session, comment_id: str, now: datetime) -> None:
    """Ask for a first new try a little later."""
    session.execute(update(CommentRow).where(CommentRow.id == comment_id).values(screen_at=now + WAITS[0]))


def claim(session: Session, now: datetime, token: str, limit: int) -> list[str]:
    """Ids of due comments, leased to ``token``.

    The try is counted now, so that one which kills the process counts too.
    """
    due = (
        select(CommentRow.id)
        .where(CommentRow.screen_at <= now, CommentRow.screen_attempts < TRIES)
        .order_by(CommentRow.screen_at, CommentRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(CommentRow)
        .where(CommentRow.id.in_(due.scalar_subquery()))
        .values(screen_lease=token, screen_at=now + LEASE, screen_attempts=CommentRow.screen_attempts + 1)
        .returning(CommentRow.id)
    )
    return list(session.scalars(taken))


def neglected(session: Session, now: datetime, patience: timedelta) -> bool:
    """Whether a comment has been due for longer than ``patience`` while nobody takes any up."""
    due = (CommentRow.screen_at <= now - patience) & (CommentRow.screen_attempts < TRIES)
    taken = (CommentRow.screen_at > now) & (CommentRow.screen_lease != "")
    overdue = session.scalar(select(CommentRow.id).where(due).limit(1)) is not None
    return overdue and session.scalar(select(CommentRow.id).where(taken).limit(1)) is None


def put_back(session: Session, comment_id: str, token: str, now: datetime) -> None:
    """After a try without an answer: wait longer, or stay with a person after the last one."""
    row = session.get(CommentRow, comment_id)
    if row is None or row.screen_lease != token:
        return
    row.screen_at = now + WAITS[row.screen_attempts - 1] if row.screen_attempts < TRIES else None
    row.screen_lease = ""


def done(session: Session, comment_id: str) -> None:
    """Nothing is left to screen; a person decides."""
    session.execute(update(CommentRow).where(CommentRow.id == comment_id).values(screen_at=None, screen_lease=""))
