"""Notices of readers about comments."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engagement.domain.discussion.reports import KeptReport, Report, ReportReason, ReportState
from engagement.storage.tables import ReportRow


def add(session: Session, site_id: int, report: Report, reference: str, now: datetime) -> None:
    session.add(
        ReportRow(
            reference=reference,
            site_id=site_id,
            comment_id=report.comment,
            reason=report.reason.value,
            explanation=report.explanation,
            name=report.name,
            email=report.email,
            state=ReportState.OPEN.value,
            created_at=now,
            settled_at=None,
        )
    )
    session.flush()


def earlier(session: Session, comment_id: str, email: str, reason: ReportReason) -> str | None:
    """The reference of an open notice of the same person about the same."""
    if not email:
        return None
    return session.scalar(
        select(ReportRow.reference).where(
            ReportRow.comment_id == comment_id,
            ReportRow.email == email,
            ReportRow.reason == reason.value,
            ReportRow.state == ReportState.OPEN.value,
        )
    )


def sent_by(session: Session, email: str, since: datetime) -> int:
    """How many notices since then, on all sites, name that address; each is answered by a mail."""
    mine = (func.lower(ReportRow.email) == email.lower(), ReportRow.created_at > since)
    return session.scalar(select(func.count()).select_from(ReportRow).where(*mine)) or 0


def waiting(session: Session, site_ids: Sequence[int], limit: int) -> list[KeptReport]:
    """Open notices, the oldest first."""
    query = select(ReportRow).where(ReportRow.site_id.in_(site_ids), ReportRow.state == ReportState.OPEN.value)
    return [_kept(row) for row in session.scalars(query.order_by(ReportRow.id).limit(limit))]


def count(session: Session, site_ids: Sequence[int]) -> int:
    query = select(func.count()).select_from(ReportRow)
    query = query.where(ReportRow.site_id.in_(site_ids), ReportRow.state == ReportState.OPEN.value)
    return session.scalar(query) or 0


def by_reference(session: Session, reference: str) -> KeptReport | None:
    row = session.scalar(select(ReportRow).where(ReportRow.reference == reference))
    return _kept(row) if row else None


def settle(session: Session, comment_id: str, state: ReportState, now: datetime) -> list[KeptReport]:
    """Close every open notice about a comment; those that were closed."""
    taken = (
        update(ReportRow)
        .where(ReportRow.comment_id == comment_id, ReportRow.state == ReportState.OPEN.value)
        .values(state=state.value, settled_at=now)
        .returning(ReportRow)
    )
    return [_kept(row) for row in session.scalars(taken)]


def _kept(row: ReportRow) -> KeptReport:
    return KeptReport(
        reference=row.reference,
        comment=row.comment_id,
        reason=ReportReason(row.reason),
        explanation=row.explanation,
        name=row.name,
        email=row.email,
        state=ReportState(row.state),
        created_at=row.created_at,
        settled_at=row.settled_at,
    )
