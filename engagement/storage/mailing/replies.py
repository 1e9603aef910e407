"""Who asked to be told of replies, the pages they want no more of, and published comments not yet announced."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from engagement.domain.comments import Status
from engagement.domain.mailing.replies import ReplyConsent
from engagement.domain.newsletter import SubscriptionState
from engagement.storage.db import insert
from engagement.storage.mailing.mail_tables import AnnouncementRow, ReplyConsentRow, ReplyMuteRow
from engagement.storage.newsletter import forget_pending
from engagement.storage.tables import CommentRow

_PENDING = SubscriptionState.PENDING.value


def announce(session: Session, comment_id: str) -> None:
    """Write down that a comment was published, to be announced after the commit."""
    session.execute(insert(session, AnnouncementRow).values(comment_id=comment_id).on_conflict_do_nothing())


def take_announcement(session: Session) -> str | None:
    """The id of a published comment to announce; it is gone when this transaction is committed."""
    query = select(AnnouncementRow).order_by(AnnouncementRow.comment_id).limit(1)
    row = session.scalar(query.with_for_update(skip_locked=True))
    if row is None:
        return None
    session.delete(row)
    return row.comment_id


def ensure(session: Session, site_id: int, email: str, *, version: int, now: datetime) -> tuple[ReplyConsent, bool]:
    """The consent of an address, locked, and whether it is new; a new one is pending at ``version``."""
    made = session.scalar(
        insert(session, ReplyConsentRow)
        .values(site_id=site_id, email=email, state=_PENDING, version=version, created_at=now)
        .on_conflict_do_nothing()
        .returning(ReplyConsentRow.id)
    )
    row = session.scalars(_of(site_id, email).with_for_update()).one()
    return _consent(row), made is not None


def find(session: Session, site_id: int, email: str) -> ReplyConsent | None:
    row = session.scalar(_of(site_id, email))
    return _consent(row) if row else None


def get(session: Session, consent_id: int, *, lock: bool = False) -> ReplyConsent | None:
    query = select(ReplyConsentRow).where(ReplyConsentRow.id == consent_id)
    row = session.scalar(query.with_for_update() if lock else query)
    return _consent(row) if row else None


def save(session: Session, changed: ReplyConsent) -> None:
    """Write state, version and times of a consent that is locked in this transaction."""
    session.execute(
        update(ReplyConsentRow)
        .where(ReplyConsentRow.id == changed.id)
        .values(
            state=changed.state.value,
            version=changed.version,
            created_at=changed.created_at,
            confirmed_at=changed.confirmed_at,
            left_at=changed.left_at,
        )
    )


def mute(session: Session, consent_id: int, page_id: int) -> None:
    """Twice does no harm."""
    values = {"consent_id": consent_id, "page_id": page_id}
    session.execute(insert(session, ReplyMuteRow).values(values).on_conflict_do_nothing())


def unmute(session: Session, consent_id: int) -> None:
    session.execute(delete(ReplyMuteRow).where(ReplyMuteRow.consent_id == consent_id))


def muted(session: Session, consent_id: int, page_id: int) -> bool:
    return session.get(ReplyMuteRow, (consent_id, page_id)) is not None


def answers_since(session: Session, consent: ReplyConsent, limit: int) -> Sequence[str]:
    """Ids of published answers to an address's comments that came after it asked to be told, oldest first."""
    answered = aliased(CommentRow)
    query = (
        select(CommentRow.id)
        .join(answered, answered.id == CommentRow.parent)
        .where(
            answered.site_id == consent.site_id,
            func.lower(answered.email) == consent.email,
            answered.notify_replies,
            CommentRow.status == Status.PUBLISHED.value,
            CommentRow.created_at >= consent.created_at,
        )
        .order_by(CommentRow.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def purge(session: Session, before: datetime) -> None:
    """Forget addresses that never confirmed; who had left before and asked in vain again counts as left."""
    forget_pending(session, ReplyConsentRow, before)  # with what they mute


def _of(site_id: int, email: str) -> Select[ReplyConsentRow]:
    return select(ReplyConsentRow).where(ReplyConsentRow.site_id == site_id, ReplyConsentRow.email == email)


def _consent(row: ReplyConsentRow) -> ReplyConsent:
    return ReplyConsent(
        id=row.id,
        site_id=row.site_id,
        email=row.email,
        state=SubscriptionState(row.state),
        created_at=row.created_at,
        version=row.version,
        confirmed_at=row.confirmed_at,
        left_at=row.left_at,
    )
