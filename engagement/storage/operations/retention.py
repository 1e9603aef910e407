"""What has been kept long enough, found and forgotten in small steps so that no writer waits for long."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, aliased

from engagement.domain.comments import Status
from engagement.storage import pages
from engagement.storage.comments import ERASED
from engagement.storage.tables import (
    AuditRow,
    CommentRow,
    DecisionRow,
    DeskSessionRow,
    ExplanationRow,
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
    wanted = select(CommentRow.id, CommentRow.page_id).where(*old).order_by(CommentRow.id.desc())
    found = session.execute(wanted.limit(limit)).all()
    pages.lock_all(session, (page_id for _, page_id in found))
    still = wanted.where(CommentRow.id.in_([comment_id for comment_id, _ in found]))
    gone = session.execute(still.with_for_update()).all()
    for table in (DecisionRow, RevisionRow, VoteRow, ReportRow, ExplanationRow):
        session.execute(delete(table).where(table.comment_id.in_([comment_id for comment_id, _ in gone])))
    answers = aliased(CommentRow)
    for comment_id, page_id in gone:
        answered = session.scalar(select(answers.id).where(answers.parent == comment_id).limit(1)) is not None
        if answered:
            session.execute(update(CommentRow).where(CommentRow.id == comment_id).values(ERASED))
            pages.changed(session, page_id)  # an empty place is shown where nothing was
        else:
            session.execute(delete(CommentRow).where(CommentRow.id == comment_id))
    return len(gone)


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
