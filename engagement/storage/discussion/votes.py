"""Votes: one row a reader and comment, the last word counts; the sums stand with the comment."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from engagement.domain.discussion.ranking import rank
from engagement.storage.tables import CommentRow, VoteRow


def cast(session: Session, comment_id: str, voter: str, value: int, now: datetime) -> bool:
    """Count a vote of -1, 0 (taken back) or 1; whether it changed anything.

    The comment's page must be locked, so that the sums and the rows agree.
    """
    row = session.get(VoteRow, (comment_id, voter))
    before = row.value if row else 0
    if before == value:
        return False
    if row is None:
        session.add(VoteRow(comment_id=comment_id, voter=voter, value=value, at=now))
    else:
        row.value, row.at = value, now
    ups = (value > 0) - (before > 0)
    downs = (value < 0) - (before < 0)
    now_ups, now_downs = session.execute(
        select(CommentRow.ups + ups, CommentRow.downs + downs).where(CommentRow.id == comment_id)
    ).one()
    session.execute(
        update(CommentRow)
        .where(CommentRow.id == comment_id)
        .values(
            ups=now_ups,
            downs=now_downs,
            votes=CommentRow.votes + ups - downs,
            rank=rank(max(0, now_ups), max(0, now_downs)),
        )
    )
    return True


def forget(session: Session, comment_id: str) -> None:
    session.execute(delete(VoteRow).where(VoteRow.comment_id == comment_id))


def purge(session: Session, before: datetime) -> None:
    """Forget who voted before then; the sums stay."""
    session.execute(delete(VoteRow).where(VoteRow.at < before))
