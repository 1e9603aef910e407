"""Changed pages that a cache in front should drop: rows of the outbox, written in the transaction of the change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from engagement.domain.notices import LEASE, OutboxState
from engagement.storage.db import insert
from engagement.storage.outbox import PURGE
from engagement.storage.tables import OutboxRow, PageRow, SiteRow

KEPT = timedelta(hours=1)  # a cache that could not be told for so long has let go of the page by itself


@dataclass(frozen=True)
class Purge:
    """A page that changed. ``attempt`` counts from 1."""

    id: int
    site: str
    page_url: str
    attempt: int


def add(session: Session, page_id: int, now: datetime) -> None:
    """Queue one purge a version of the page."""
    query = select(PageRow.site_id, PageRow.url, PageRow.version, SiteRow.key).join(SiteRow)
    site_id, url, version, site = session.execute(query.where(PageRow.id == page_id)).one()
    key = f"{PURGE}:{page_id}:{version}"
    session.execute(
        insert(session, OutboxRow)
        .values(
            key=key,
            kind=PURGE,
            site_id=site_id,
            recipient="",
            language="",
            payload={"site": site, "page_url": url},
            message_id=key,
            priority=9,
            state=OutboxState.QUEUED.value,
            attempts=0,
            next_attempt_at=now,
            lease_token="",
            last_reply="",
            created_at=now,
            expires_at=now + KEPT,
        )
        .on_conflict_do_nothing()
    )


def claim(session: Session, now: datetime, limit: int, token: str) -> list[Purge]:
    """Lease what is due to ``token``, oldest first. Leases that ended are due again; what is too old is dropped."""
    session.execute(delete(OutboxRow).where(OutboxRow.kind == PURGE, OutboxRow.expires_at <= now))
    waiting = OutboxRow.state.in_((OutboxState.QUEUED.value, OutboxState.RETRY.value))
    lapsed = (OutboxRow.state == OutboxState.LEASED.value) & (OutboxRow.lease_until <= now)
    due = select(OutboxRow.id).where(OutboxRow.kind == PURGE, or_(waiting & (OutboxRow.next_attempt_at <= now), lapsed))
    ids = list(session.scalars(due.order_by(OutboxRow.id).limit(limit).with_for_update(skip_locked=True)))
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
    rows = session.scalars(select(OutboxRow).where(OutboxRow.id.in_(ids)).order_by(OutboxRow.id))
    return [Purge(row.id, row.payload["site"], row.payload["page_url"], row.attempts) for row in rows]


def done(session: Session, ids: Sequence[int], token: str) -> None:
    """They were told; nothing is kept of it."""
    session.execute(delete(OutboxRow).where(OutboxRow.id.in_(ids), OutboxRow.lease_token == token))


def later(session: Session, ids: Sequence[int], token: str, at: datetime) -> None:
    """Try again at ``at``."""
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(ids), OutboxRow.lease_token == token)
        .values(state=OutboxState.RETRY.value, next_attempt_at=at, lease_until=None, lease_token="")
    )
