"""What all processes know of the way out of mails: why it pauses, and how many were handed over lately."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from engagement.domain.mailing.channel import ChannelState
from engagement.storage.db import insert
from engagement.storage.mailing.mail_tables import MailChannelRow, MailTryRow

_ONLY = 1
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def lately(session: Session, now: datetime) -> tuple[int, int]:
    """How many mails were handed over in the last minute and the last day.

    Whoever asks holds the channel until its transaction ends: of two processes one waits, and counts the other's.
    """
    _ensure(session)
    session.execute(select(MailChannelRow.id).where(MailChannelRow.id == _ONLY).with_for_update())
    # Those further ahead were counted before the clock was set back; they must not fill the rates until it is there.
    session.execute(delete(MailTryRow).where(or_(MailTryRow.at <= now - DAY, MailTryRow.at > now + MINUTE)))
    count = select(func.count()).select_from(MailTryRow)
    minute = session.scalar(count.where(MailTryRow.at > now - MINUTE)) or 0
    return minute, session.scalar(count) or 0


def count_try(session: Session, outbox_id: int, now: datetime) -> None:
    session.add(MailTryRow(outbox_id=outbox_id, at=now))


def take_back(session: Session, outbox_id: int) -> None:
    """That mail was not handed over after all."""
    newest = select(func.max(MailTryRow.id)).where(MailTryRow.outbox_id == outbox_id).scalar_subquery()
    session.execute(delete(MailTryRow).where(MailTryRow.id == newest))


def full(session: Session, until: datetime) -> None:
    """Write down that the rates leave no room for some mails, so that nobody takes waiting ones for forgotten."""
    _ensure(session)
    session.execute(update(MailChannelRow).where(MailChannelRow.id == _ONLY).values(full_until=until))


def pause(session: Session, until: datetime, code: int | None, reply: str) -> None:
    _ensure(session)
    paused = {"paused_until": until, "code": code, "reply": reply[:200]}
    session.execute(update(MailChannelRow).where(MailChannelRow.id == _ONLY).values(paused))


def resume(session: Session) -> None:
    """A mail went through."""
    row = update(MailChannelRow).where(MailChannelRow.paused_until.is_not(None))
    session.execute(row.values(paused_until=None, code=None, reply=""))


def state(session: Session) -> ChannelState:
    row = session.get(MailChannelRow, _ONLY)
    return ChannelState(row.paused_until, row.code, row.reply, row.full_until) if row else ChannelState()


def _ensure(session: Session) -> None:
    session.execute(insert(session, MailChannelRow).values(id=_ONLY, reply="").on_conflict_do_nothing())
