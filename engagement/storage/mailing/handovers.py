"""Campaigns that the newsletter service mails for us: whose turn it is, and what became of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from engagement.domain.mailing.articles import CampaignState
from engagement.domain.mailing.handovers import LEASE, LOOKS_APART, Figures, Handover
from engagement.storage.mailing.article_tables import CampaignRow, HandoverRow

_UNFINISHED = (CampaignState.SENDING.value, CampaignState.PAUSED.value)


def begin(session: Session, campaign_id: int, key: str, now: datetime) -> None:
    """From now on the campaign goes this way and no other; its row is locked by the caller."""
    figures = {"sent": 0, "delivered": 0, "bounced": 0, "complaints": 0, "unsubscribed": 0}
    session.add(
        HandoverRow(
            campaign_id=campaign_id,
            key=key,
            status="",
            due_at=now,
            lease_token="",
            attempts=0,
            stopped=False,
            reply="",
            **figures,
        )
    )
    session.flush()


def get(session: Session, campaign_id: int) -> Handover | None:
    row = session.get(HandoverRow, campaign_id)
    return _handover(row) if row else None


def of_campaigns(session: Session, campaign_ids: Sequence[int]) -> dict[int, Handover]:
    rows = session.scalars(select(HandoverRow).where(HandoverRow.campaign_id.in_(campaign_ids)))
    return {row.campaign_id: _handover(row) for row in rows}


def claim(session: Session, now: datetime, token: str) -> Handover | None:
    """Lease the handover that is due: one that has to be sent before one that is only looked at.

    The try is counted before it runs. Looks keep ``LOOKS_APART``, so that they leave calls for the others.
    """
    sending = CampaignRow.state == CampaignState.SENDING.value
    free = or_(HandoverRow.lease_until.is_(None), HandoverRow.lease_until <= now)
    query = select(HandoverRow).join(CampaignRow, CampaignRow.id == HandoverRow.campaign_id)
    query = query.where(HandoverRow.due_at <= now, free).order_by(sending.desc(), HandoverRow.due_at).limit(1)
    looked = select(HandoverRow.campaign_id).where(HandoverRow.looked_at > now - LOOKS_APART).limit(1)
    if session.scalar(looked) is not None:
        query = query.where(sending)
    row = session.scalar(query.with_for_update(skip_locked=True, of=HandoverRow))
    if row is None:
        return None
    row.lease_until, row.lease_token = now + LEASE, token
    row.attempts += 1
    session.flush()
    return _handover(row)


def ask(session: Session, handover: Handover, now: datetime) -> bool:
    """Write down that the service is told to send, before it is; False when the lease is lost or it was halted."""
    # The campaign is locked first, as everywhere: two orders would wait for each other.
    state = session.scalar(select(CampaignRow.state).where(CampaignRow.id == handover.campaign_id).with_for_update())
    row = _leased(session, handover)
    if row is None or state != CampaignState.SENDING.value:
        return False
    row.asked_at = row.asked_at or now
    return True


def finish(session: Session, handover: Handover) -> bool:
    """Write down what became of a try; False when the lease went to somebody else meanwhile."""
    row = _leased(session, handover)
    if row is None:
        return False
    row.lease_until, row.lease_token = None, ""
    row.number, row.status, row.looked_at = handover.number, handover.status[:20], handover.looked_at
    row.due_at, row.attempts, row.stopped = handover.due_at, handover.attempt, handover.stopped
    row.code, row.reply = handover.code, handover.reply
    told = handover.figures
    row.sent, row.delivered, row.bounced = told.sent, told.delivered, told.bounced
    row.complaints, row.unsubscribed = told.complaints, told.unsubscribed
    return True


def again(session: Session, now: datetime, campaign_id: int | None = None) -> None:
    """What went wrong is mended: try now, one campaign or all that are not finished.

    A campaign that is gone there is looked for anew, and made again where it is not found.
    """
    chosen = (
        HandoverRow.campaign_id == campaign_id
        if campaign_id is not None
        else HandoverRow.campaign_id.in_(select(CampaignRow.id).where(CampaignRow.state.in_(_UNFINISHED)))
    )
    gone = and_(chosen, HandoverRow.stopped, HandoverRow.code == 404)
    session.execute(update(HandoverRow).where(gone).values(number=None, status="", asked_at=None))
    values = {"due_at": now, "attempts": 0, "stopped": False, "code": None, "reply": ""}
    session.execute(update(HandoverRow).where(chosen).values(values))


def troubled(session: Session) -> list[Handover]:
    """Those of unfinished campaigns whose last call did not do, the oldest first."""
    query = select(HandoverRow).join(CampaignRow, CampaignRow.id == HandoverRow.campaign_id)
    query = query.where(CampaignRow.state.in_(_UNFINISHED), HandoverRow.code.is_not(None))
    return [_handover(row) for row in session.scalars(query.order_by(HandoverRow.campaign_id))]


def waiting(session: Session) -> int:
    """How many campaigns have still to be sent this way."""
    query = select(func.count()).select_from(HandoverRow).join(CampaignRow, CampaignRow.id == HandoverRow.campaign_id)
    return session.scalar(query.where(CampaignRow.state.in_(_UNFINISHED))) or 0


def _leased(session: Session, handover: Handover) -> HandoverRow | None:
    mine = (HandoverRow.campaign_id == handover.campaign_id, HandoverRow.lease_token == handover.token)
    return session.scalar(select(HandoverRow).where(*mine).with_for_update())


def _handover(row: HandoverRow) -> Handover:
    return Handover(
        campaign_id=row.campaign_id,
        key=row.key,
        number=row.number,
        status=row.status,
        asked_at=row.asked_at,
        looked_at=row.looked_at,
        due_at=row.due_at,
        attempt=row.attempts,
        stopped=row.stopped,
        code=row.code,
        reply=row.reply,
        figures=Figures(row.sent, row.delivered, row.bounced, row.complaints, row.unsubscribed),
        token=row.lease_token,
    )
