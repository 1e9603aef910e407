"""Days on which an address, kept as a keyed hash, did not take a mail; and the mails that reports are about."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from engagement.domain.mailing.bounces import Bounce, Source
from engagement.domain.notices import OutboxState
from engagement.storage.db import insert
from engagement.storage.mailing.mail_tables import BounceRow
from engagement.storage.tables import OutboxRow


def add(session: Session, bounce: Bounce) -> None:
    """Write a day down; the same day twice, of one source and kind, is one."""
    session.execute(
        insert(session, BounceRow)
        .values(
            site_id=bounce.site_id,
            email_hash=bounce.email_hash,
            hard=bounce.hard,
            source=bounce.source.value,
            status=bounce.status[:11],
            day=bounce.day,
            at=bounce.at,
        )
        .on_conflict_do_nothing()
    )


def hard_days(session: Session, site_id: int, hashes: Sequence[str]) -> int:
    """On how many days nobody was there, whoever said so."""
    days = select(func.count(BounceRow.day.distinct())).where(*_here(site_id, hashes), BounceRow.hard)
    return session.scalar(days) or 0


def taken(session: Session, site_id: int, hashes: Sequence[str], now: datetime) -> None:
    """Our mail server took a mail: its own former refusals are over, and what reports said is from now on in doubt."""
    here = _here(site_id, hashes)
    if session.scalar(select(BounceRow.id).where(*here).limit(1)) is None:
        return  # as for nearly every mail
    session.execute(delete(BounceRow).where(*here, BounceRow.source == Source.SMTP.value))
    session.execute(update(BounceRow).where(*here, BounceRow.passed_at.is_(None)).values(passed_at=now))


def came_back(session: Session, site_id: int, hashes: Sequence[str]) -> None:
    """A mail that was taken came back after all, so what reports said stands."""
    session.execute(update(BounceRow).where(*_here(site_id, hashes)).values(passed_at=None))


def drop_disproved(session: Session, before: datetime) -> None:
    """Forget the days after which a mail was taken, before then, and has not come back."""
    session.execute(delete(BounceRow).where(BounceRow.passed_at < before))


def forget(session: Session, hashes: Sequence[str], site_id: int | None = None) -> int:
    """Forget the days of an address, on one site or all; how many."""
    wanted = [BounceRow.email_hash.in_(hashes)] if site_id is None else _here(site_id, hashes)
    return len(session.scalars(delete(BounceRow).where(*wanted).returning(BounceRow.id)).all())


def purge(session: Session, before: datetime) -> None:
    session.execute(delete(BounceRow).where(BounceRow.at < before))


def often(session: Session, site_ids: Sequence[int], least: int) -> Iterator[tuple[int, str]]:
    """``(site, hash)`` of the addresses where nobody was there on at least so many days."""
    wanted = (BounceRow.site_id.in_(site_ids), BounceRow.hard)
    query = select(BounceRow.site_id, BounceRow.email_hash).where(*wanted)
    query = query.group_by(BounceRow.site_id, BounceRow.email_hash)
    found = session.execute(query.having(func.count(BounceRow.day.distinct()) >= least))
    return ((row.site_id, row.email_hash) for row in found)


def settle(session: Session, mail_id: int, *, failed: bool, code: int | None, reply: str) -> None:
    """Write into a mail that was sent what a report says of it; one that waits is left to its next try."""
    row = session.get_one(OutboxRow, mail_id)
    if row.state == OutboxState.SENT.value:
        row.last_code, row.last_reply = code, reply[:500]
        row.state = OutboxState.FAILED.value if failed else row.state


def _here(site_id: int, hashes: Sequence[str]) -> list[ColumnElement[bool]]:
    return [BounceRow.site_id == site_id, BounceRow.email_hash.in_(hashes)]
