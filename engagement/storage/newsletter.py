"""Subscriptions, one row a mailbox and site, and the append-only proof of consent beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engagement.domain.newsletter import Subscription, SubscriptionState
from engagement.storage.tables import ConsentRow, SubscriptionRow

_PENDING = SubscriptionState.PENDING.value


@dataclass(frozen=True)
class Proof:
    """One line of proof: ``what`` is asked, mailed, confirmed or left; ``method`` form, link or one-click."""

    site_id: int
    email_hash: str
    what: str
    at: datetime
    method: str
    language: str = ""
    form: str = ""
    consent_text: str = ""
    source_url: str = ""
    client_hash: str = ""


def ensure(
    session: Session, site_id: int, email: str, *, name: str, version: int, now: datetime
) -> tuple[Subscription, bool]:
    """The subscription of an address, locked, and whether it is new; a new one is pending at ``version``."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    made = session.scalar(
        insert(SubscriptionRow)
        .values(site_id=site_id, email=email, name=name, state=_PENDING, version=version, created_at=now)
        .on_conflict_do_nothing()
        .returning(SubscriptionRow.id)
    )
    row = session.scalars(
        select(SubscriptionRow)
        .where(SubscriptionRow.site_id == site_id, SubscriptionRow.email == email)
        .with_for_update()
    ).one()
    return _subscription(row), made is not None


def get(session: Session, subscription: int, *, lock: bool = False) -> Subscription | None:
    query = select(SubscriptionRow).where(SubscriptionRow.id == subscription)
    row = session.scalar(query.with_for_update() if lock else query)
    return _subscription(row) if row else None


def save(session: Session, changed: Subscription) -> None:
    """Write state, version and times of a subscription that is locked in this transaction."""
    session.execute(
        update(SubscriptionRow)
        .where(SubscriptionRow.id == changed.id)
        .values(
            state=changed.state.value,
            version=changed.version,
            created_at=changed.created_at,
            confirmed_at=changed.confirmed_at,
            left_at=changed.left_at,
        )
    )


def prove(session: Session, proof: Proof) -> None:
    session.add(
        ConsentRow(
            site_id=proof.site_id,
            email_hash=proof.email_hash,
            what=proof.what,
            at=proof.at,
            form=proof.form,
            consent_text=proof.consent_text,
            language=proof.language,
            source_url=proof.source_url,
            client_hash=proof.client_hash,
            method=proof.method,
        )
    )
    session.flush()


def proven(session: Session, site_id: int, hashes: Sequence[str], what: str) -> bool:
    """Whether there is a proof of that kind under one of the hashes."""
    query = select(ConsentRow.id).where(
        ConsentRow.site_id == site_id, ConsentRow.email_hash.in_(hashes), ConsentRow.what == what
    )
    return session.scalar(query.limit(1)) is not None


def mailed(session: Session, site_id: int, email_hash: str, since: datetime, what: str = "mailed") -> list[datetime]:
    """When confirmations went to a mailbox; ``what`` tells the newsletter's from others."""
    query = select(ConsentRow.at).where(
        ConsentRow.site_id == site_id,
        ConsentRow.email_hash == email_hash,
        ConsentRow.what == what,
        ConsentRow.at > since,
    )
    return list(session.scalars(query))


def mailed_by_site(session: Session, site_id: int, since: datetime, what: str = "mailed") -> int:
    """How many confirmations a site has sent."""
    query = select(func.count()).where(ConsentRow.site_id == site_id, ConsentRow.what == what, ConsentRow.at > since)
    return session.scalar(query) or 0


def purge(session: Session, before: datetime) -> None:
    """Forget addresses that never confirmed; who had left before and asked in vain again counts as left."""
    stale = (SubscriptionRow.state == _PENDING) & (SubscriptionRow.created_at < before)
    session.execute(
        update(SubscriptionRow)
        .where(stale, SubscriptionRow.left_at.is_not(None))
        .values(state=SubscriptionState.LEFT.value, version=SubscriptionRow.version + 1)
    )
    session.execute(delete(SubscriptionRow).where(stale))


def _subscription(row: SubscriptionRow) -> Subscription:
    return Subscription(
        id=row.id,
        site_id=row.site_id,
        email=row.email,
        state=SubscriptionState(row.state),
        created_at=row.created_at,
        version=row.version,
        confirmed_at=row.confirmed_at,
        left_at=row.left_at,
    )
