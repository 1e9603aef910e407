"""Subscriptions, one row a mailbox and site, and the append-only proof of consent beside them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, aliased

from engagement.domain.newsletter import Subscription, SubscriptionState
from engagement.storage.db import insert, lately
from engagement.storage.mailing.mail_tables import ReplyConsentRow
from engagement.storage.tables import ConsentRow, SubscriptionRow

_PENDING = SubscriptionState.PENDING.value
MAILED = ("mailed", "leave-mailed", "reply-mailed")  # mails that a form causes
_ASKED, _YES = ("asked", "reply-asked"), ("confirmed", "imported", "reply-yes")


@dataclass(frozen=True)
class Proof:
    """One line of proof: ``what`` is asked, mailed, confirmed, left, leave-mailed or imported, and of replies
    reply-asked, reply-mailed, reply-yes or reply-left; ``method`` form, link, one-click, page or import."""

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
    if found := find(session, site_id, email, lock=True):
        return found, False  # so it is mostly, and an insert in vain costs more than a look
    made = session.scalar(
        insert(session, SubscriptionRow)
        .values(site_id=site_id, email=email, name=name, state=_PENDING, version=version, language="", created_at=now)
        .on_conflict_do_nothing()
        .returning(SubscriptionRow.id)
    )
    if made is not None:
        return Subscription(made, site_id, email, SubscriptionState.PENDING, now, version, name=name), True
    found = find(session, site_id, email, lock=True)
    if found is None:
        raise LookupError("a subscription went away while it was asked for")
    return found, False


def lock_mailbox(session: Session, mailbox_hash: str) -> None:
    """Requests about one mailbox take turns until the transaction ends; on SQLite all writes do anyhow."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(int(mailbox_hash[:15], 16))))


def get(session: Session, subscription: int, *, lock: bool = False) -> Subscription | None:
    query = select(SubscriptionRow).where(SubscriptionRow.id == subscription)
    row = session.scalar(query.with_for_update() if lock else query)
    return subscription_of(row) if row else None


def save(session: Session, changed: Subscription) -> None:
    """Write state, name, language, version and times of a subscription that is locked in this transaction."""
    session.execute(
        update(SubscriptionRow)
        .where(SubscriptionRow.id == changed.id)
        .values(
            state=changed.state.value,
            name=changed.name,
            language=changed.language,
            version=changed.version,
            created_at=changed.created_at,
            confirmed_at=changed.confirmed_at,
            left_at=changed.left_at,
        )
    )


def prove(session: Session, proof: Proof) -> None:
    session.add(_consent(proof))
    session.flush()


def mailed(session: Session, site_id: int, email_hash: str, what: str, since: datetime) -> list[datetime]:
    """When mails of a kind, one of ``MAILED``, went to a mailbox."""
    query = select(ConsentRow.at).where(
        ConsentRow.site_id == site_id,
        ConsentRow.email_hash == email_hash,
        ConsentRow.what == what,
        ConsentRow.at > since,
    )
    return list(session.scalars(query))


def mailed_lately(session: Session, site_id: int, now: datetime, window: timedelta) -> tuple[int, int]:
    """How many mails a site has sent in the last ``window``, and all sites together."""
    by_site = func.count().filter(ConsentRow.site_id == site_id)
    query = select(by_site, func.count()).select_from(ConsentRow)
    counted = session.execute(query.where(ConsentRow.what.in_(MAILED), lately(ConsentRow.at, now, window))).one()
    return int(counted[0]), int(counted[1])


def find(session: Session, site_id: int, email: str, *, lock: bool = False) -> Subscription | None:
    """The subscription of an address."""
    query = select(SubscriptionRow).where(SubscriptionRow.site_id == site_id, SubscriptionRow.email == email)
    row = session.scalar(query.with_for_update() if lock else query)
    return subscription_of(row) if row else None


def of_address(session: Session, email: str) -> list[Subscription]:
    """The subscriptions of an address to all sites, locked."""
    query = select(SubscriptionRow).where(SubscriptionRow.email == email).order_by(SubscriptionRow.id)
    return [subscription_of(row) for row in session.scalars(query.with_for_update())]


def of_site(
    session: Session, site_id: int, state: SubscriptionState | None, after: int, limit: int
) -> list[Subscription]:
    """Subscriptions of a site by their ids, so many after one."""
    query = select(SubscriptionRow).where(SubscriptionRow.site_id == site_id, SubscriptionRow.id > after)
    query = query if state is None else query.where(SubscriptionRow.state == state.value)
    return [subscription_of(row) for row in session.scalars(query.order_by(SubscriptionRow.id).limit(limit))]


def purge(session: Session, before: datetime) -> None:
    """Forget addresses that never confirmed; who had left before and asked in vain again counts as left."""
    forget_pending(session, SubscriptionRow, before)


def forget_pending(session: Session, table: type[SubscriptionRow] | type[ReplyConsentRow], before: datetime) -> None:
    """What ``purge`` does, for either kind of consent."""
    stale = (table.state == _PENDING) & (table.created_at < before)
    session.execute(
        update(table)
        .where(stale, table.left_at.is_not(None))
        .values(state=SubscriptionState.LEFT.value, version=table.version + 1)
    )
    session.execute(delete(table).where(stale))


def purge_proofs(session: Session, *, asked_before: datetime, mailed_before: datetime) -> None:
    """Forget that an address asked and never confirmed, and when mailboxes were written to, which only limits need."""
    yes = aliased(ConsentRow)
    confirmed = select(yes.id).where(
        yes.site_id == ConsentRow.site_id, yes.email_hash == ConsentRow.email_hash, yes.what.in_(_YES)
    )
    asked = (ConsentRow.what.in_(_ASKED), ConsentRow.at < asked_before, ~confirmed.exists())
    session.execute(delete(ConsentRow).where(*asked), execution_options={"synchronize_session": False})
    session.execute(delete(ConsentRow).where(ConsentRow.what.in_(MAILED), ConsentRow.at < mailed_before))


def subscription_of(row: SubscriptionRow) -> Subscription:
    return Subscription(
        id=row.id,
        site_id=row.site_id,
        email=row.email,
        state=SubscriptionState(row.state),
        created_at=row.created_at,
        version=row.version,
        name=row.name,
        language=row.language,
        confirmed_at=row.confirmed_at,
        left_at=row.left_at,
    )


def _consent(proof: Proof) -> ConsentRow:
    return ConsentRow(
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
