"""Wishes about the newsletter: put down by a door, carried out in the background, one transaction each."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from engagement.storage.audience.wish_tables import WishRow

TRIES = 5
LEASE = timedelta(minutes=1)


@dataclass(frozen=True)
class Wish:
    """What somebody asked for at ``at``: to ``join``, with what was shown and written, or a link to ``leave``."""

    site_id: int
    what: Literal["join", "leave"]
    email: str
    at: datetime
    name: str = ""
    form: str = ""
    consent_text: str = ""
    source_url: str = ""
    client_hash: str = ""


def put(session: Session, wish: Wish) -> None:
    """Write a wish down: one insert, with no look at anything else."""
    session.add(WishRow(**asdict(wish), due_at=wish.at, attempts=0))
    session.flush()


def claim(session: Session, now: datetime, limit: int) -> list[int]:
    """Ids of wishes that are due, the oldest first, nobody else's for a while; the try is counted before it runs."""
    due = (
        select(WishRow.id)
        .where(_due(now), WishRow.attempts < TRIES)
        .order_by(WishRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(WishRow)
        .where(WishRow.id.in_(due.scalar_subquery()))
        .values(due_at=now + LEASE, attempts=WishRow.attempts + 1)
        .returning(WishRow.id)
    )
    return sorted(session.scalars(taken))


def take(session: Session, wish_id: int) -> Wish | None:
    """The wish, out of the table with this transaction; None where somebody else was faster."""
    row = session.get(WishRow, wish_id, with_for_update=True)
    if row is None:
        return None
    session.delete(row)
    session.flush()
    return Wish(
        site_id=row.site_id,
        what="join" if row.what == "join" else "leave",
        email=row.email,
        at=row.at,
        name=row.name,
        form=row.form,
        consent_text=row.consent_text,
        source_url=row.source_url,
        client_hash=row.client_hash,
    )


def neglected(session: Session, now: datetime, patience: timedelta) -> bool:
    """Whether a wish has been due for longer than ``patience`` while nobody takes any up."""
    overdue = (WishRow.due_at <= now - patience) & (WishRow.attempts < TRIES)
    taken = (WishRow.due_at > now) & (WishRow.attempts > 0)
    if session.scalar(select(WishRow.id).where(overdue).limit(1)) is None:
        return False
    return session.scalar(select(WishRow.id).where(taken).limit(1)) is None


def purge(session: Session, before: datetime) -> None:
    """Forget what could not be carried out."""
    session.execute(delete(WishRow).where(WishRow.at < before))


def _due(now: datetime) -> ColumnElement[bool]:
    # No lease ends later than that: the clock was set back, and whoever waits must not wait for the difference.
    return or_(WishRow.due_at <= now, WishRow.due_at > now + LEASE)
