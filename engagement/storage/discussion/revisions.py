"""Former texts of comments, and new ones that wait for a moderator."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Edit
from engagement.storage.tables import CommentRow, RevisionRow

FORMER, WAITING, APPLIED, REFUSED = "former", "waiting", "applied", "refused"


def keep_former(session: Session, comment: Comment, now: datetime) -> None:
    """Keep the text that is about to be replaced."""
    session.add(
        RevisionRow(comment_id=comment.id, state=FORMER, body=comment.body, body_html=comment.body_html, at=now)
    )


def hold(session: Session, comment: Comment, body: str, body_html: str, now: datetime) -> int:
    """Keep a new text for a moderator, in place of an earlier one that still waited; its id."""
    if comment.edit is not None:
        settle(session, comment.edit, REFUSED)
    row = RevisionRow(comment_id=comment.id, state=WAITING, body=body, body_html=body_html, at=now)
    session.add(row)
    session.flush()
    return row.id


def get(session: Session, edit_id: int) -> Edit | None:
    row = session.get(RevisionRow, edit_id)
    return Edit(row.id, row.comment_id, row.body, row.body_html, row.at) if row else None


def attach(session: Session, comment_id: str, version: int, edit_id: int | None, risk: float) -> bool:
    """Let a comment point to the text that waits, or to none; whether it still had ``version``."""
    done = session.execute(
        update(CommentRow)
        .where(CommentRow.id == comment_id, CommentRow.version == version)
        .values(edit_id=edit_id, version=version + 1, risk=risk, screen_at=None, screen_lease="", screen_attempts=0)
        .returning(CommentRow.id)
    ).first()
    return done is not None


def settle(session: Session, edit_id: int, state: str) -> None:
    session.execute(update(RevisionRow).where(RevisionRow.id == edit_id).values(state=state))


def forget(session: Session, comment_id: str) -> None:
    session.execute(delete(RevisionRow).where(RevisionRow.comment_id == comment_id))
