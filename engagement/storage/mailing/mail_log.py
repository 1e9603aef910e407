"""The outbox as the desk shows it: mails that wait, mails that were given up, and another try for these."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engagement.domain.notices import EXPIRES_AFTER, KeptMail, NoticeKind, OutboxState
from engagement.storage.outbox import PURGE
from engagement.storage.tables import OutboxRow


def listed(
    session: Session, site_ids: Sequence[int], states: Sequence[OutboxState], limit: int, before: int | None
) -> list[KeptMail]:
    """The newest first; ``before`` is the id of the last one that was seen."""
    query = select(OutboxRow).where(
        OutboxRow.site_id.in_(site_ids), OutboxRow.state.in_([s.value for s in states]), OutboxRow.kind != PURGE
    )
    query = query.where(OutboxRow.id < before) if before else query
    return [_mail(row) for row in session.scalars(query.order_by(OutboxRow.id.desc()).limit(limit))]


def get(session: Session, mail_id: int, *, lock: bool = False) -> KeptMail | None:
    query = select(OutboxRow).where(OutboxRow.id == mail_id, OutboxRow.kind != PURGE)
    row = session.scalar(query.with_for_update() if lock else query)
    return _mail(row) if row else None


def by_message_id(session: Session, message_id: str) -> KeptMail | None:
    """The mail of that Message-ID, locked."""
    query = select(OutboxRow).where(OutboxRow.message_id == message_id, OutboxRow.kind != PURGE)
    row = session.scalar(query.with_for_update())
    return _mail(row) if row else None


def queue_again(session: Session, mail_id: int, now: datetime) -> None:
    """As if it were new, so that its links are good again; the Message-ID stays."""
    row = session.get_one(OutboxRow, mail_id)
    row.state, row.attempts, row.lease_token, row.lease_until = OutboxState.QUEUED.value, 0, "", None
    row.why, row.created_at, row.next_attempt_at, row.expires_at = "", now, now, now + EXPIRES_AFTER


def counts(session: Session) -> dict[OutboxState, int]:
    """How many mails of each state there are."""
    found = session.execute(
        select(OutboxRow.state, func.count()).where(OutboxRow.kind != PURGE).group_by(OutboxRow.state)
    )
    return {OutboxState(state): count for state, count in found}


def _mail(row: OutboxRow) -> KeptMail:
    return KeptMail(
        id=row.id,
        kind=NoticeKind(row.kind),
        site_id=row.site_id,
        recipient=row.recipient,
        state=OutboxState(row.state),
        attempts=row.attempts,
        code=row.last_code,
        reply=row.last_reply,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        sent_at=row.sent_at,
        why=row.why,
    )
