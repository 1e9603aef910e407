"""What has been kept long enough, found and forgotten in small steps so that no writer waits for long."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, aliased

from engagement.domain.comments import Status
from engagement.storage.tables import (
    AuditRow,
    CommentRow,
    DecisionRow,
    DeskSessionRow,
    LoginLinkRow,
    ReportRow,
    RevisionRow,
    VoteRow,
)

_REFUSED = (Status.REJECTED.value, Status.SPAM.value)


def forget_refused(session: Session, before: datetime, limit: int) -> int:
    """Forget at most ``limit`` comments that were refused, and not touched since ``before``; how many.

    One that has been answered stays as an empty tombstone, so that the answers keep their place.
    """
    touched = select(DecisionRow.id).where(DecisionRow.comment_id == CommentRow.id, DecisionRow.at >= before)
    old = (CommentRow.status.in_(_REFUSED), CommentRow.created_at < before, ~touched.exists())
    # The newest first: answers are newer than what they answer, so a whole refused branch goes.
    wanted = select(CommentRow.id).where(*old).order_by(CommentRow.id.desc()).limit(limit)
    ids = list(session.scalars(wanted.with_for_update(skip_locked=True)))
    for table in (DecisionRow, RevisionRow, VoteRow, ReportRow):
        session.execute(delete(table).where(table.comment_id.in_(ids)))
    answers = aliased(CommentRow)
    for comment_id in ids:
        answered = session.scalar(select(answers.id).where(answers.parent == comment_id).limit(1)) is not None
        if answered:
            session.execute(update(CommentRow).where(CommentRow.id == comment_id).values(_EMPTY))
        else:
            session.execute(delete(CommentRow).where(CommentRow.id == comment_id))
    return len(ids)


def forget_audit(session: Session, before: datetime, limit: int) -> int:
    """Forget at most ``limit`` lines of the audit that are older than ``before``; how many."""
    old = select(AuditRow.id).where(AuditRow.at < before).order_by(AuditRow.id).limit(limit)
    ids = list(session.scalars(old))
    session.execute(delete(AuditRow).where(AuditRow.id.in_(ids)))
    return len(ids)


def forget_logins(session: Session, *, links_before: datetime, sessions_before: datetime) -> None:
    """Forget login addresses that expired, and sessions that began too long ago to be good."""
    session.execute(delete(LoginLinkRow).where(LoginLinkRow.expires_at < links_before))
    session.execute(delete(DeskSessionRow).where(DeskSessionRow.created_at < sessions_before))


_EMPTY = {
    "status": Status.DELETED.value,
    "author": "",
    "email": "",
    "website": "",
    "body": "",
    "body_html": "",
    "notify_replies": False,
    "client_hash": "",
    "text_hash": "",
    "gist": "",
}
