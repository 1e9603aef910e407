"""Readers' messages to a site's author. The id sorts by time, so it is also the cursor."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from engagement.domain.mailing.contact import MessageStatus, ReaderMessage
from engagement.domain.policy import Decision
from engagement.domain.throttling import Recent
from engagement.storage.db import lately
from engagement.storage.discussion import reasons
from engagement.storage.tables import MessageRow

_WAITING = (MessageStatus.NEW.value, MessageStatus.HELD.value)


def add(session: Session, message: ReaderMessage, decision: Decision, *, client_hash: str, text_hash: str) -> None:
    """Raises SQLAlchemy's ``IntegrityError`` at flush for an id that is taken."""
    session.add(
        MessageRow(
            id=message.id,
            site_id=message.site_id,
            status=message.status.value,
            name=message.name,
            email=message.email,
            subject=message.subject,
            body=message.body,
            client_hash=client_hash,
            text_hash=text_hash,
            reasons=reasons.written(message.reasons),
            scores=dict(decision.scores),
            model=decision.model,
            policy=decision.policy,
            created_at=message.created_at,
            mailed_at=message.mailed_at,
            version=message.version,
        )
    )
    session.flush()


def get(session: Session, message_id: str) -> ReaderMessage | None:
    row = session.get(MessageRow, message_id)
    return _message(row) if row else None


def page(
    session: Session, site_ids: Sequence[int], *, status: MessageStatus | None, limit: int, after: str | None
) -> list[ReaderMessage]:
    """Messages of one status or of all, the newest first, behind the id ``after``."""
    query = select(MessageRow).where(MessageRow.site_id.in_(site_ids))
    query = query.where(MessageRow.status == status.value) if status else query
    query = query.where(MessageRow.id < after) if after else query
    return [_message(row) for row in session.scalars(query.order_by(MessageRow.id.desc()).limit(limit))]


def waiting(session: Session, site_ids: Sequence[int]) -> int:
    """How many messages nobody has marked yet."""
    query = select(func.count()).where(MessageRow.site_id.in_(site_ids), MessageRow.status.in_(_WAITING))
    return session.scalar(query) or 0


def recent(session: Session, site_id: int, *, client_hash: str, email: str, text_hash: str, now: datetime) -> Recent:
    """What the same reader, by client or by address, sent in the last hour, and whether this text was sent before."""
    same = [MessageRow.email == email]
    same += [MessageRow.client_hash == client_hash] if client_hash else []
    mine = (MessageRow.site_id == site_id, or_(*same))
    times = session.scalars(
        select(MessageRow.created_at).where(*mine, MessageRow.created_at > now - timedelta(hours=1))
    )
    twin = session.scalar(select(MessageRow.id).where(*mine, MessageRow.text_hash == text_hash).limit(1))
    return Recent(tuple(times), twin is not None)


def repeats(session: Session, site_id: int, text_hash: str, since: datetime) -> int:
    """How many messages to the site hold the same text since then."""
    mine = (MessageRow.site_id == site_id, MessageRow.text_hash == text_hash)
    return session.scalar(select(func.count()).where(*mine, MessageRow.created_at > since)) or 0


def mailed(session: Session, site_id: int, now: datetime, window: timedelta) -> int:
    """How many messages were mailed to the site's author in the last ``window``."""
    query = select(func.count()).where(MessageRow.site_id == site_id, lately(MessageRow.mailed_at, now, window))
    return session.scalar(query) or 0


def change(session: Session, message: ReaderMessage, status: MessageStatus) -> bool:
    """Set the status, if the row still has the version of ``message``; whether it had."""
    done = session.execute(
        update(MessageRow)
        .where(MessageRow.id == message.id, MessageRow.version == message.version)
        .values(status=status.value, version=message.version + 1)
        .returning(MessageRow.id)
    ).first()
    return done is not None


def mail(session: Session, message_id: str, now: datetime) -> None:
    """Write down that its mail was queued."""
    session.execute(update(MessageRow).where(MessageRow.id == message_id).values(mailed_at=now))


def purge(session: Session, before: datetime) -> None:
    """Forget messages that are older, with what was found about them."""
    session.execute(delete(MessageRow).where(MessageRow.created_at < before))


def _message(row: MessageRow) -> ReaderMessage:
    return ReaderMessage(
        id=row.id,
        site_id=row.site_id,
        status=MessageStatus(row.status),
        name=row.name,
        email=row.email,
        subject=row.subject,
        body=row.body,
        created_at=row.created_at,
        reasons=reasons.read(row.reasons),
        mailed_at=row.mailed_at,
        version=row.version,
    )
