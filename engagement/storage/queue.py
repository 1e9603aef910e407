"""What moderators read: comments by status with their decisions, and the log."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status
from engagement.domain.moderation import Actor, LogLine
from engagement.storage import comments
from engagement.storage.discussion import reasons
from engagement.storage.tables import CommentRow, DecisionRow

_PEOPLE = tuple(actor for actor in Actor if actor is not Actor.MACHINE)


def page(
    session: Session,
    site_ids: Sequence[int],
    *,
    status: Status,
    order: str,
    limit: int,
    after: tuple[Any, ...] | None,
) -> list[tuple[Comment, float]]:
    """Comments with their risk; ``after`` is ``(id,)``, for the order ``risk`` it is ``(risk, id)``."""
    row = CommentRow
    query = select(row.id, row.risk).where(row.site_id.in_(site_ids), _of(status))
    if order == "risk":
        query = query.order_by(row.risk.desc(), row.id)
        if after:
            query = query.where(or_(row.risk < after[0], and_(row.risk == after[0], row.id > after[1])))
    elif order == "newest":
        query = query.order_by(row.id.desc())
        query = query.where(row.id < after[0]) if after else query
    else:
        query = query.order_by(row.id)
        query = query.where(row.id > after[0]) if after else query
    found = session.execute(query.limit(limit)).all()
    kept = ((comments.get(session, comment_id), risk) for comment_id, risk in found)
    return [(comment, risk) for comment, risk in kept if comment is not None]


def logs(session: Session, comment_ids: Sequence[str]) -> dict[str, list[LogLine]]:
    """Every decision about each of the comments, oldest first."""
    found: dict[str, list[LogLine]] = defaultdict(list)
    query = select(DecisionRow).where(DecisionRow.comment_id.in_(comment_ids)).order_by(DecisionRow.id)
    for row in session.scalars(query):
        found[row.comment_id].append(_line(row))
    return found


def waiting(session: Session, site_ids: Sequence[int]) -> tuple[int, datetime | None]:
    """How many comments are held, and since when the oldest."""
    query = select(func.count(), func.min(CommentRow.id)).where(CommentRow.site_id.in_(site_ids), _of(Status.HELD))
    count, oldest = session.execute(query).one()
    since = session.scalar(select(CommentRow.created_at).where(CommentRow.id == oldest)) if oldest else None
    return count, since


def decided(
    session: Session, site_ids: Sequence[int], limit: int, *, by: Sequence[Actor] = _PEOPLE
) -> list[tuple[str, LogLine]]:
    """The newest decisions of people, with the ids of their comments."""
    query = select(DecisionRow).join(CommentRow, CommentRow.id == DecisionRow.comment_id)
    query = query.where(CommentRow.site_id.in_(site_ids), DecisionRow.actor.in_(actor.value for actor in by))
    return [(row.comment_id, _line(row)) for row in session.scalars(query.order_by(DecisionRow.id.desc()).limit(limit))]


def _of(status: Status) -> ColumnElement[bool]:
    """What is held waits, and so does a published comment with a new text that waits."""
    found = CommentRow.status == status.value
    return or_(found, CommentRow.edit_id.is_not(None)) if status is Status.HELD else found


def _line(row: DecisionRow) -> LogLine:
    return LogLine(
        at=row.at,
        actor=Actor(row.actor),
        what=row.what,
        status_before=Status(row.status_before),
        status_after=Status(row.status_after),
        who=row.who,
        reasons=reasons.read(row.reasons),
        scores=row.scores,
        model=row.model,
        policy=row.policy,
        note=row.note,
        reason=row.reason,
        comment_version=row.comment_version,
    )
