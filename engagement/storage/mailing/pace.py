"""How fast mails to whole lists may go, counted for all processes together."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from engagement.storage.db import insert
from engagement.storage.mailing.article_tables import BulkPaceRow

_MINUTE, _TEN_SECONDS = 60, 10
_LOCK = 0  # the row that whoever counts holds until its transaction ends


def may_begin(session: Session, now: datetime, per_minute: int) -> bool:
    """Whether one more may be begun: at most ``per_minute`` in any 60 s, and a sixth of that in 10, for evenness.

    The answer is good until the transaction ends; nobody else gets one before.
    """
    second = int(now.timestamp())
    _lock(session)
    of_minute = _begun(session, second - _MINUTE, second)
    of_ten = _begun(session, second - _TEN_SECONDS + 1, second)
    return of_minute < per_minute and of_ten < -(-per_minute * _TEN_SECONDS // _MINUTE)


def begun(session: Session, now: datetime) -> None:
    """Count one, in the transaction that was told it may begin; what is older than a minute is forgotten."""
    second = int(now.timestamp())
    # A clock that was set back must not make everybody wait for the time it showed before.
    outside = ~BulkPaceRow.second.between(second - _MINUTE, second) & (BulkPaceRow.second != _LOCK)
    session.execute(delete(BulkPaceRow).where(outside))
    made = insert(session, BulkPaceRow).values(second=second, count=1)
    more = {"count": BulkPaceRow.count + 1}
    session.execute(made.on_conflict_do_update(index_elements=[BulkPaceRow.second], set_=more))


def _lock(session: Session) -> None:
    session.execute(insert(session, BulkPaceRow).values(second=_LOCK, count=0).on_conflict_do_nothing())
    session.execute(select(BulkPaceRow.second).where(BulkPaceRow.second == _LOCK).with_for_update())


def _begun(session: Session, first: int, last: int) -> int:
    counted = select(func.sum(BulkPaceRow.count)).where(BulkPaceRow.second.between(first, last))
    return int(session.scalar(counted) or 0)
