"""The outbox: mails to be, written in the transaction of what they tell about, sent under a lease."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select, true, update
from sqlalchemy.orm import Session

from engagement.domain.mailing.articles import CampaignState
from engagement.domain.notices import (
    EXPIRES_AFTER,
    LEASE,
    Delivery,
    Notice,
    NoticeKind,
    OutboxState,
    QueuedNotice,
    SendOutcome,
    next_try,
)
from engagement.storage.db import insert
from engagement.storage.mailing.article_tables import CampaignRow
from engagement.storage.tables import OutboxRow

PURGE = "page-purge"  # rows of ``storage.operations.purges``, which are no mails
_WAITING = (OutboxState.QUEUED.value, OutboxState.RETRY.value)
_DONE = [s.value for s in (OutboxState.SENT, OutboxState.FAILED, OutboxState.EXPIRED, OutboxState.SUPPRESSED)]


def add(session: Session, notice: Notice, now: datetime, message_domain: str, *, due: datetime | None = None) -> None:
    """Queue a notice; a second one with the same key is the same notice and changes nothing. It is sent from ``due``.

    Every try carries the same Message-ID. It cannot be guessed, for who knows it is believed about a mail that came
    back (``services.mailing.bounces``), and keys count upwards.
    """
    digest = secrets.token_hex(12)
    session.execute(
        insert(session, OutboxRow)
        .values(
            key=notice.key,
            kind=notice.kind.value,
            site_id=notice.site_id,
            recipient=notice.recipient,
            language=notice.language,
            payload=dict(notice.payload),
            message_id=f"<n.{digest}.{notice.kind.value}@{message_domain}>",
            priority=notice.priority,
            state=OutboxState.QUEUED.value,
            attempts=0,
            next_attempt_at=due or now,
            lease_token="",
            last_reply="",
            created_at=now,
            expires_at=(due or now) + EXPIRES_AFTER,
            campaign_id=notice.campaign,
        )
        .on_conflict_do_nothing()
    )


def last_written(session: Session, site_id: int, kinds: Sequence[NoticeKind]) -> datetime | None:
    """When the newest mail of these kinds was queued for a site."""
    query = select(func.max(OutboxRow.created_at))
    return session.scalar(query.where(OutboxRow.site_id == site_id, OutboxRow.kind.in_(kinds)))


def claim(
    session: Session, now: datetime, limit: int, token: str, *, below: int | None = None, bulk: bool = False
) -> list[QueuedNotice]:
    """Lease what is due to ``token``; the try is counted before it runs. Leases that ended are due again.

    ``below`` leaves mails of that priority and less urgent ones alone. ``bulk``: mails of campaigns that are not
    paused, which are left alone otherwise.
    """
    wanted = _of_moving_campaigns() if bulk else OutboxRow.campaign_id.is_(None)
    session.execute(
        update(OutboxRow)
        .where(or_(OutboxRow.state.in_(_WAITING), _lapsed(now)), OutboxRow.expires_at <= now, wanted)
        .values(state=OutboxState.EXPIRED.value, lease_token="", lease_until=None)
    )
    fresh = (OutboxRow.state.in_(_WAITING)) & (OutboxRow.next_attempt_at <= now)
    due = (
        select(OutboxRow.id)
        .where(or_(fresh, _lapsed(now)), wanted, OutboxRow.kind != PURGE)
        .where(true() if below is None else OutboxRow.priority < below)
        .order_by(OutboxRow.priority, OutboxRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(due))
    if not ids:
        return []
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(ids))
        .values(
            state=OutboxState.LEASED.value,
            lease_until=now + LEASE,
            lease_token=token,
            attempts=OutboxRow.attempts + 1,
        )
    )
    rows = session.scalars(select(OutboxRow).where(OutboxRow.id.in_(ids)).order_by(OutboxRow.priority, OutboxRow.id))
    return [_queued(row) for row in rows]


def bulk_due(session: Session, now: datetime) -> bool:
    """Whether a mail of a campaign could be claimed."""
    fresh = (OutboxRow.state.in_(_WAITING)) & (OutboxRow.next_attempt_at <= now)
    due = select(OutboxRow.id).where(or_(fresh, _lapsed(now)), _of_moving_campaigns())
    return session.scalar(due.limit(1)) is not None


def finish(session: Session, row_id: int, token: str, *, delivery: Delivery, now: datetime, jitter: float) -> bool:
    """Write down what became of a try; False when the lease went to somebody else meanwhile."""
    row = session.scalar(
        select(OutboxRow).where(OutboxRow.id == row_id, OutboxRow.lease_token == token).with_for_update()
    )
    if row is None or row.state != OutboxState.LEASED.value:
        return False
    row.last_code, row.last_reply = delivery.code, delivery.reply[:500]
    row.lease_until, row.lease_token = None, ""
    if delivery.outcome is SendOutcome.SENT:
        row.state, row.sent_at = OutboxState.SENT.value, now
    elif delivery.outcome is SendOutcome.REFUSED:
        row.state = OutboxState.FAILED.value
    else:
        row.state = OutboxState.RETRY.value
        if delivery.outcome is SendOutcome.CHANNEL:
            row.attempts -= 1  # the way was broken; the message is not to blame, and waits no longer than at first
            row.next_attempt_at = next_try(1, now, jitter)
        else:
            row.next_attempt_at = next_try(row.attempts, now, jitter)
    return True


def suppress(session: Session, row_id: int, token: str, why: str = "") -> None:
    """The reason to send is gone, or there is one not to: ``why`` is that of the list of those not written to."""
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.lease_token == token)
        .values(state=OutboxState.SUPPRESSED.value, why=why, lease_token="", lease_until=None)
    )


def revive(session: Session, key: str, now: datetime) -> None:
    """The reason to send is back: a suppressed notice is queued again, as if it were new; others stay as they are."""
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.key == key, OutboxRow.state == OutboxState.SUPPRESSED.value)
        .values(state=OutboxState.QUEUED.value, why="", attempts=0, next_attempt_at=now, expires_at=now + EXPIRES_AFTER)
    )


def age_of_oldest_due(session: Session, now: datetime) -> timedelta:
    """How long the most overdue mail has been waiting; a number to alarm on."""
    urgent = OutboxRow.campaign_id.is_(None) & (OutboxRow.kind != PURGE)  # others wait because they are meant to
    waiting = select(func.min(OutboxRow.next_attempt_at)).where(
        OutboxRow.state.in_(_WAITING), OutboxRow.next_attempt_at <= now, urgent
    )
    lapsed = select(func.min(OutboxRow.lease_until)).where(_lapsed(now), urgent)
    since = [at for at in (session.scalar(waiting), session.scalar(lapsed)) if at is not None]
    return now - min(since) if since else timedelta(0)


def neglected(session: Session, now: datetime, patience: timedelta) -> bool:
    """Whether a mail has been due for longer than ``patience`` while nobody took any up."""
    if age_of_oldest_due(session, now) <= patience:
        return False
    begun = (OutboxRow.state == OutboxState.LEASED.value) & (OutboxRow.lease_until > now + LEASE - patience)
    return session.scalar(select(OutboxRow.id).where(begun).limit(1)) is None


def purge(session: Session, before: datetime) -> None:
    """Forget rows that were finished and are older than ``before``."""
    session.execute(delete(OutboxRow).where(OutboxRow.state.in_(_DONE), OutboxRow.created_at < before))


def _of_moving_campaigns() -> ColumnElement[bool]:
    paused = select(CampaignRow.id).where(CampaignRow.state == CampaignState.PAUSED.value)
    return OutboxRow.campaign_id.is_not(None) & OutboxRow.campaign_id.not_in(paused)


def _lapsed(now: datetime) -> ColumnElement[bool]:
    return (OutboxRow.state == OutboxState.LEASED.value) & (OutboxRow.lease_until <= now)


def _queued(row: OutboxRow) -> QueuedNotice:
    notice = Notice(
        kind=NoticeKind(row.kind),
        key=row.key,
        recipient=row.recipient,
        language=row.language,
        site_id=row.site_id,
        payload=row.payload,
        priority=row.priority,
        campaign=row.campaign_id,
    )
    return QueuedNotice(
        id=row.id,
        notice=notice,
        message_id=row.message_id,
        attempt=row.attempts,
        token=row.lease_token,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
