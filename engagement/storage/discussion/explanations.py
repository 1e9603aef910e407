"""Which words moved a comment's labels: asked for, leased, counted before the run, given up after three tries."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from engagement.domain.screening import Span
from engagement.storage.tables import ExplanationRow

TRIES = 3
LEASE = timedelta(minutes=2)
WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))


def put(session: Session, comment_id: str, now: datetime) -> None:
    """Ask for an explanation, in place of any earlier one."""
    forget(session, comment_id)
    session.add(ExplanationRow(comment_id=comment_id, due_at=now, attempts=0, lease="", text_mark="", spans=[]))


def forget(session: Session, comment_id: str) -> None:
    session.execute(delete(ExplanationRow).where(ExplanationRow.comment_id == comment_id))


def claim(session: Session, now: datetime, token: str) -> str | None:
    """The id of a comment that is due, leased to ``token``; None where nothing is.

    One at a time, and counted now: a text that kills the process costs nobody else a try.
    """
    due = (
        select(ExplanationRow.comment_id)
        .where(ExplanationRow.due_at <= now, ExplanationRow.attempts < TRIES)
        .order_by(ExplanationRow.due_at, ExplanationRow.comment_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(ExplanationRow)
        .where(ExplanationRow.comment_id.in_(due.scalar_subquery()))
        .values(lease=token, due_at=now + LEASE, attempts=ExplanationRow.attempts + 1)
        .returning(ExplanationRow.comment_id)
    )
    return session.scalar(taken)


def keep(session: Session, comment_id: str, token: str, *, text_mark: str, spans: Sequence[Span]) -> bool:
    """Keep the explanation of the text that ``text_mark`` names, if the lease is still ours; whether it was."""
    kept = [{"begin": s.begin, "end": s.end, "label": s.label, "score": s.score} for s in spans]
    done = session.execute(
        update(ExplanationRow)
        .where(ExplanationRow.comment_id == comment_id, ExplanationRow.lease == token)
        .values(due_at=None, lease="", text_mark=text_mark, spans=kept)
        .returning(ExplanationRow.comment_id)
    ).first()
    return done is not None


def put_back(session: Session, comment_id: str, token: str, now: datetime) -> None:
    """After a try without an answer: wait longer, or leave it at that after the last one."""
    row = session.get(ExplanationRow, comment_id)
    if row is None or row.lease != token:
        return
    row.due_at = now + WAITS[row.attempts - 1] if row.attempts < TRIES else None
    row.lease = ""


def of(session: Session, comment_ids: Sequence[str]) -> dict[str, tuple[str, tuple[Span, ...]]]:
    """Comment → (mark of the explained text, spans), of those that have an explanation."""
    query = select(ExplanationRow).where(ExplanationRow.comment_id.in_(comment_ids), ExplanationRow.text_mark != "")
    return {row.comment_id: (row.text_mark, tuple(Span(**s) for s in row.spans)) for row in session.scalars(query)}
