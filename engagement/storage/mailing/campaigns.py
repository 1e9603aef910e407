"""Campaigns, and how far each has walked through the subscriptions of its site."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engagement.domain.mailing.articles import Campaign, CampaignState, Progress, Recipient
from engagement.domain.newsletter import SubscriptionState
from engagement.domain.notices import EXPIRES_AFTER, WAITING, NoticeKind, OutboxState
from engagement.storage.mailing.article_tables import CampaignRow
from engagement.storage.tables import OutboxRow, SubscriptionRow

_WAITING = [state.value for state in WAITING]
_OVER = {CampaignState.DONE, CampaignState.CANCELLED, CampaignState.HANDED_OVER}


def add(session: Session, site_id: int, feed_id: int, kind: NoticeKind, now: datetime) -> int:
    row = CampaignRow(
        site_id=site_id,
        feed_id=feed_id,
        kind=kind.value,
        state=CampaignState.SENDING.value,
        cursor=0,
        walked=False,
        sent=0,
        failed=0,
        left_out=0,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def get(session: Session, campaign_id: int, *, lock: bool = False) -> Campaign | None:
    query = select(CampaignRow).where(CampaignRow.id == campaign_id)
    row = session.scalar(query.with_for_update() if lock else query)
    return _campaign(row) if row else None


def moving(session: Session) -> list[int]:
    """Campaigns that are to be sent, the oldest first."""
    query = select(CampaignRow.id).where(CampaignRow.state == CampaignState.SENDING.value)
    return list(session.scalars(query.order_by(CampaignRow.id)))


def newest(session: Session, site_ids: Sequence[int], limit: int) -> list[Campaign]:
    query = select(CampaignRow).where(CampaignRow.site_id.in_(site_ids)).order_by(CampaignRow.id.desc()).limit(limit)
    return [_campaign(row) for row in session.scalars(query)]


def unfinished(session: Session, feed_id: int) -> list[int]:
    states = [state.value for state in CampaignState if state not in _OVER]
    query = select(CampaignRow.id).where(CampaignRow.feed_id == feed_id, CampaignRow.state.in_(states))
    return list(session.scalars(query.order_by(CampaignRow.id)))


def next_recipients(session: Session, campaign: Campaign, limit: int) -> list[Recipient]:
    """Confirmed subscribers after the cursor, in the order of their ids."""
    row = SubscriptionRow
    query = select(row.id, row.version, row.email, row.language).where(
        row.site_id == campaign.site_id, row.state == SubscriptionState.CONFIRMED.value, row.id > campaign.cursor
    )
    return [Recipient(*found) for found in session.execute(query.order_by(row.id).limit(limit))]


def move(session: Session, campaign_id: int, cursor: int, *, walked: bool) -> None:
    session.execute(update(CampaignRow).where(CampaignRow.id == campaign_id).values(cursor=cursor, walked=walked))


def change(session: Session, campaign_id: int, state: CampaignState, now: datetime) -> None:
    """Write a campaign's state; one that ends keeps its figures."""
    values: dict[str, object] = {"state": state.value}
    if state in _OVER:
        told = _counted(session, campaign_id)
        values |= {"sent": told.sent, "failed": told.failed, "left_out": told.left_out, "finished_at": now}
    session.execute(update(CampaignRow).where(CampaignRow.id == campaign_id).values(values))


def waiting(session: Session, campaign_id: int) -> int:
    """Mails in the outbox that are not finished."""
    query = select(func.count()).where(OutboxRow.campaign_id == campaign_id, OutboxRow.state.in_(_WAITING))
    return session.scalar(query) or 0


def drop_waiting(session: Session, campaign_id: int) -> None:
    """Nothing more of it is sent; a mail that is under way just now cannot be called back."""
    idle = OutboxRow.state.in_([OutboxState.QUEUED.value, OutboxState.RETRY.value])
    mails = update(OutboxRow).where(OutboxRow.campaign_id == campaign_id, idle)
    session.execute(mails.values(state=OutboxState.SUPPRESSED.value))


def renew_waiting(session: Session, campaign_id: int, now: datetime) -> None:
    """After a pause, which may have been longer than a mail is kept."""
    mails = update(OutboxRow).where(OutboxRow.campaign_id == campaign_id, OutboxRow.state.in_(_WAITING))
    session.execute(mails.values(expires_at=now + EXPIRES_AFTER))


def progress(session: Session, campaign: Campaign) -> Progress:
    told = _counted(session, campaign.id)
    if campaign.state in _OVER:
        row = session.get_one(CampaignRow, campaign.id)
        # What is there now, for mails still under way went and others came back; as it was, once they are forgotten.
        at_end, now = Progress(0, row.sent, row.failed, row.left_out), replace(told, waiting=0)
        return max(now, at_end, key=lambda one: one.sent + one.failed + one.left_out)
    if campaign.walked:
        return told
    row_ = SubscriptionRow
    ahead = select(func.count()).where(
        row_.site_id == campaign.site_id, row_.state == SubscriptionState.CONFIRMED.value, row_.id > campaign.cursor
    )
    return Progress(told.waiting + (session.scalar(ahead) or 0), told.sent, told.failed, told.left_out)


def _counted(session: Session, campaign_id: int) -> Progress:
    query = select(OutboxRow.state, func.count()).where(OutboxRow.campaign_id == campaign_id)
    by_state = {row.state: int(row[1]) for row in session.execute(query.group_by(OutboxRow.state))}

    def sum_of(*states: str) -> int:
        return sum(by_state.get(state, 0) for state in states)

    return Progress(
        waiting=sum_of(*_WAITING),
        sent=sum_of(OutboxState.SENT.value),
        failed=sum_of(OutboxState.FAILED.value, OutboxState.EXPIRED.value),
        left_out=sum_of(OutboxState.SUPPRESSED.value),
    )


def _campaign(row: CampaignRow) -> Campaign:
    return Campaign(
        id=row.id,
        site_id=row.site_id,
        feed_id=row.feed_id,
        kind=row.kind,
        state=CampaignState(row.state),
        cursor=row.cursor,
        walked=row.walked,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
