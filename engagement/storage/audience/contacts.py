"""Whose contact at the newsletter service is not as it should be, the way there, and what its webhook told."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from engagement.domain.mailing.contacts import LEASE, Answer, Job, Outcome, Way, next_try
from engagement.domain.newsletter import Subscription, SubscriptionState
from engagement.storage.audience.contact_tables import ContactJobRow, ContactWayRow, HookEventRow
from engagement.storage.db import insert
from engagement.storage.newsletter import subscription_of
from engagement.storage.tables import SubscriptionRow

_LEFT = SubscriptionState.LEFT.value
_QUEUED, _LEASED, _REFUSED = "queued", "leased", "refused"
_NEW: dict[str, Any] = {"erase": False, "unblock": False, "generation": 1}
_NEW |= {"state": _QUEUED, "lease_token": "", "last_reply": ""}
_TOO_MANY = 429
_SEVERAL = 3
CONTACTS, CAMPAIGNS = 1, 2  # the ids of the two rows of the way: Brevo counts these calls apart


@dataclass(frozen=True)
class Backlog:
    """How many addresses wait for a call, and how many were refused and wait for a person; an excerpt of why."""

    waiting: int
    refused: int
    why: str = ""


def want(session: Session, email: str, now: datetime, *, erase: bool = False, unblock: bool = False) -> None:
    """Note that an address has to be told about; the newest wish replaces an older one.

    A call that is under way keeps its lease, so that no two of one address run beside each other; the new wish is due
    when it ends.
    """
    _want(session, email, now, {"erase": erase, "unblock": unblock})


def want_anew(session: Session, email: str, now: datetime) -> None:
    """What there is to tell about an address has changed; a wish to erase or unblock that waits stays."""
    _want(session, email, now, {})


def want_unless_wanted(session: Session, email: str, now: datetime) -> bool:
    """Note it too, for who only thinks so: a wish that is there already stays as it is; whether there was none."""
    made = insert(session, ContactJobRow).values(email=email, **_NEW, **_due(now)).on_conflict_do_nothing()
    return session.scalar(made.returning(ContactJobRow.id)) is not None


def _want(session: Session, email: str, now: datetime, wish: dict[str, Any]) -> None:
    state = case((ContactJobRow.state == _LEASED, _LEASED), else_=_QUEUED)
    session.execute(
        insert(session, ContactJobRow)
        .values(_NEW | _due(now) | wish | {"email": email})
        .on_conflict_do_update(
            index_elements=[ContactJobRow.email],
            set_=_due(now) | wish | {"generation": ContactJobRow.generation + 1, "state": state},
        )
    )


def _due(now: datetime) -> dict[str, Any]:
    return {"attempts": 0, "next_attempt_at": now, "changed_at": now}


def claim(session: Session, now: datetime, token: str) -> Job | None:
    """Lease the address that is due for longest; the try is counted before it runs."""
    fresh = (ContactJobRow.state == _QUEUED) & (ContactJobRow.next_attempt_at <= now)
    lapsed = (ContactJobRow.state == _LEASED) & (ContactJobRow.lease_until <= now)
    row = session.scalar(
        select(ContactJobRow)
        .where(or_(fresh, lapsed))
        .order_by(ContactJobRow.next_attempt_at, ContactJobRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    row.state, row.lease_until, row.lease_token = _LEASED, now + LEASE, token
    row.attempts += 1
    return Job(row.id, row.email, row.erase, row.unblock, row.generation, row.attempts, token)


def finish(session: Session, job: Job, answer: Answer, *, now: datetime, jitter: float) -> bool:
    """Write down what became of a try; False when the lease went to somebody else meanwhile.

    ``now`` is the end of a rest, where the way has one: another address finds out next, for this one may be the cause.
    """
    row = session.scalar(
        select(ContactJobRow)
        .where(ContactJobRow.id == job.id, ContactJobRow.lease_token == job.token, ContactJobRow.state == _LEASED)
        .with_for_update()
    )
    if row is None:
        return False
    row.lease_until, row.lease_token, row.state = None, "", _QUEUED
    if row.generation != job.generation:
        return True  # somebody wished for something else meanwhile, which is due now
    row.last_code, row.last_reply = answer.code, answer.reply
    if answer.outcome in {Outcome.DONE, Outcome.MISSING}:
        session.delete(row)
    elif answer.outcome is Outcome.REFUSED:
        row.state = _REFUSED
    elif answer.outcome is Outcome.SHUT or answer.code == _TOO_MANY:
        row.next_attempt_at = now
    else:
        row.next_attempt_at = next_try(1 if answer.blames_way else row.attempts, now, jitter)
    return True


def again(session: Session, now: datetime) -> int:
    """Whatever was refused or waits longer is due now; how many."""
    found = session.scalars(
        update(ContactJobRow)
        .where(ContactJobRow.state.in_((_QUEUED, _REFUSED)))
        .values(state=_QUEUED, next_attempt_at=now)
        .returning(ContactJobRow.id)
    )
    return len(found.all())


def waits(session: Session, emails: Sequence[str]) -> set[str]:
    """Those of some addresses that have still to be told about."""
    return set(session.scalars(select(ContactJobRow.email).where(ContactJobRow.email.in_(emails))))


def backlog(session: Session) -> Backlog:
    found = session.execute(select(ContactJobRow.state, func.count()).group_by(ContactJobRow.state))
    counts = {state: count for state, count in found}  # noqa: C416 - rows are no pairs to dict()
    newest = select(ContactJobRow.last_reply).where(ContactJobRow.state == _REFUSED).order_by(ContactJobRow.id.desc())
    refused = counts.pop(_REFUSED, 0)
    return Backlog(sum(counts.values()), refused, session.scalar(newest.limit(1)) or "")


def subscriptions_of(session: Session, emails: Sequence[str]) -> list[Subscription]:
    """The subscriptions of some addresses, of all sites, in the order of their ids."""
    query = select(SubscriptionRow).where(SubscriptionRow.email.in_(emails)).order_by(SubscriptionRow.id)
    return [subscription_of(row) for row in session.scalars(query)]


def confirmed(session: Session, after: int, limit: int) -> list[Subscription]:
    """Confirmed subscriptions in the order of their ids, so many at a time."""
    query = select(SubscriptionRow).where(
        SubscriptionRow.state == SubscriptionState.CONFIRMED.value, SubscriptionRow.id > after
    )
    return [subscription_of(row) for row in session.scalars(query.order_by(SubscriptionRow.id).limit(limit))]


def way(session: Session, which: int = CONTACTS) -> Way:
    row = session.get(ContactWayRow, which)
    if row is None:
        return Way()
    return Way(row.opens_at, row.failures, row.shut, row.since, row.code, row.reply, row.key_mark)


def keep_way(session: Session, known: Way, which: int = CONTACTS) -> None:
    values = asdict(known)
    session.execute(
        insert(session, ContactWayRow)
        .values(id=which, **values)
        .on_conflict_do_update(index_elements=[ContactWayRow.id], set_=values)
    )


def heard_before(session: Session, digest: str, now: datetime) -> bool:
    """Whether a webhook's event was dealt with; from now on it was."""
    made = insert(session, HookEventRow).values(digest=digest, at=now).on_conflict_do_nothing()
    return session.scalar(made.returning(HookEventRow.digest)) is None


def forget_events(session: Session, before: datetime) -> None:
    session.execute(delete(HookEventRow).where(HookEventRow.at < before))


def forget_job(session: Session, email: str) -> None:
    session.execute(delete(ContactJobRow).where(ContactJobRow.email == email))


def stuck(session: Session, before: datetime) -> bool:
    """Whether an address was tried several times and waits since before then."""
    tried = (ContactJobRow.attempts >= _SEVERAL) & (ContactJobRow.state != _REFUSED)
    query = select(ContactJobRow.id).where(tried, ContactJobRow.changed_at < before)
    return session.scalar(query.limit(1)) is not None


def departing(session: Session, site_id: int) -> bool:
    """Whether somebody who left a site, or was forgotten, may still stand in a list there."""
    row = SubscriptionRow
    left = select(row.id).where(row.site_id == site_id, row.email == ContactJobRow.email, row.state == _LEFT)
    query = select(ContactJobRow.id).where(or_(ContactJobRow.erase, left.exists()))
    return session.scalar(query.limit(1)) is not None
