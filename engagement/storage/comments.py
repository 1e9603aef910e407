"""Comments, as values. The id sorts by time, so it is also the cursor."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, union_all, update
from sqlalchemy.orm import Session, aliased

from engagement.domain.comments import Comment, Status, gist_hash
from engagement.domain.moderation import Actor, LogLine
from engagement.domain.policy import History, Reason
from engagement.domain.throttling import Recent
from engagement.storage.discussion import reasons
from engagement.storage.tables import CommentRow, DecisionRow, PageRow

HISTORY_WINDOW = 1_000  # an author's earlier comments that are looked at; a bound, not a truth
# Of an erased comment stays the place, for its answers, and that it changed.
ERASED: Mapping[str, Any] = {
    **dict.fromkeys(("author", "email", "website", "body", "body_html", "language"), ""),
    **dict.fromkeys(("client_hash", "text_hash", "gist", "screen_lease"), ""),
    **dict.fromkeys(("votes", "ups", "downs", "rank", "risk"), 0),
    "status": Status.DELETED.value,
    "notify_replies": False,
    "edit_id": None,
    "screen_at": None,
    "version": CommentRow.version + 1,
}


def add(session: Session, comment: Comment, *, client_hash: str, text_hash: str, risk: float) -> None:
    session.add(
        CommentRow(
            id=comment.id,
            site_id=comment.site_id,
            page_id=comment.page_id,
            parent=comment.parent,
            status=comment.status.value,
            author=comment.author,
            email=comment.email,
            website=comment.website,
            body=comment.body,
            body_html=comment.body_html,
            notify_replies=comment.notify_replies,
            client_hash=client_hash,
            text_hash=text_hash,
            gist=gist_hash(comment.body),
            language=comment.language,
            created_at=comment.created_at,
            edited_at=comment.edited_at,
            votes=comment.votes,
            replies=comment.replies,
            version=comment.version,
            risk=risk,
            screen_at=None,
            screen_attempts=0,
            screen_lease="",
        )
    )
    session.flush()


def get(session: Session, comment_id: str) -> Comment | None:
    row = session.execute(_with_page().where(CommentRow.id == comment_id)).first()
    return _comment(row) if row else None


def some(session: Session, comment_ids: Collection[str]) -> dict[str, Comment]:
    """Those of the comments that there are, by id."""
    found = session.execute(_with_page().where(CommentRow.id.in_(comment_ids)))
    return {comment.id: comment for comment in map(_comment, found)}


def thread(session: Session, page_id: int, *, sort: str, limit: int, after: Sequence[Any] | None) -> list[Comment]:
    """Published comments, ``oldest``, ``newest`` or ``popular`` first, behind the cursor ``after``.

    A deleted comment with replies is there too, so that they keep their place. ``after`` is ``(id,)``, for
    ``popular`` ``(rank, id)``.
    """
    tombstone = CommentRow.replies > 0
    kinds = ((Status.PUBLISHED, ()), (Status.DELETED, (tombstone,)))
    # Each status is one stretch of the index, read in order up to the limit; asked for together they would be sorted
    # whole, a page of thousands at every read.
    parts = [_stretch(page_id, status, sort, limit, after).where(*also).subquery() for status, also in kinds]
    both = union_all(*(select(part) for part in parts)).subquery()
    found = aliased(CommentRow, both)
    query = select(found, PageRow.url, PageRow.title).join(PageRow, PageRow.id == found.page_id)
    return [_comment(row) for row in session.execute(query.order_by(*_order(found, sort)).limit(limit))]


def _stretch(page_id: int, status: Status, sort: str, limit: int, after: Sequence[Any] | None) -> Select[CommentRow]:
    """The comments of one status behind the cursor, in order."""
    query = select(CommentRow).where(CommentRow.page_id == page_id, CommentRow.status == status.value)
    query = query.order_by(*_order(CommentRow, sort)).limit(limit)
    if not after:
        return query
    if sort == "popular":
        rank, last = after
        # The first condition says the same again in a form that an index can start from.
        return query.where(CommentRow.rank <= rank, or_(CommentRow.rank < rank, CommentRow.id > last))
    return query.where(CommentRow.id < after[0] if sort == "newest" else CommentRow.id > after[0])


def _order(of: type[CommentRow], sort: str) -> tuple[Any, ...]:
    if sort == "popular":
        return (of.rank.desc(), of.id)
    return (of.id.desc(),) if sort == "newest" else (of.id,)


def recent(
    session: Session,
    site_id: int,
    page_id: int | None,
    *,
    client_hash: str,
    email: str,
    text_hash: str,
    now: datetime,
) -> Recent:
    """What the same author, by client or by address, sent in the last hour."""
    same = [CommentRow.client_hash == client_hash] if client_hash else []
    same += [CommentRow.email == email] if email else []
    if not same:
        return Recent()
    mine = (CommentRow.site_id == site_id, or_(*same))
    times = session.scalars(
        select(CommentRow.created_at).where(*mine, CommentRow.created_at > now - timedelta(hours=1))
    )
    twin = session.scalar(
        select(CommentRow.id)
        .where(
            *mine,
            CommentRow.page_id == page_id,
            CommentRow.text_hash == text_hash,
            CommentRow.status != Status.DELETED.value,
        )
        .limit(1)
    )
    return Recent(tuple(times), twin is not None)


def unpublished_of(session: Session, site_id: int, client_hash: str, since: datetime) -> int:
    """How many comments of a client since then are held, rejected or spam."""
    bad = (Status.HELD.value, Status.REJECTED.value, Status.SPAM.value)
    found = session.scalar(
        select(func.count())
        .select_from(CommentRow)
        .where(
            CommentRow.site_id == site_id,
            CommentRow.client_hash == client_hash,
            CommentRow.created_at > since,
            CommentRow.status.in_(bad),
        )
    )
    return found or 0


def repeats(session: Session, site_id: int, body: str, text_hash: str, since: datetime) -> int:
    """How many comments of the site hold the same text since then, but for numbers, addresses and signs."""
    gist = gist_hash(body)
    same = CommentRow.gist == gist if gist else CommentRow.text_hash == text_hash
    found = session.scalar(
        select(func.count())
        .select_from(CommentRow)
        .where(CommentRow.site_id == site_id, same, CommentRow.created_at > since)
    )
    return found or 0


def history(session: Session, site_id: int, email: str) -> History:
    """What became of the earlier comments left with an address; nothing is known without one."""
    if not email:
        return History()
    newest = (
        select(CommentRow.status)
        .where(CommentRow.site_id == site_id, CommentRow.email == email)
        .order_by(CommentRow.created_at.desc())
        .limit(HISTORY_WINDOW)
        .subquery()
    )
    counts: dict[str, int] = dict(
        session.execute(select(newest.c.status, func.count()).group_by(newest.c.status)).all()
    )
    return History(
        published=counts.get(Status.PUBLISHED.value, 0),
        held=counts.get(Status.HELD.value, 0),
        rejected=counts.get(Status.REJECTED.value, 0),
        spam=counts.get(Status.SPAM.value, 0),
    )


def count_reply(session: Session, parent: str | None, more: int) -> None:
    """Add to a parent's count of published replies."""
    if parent:
        session.execute(update(CommentRow).where(CommentRow.id == parent).values(replies=CommentRow.replies + more))


def change_status(session: Session, comment_id: str, version: int, status: Status) -> bool:
    """Set the status and clear waiting work, if the comment still has ``version``; whether it had."""
    done = session.execute(
        update(CommentRow)
        .where(CommentRow.id == comment_id, CommentRow.version == version)
        .values(status=status.value, version=version + 1, edit_id=None, screen_at=None, screen_lease="")
        .returning(CommentRow.id)
    ).first()
    return done is not None


def change_text(session: Session, changed: Comment, version: int, *, text_hash: str, risk: float) -> bool:
    """Put a new text, and the status that goes with it, on the comment that still has ``version``; whether it had."""
    done = session.execute(
        update(CommentRow)
        .where(CommentRow.id == changed.id, CommentRow.version == version)
        .values(
            status=changed.status.value,
            body=changed.body,
            body_html=changed.body_html,
            edited_at=changed.edited_at,
            text_hash=text_hash,
            gist=gist_hash(changed.body),
            language=changed.language,
            risk=risk,
            version=version + 1,
            edit_id=changed.edit,
            screen_at=None,
            screen_lease="",
            screen_attempts=0,
        )
        .returning(CommentRow.id)
    ).first()
    return done is not None


def erase(session: Session, comment_id: str, version: int) -> bool:
    """Delete: nothing of what its author wrote or left stays; the row keeps the place of its replies."""
    done = session.execute(
        update(CommentRow)
        .where(CommentRow.id == comment_id, CommentRow.version == version)
        .values(ERASED)
        .returning(CommentRow.id)
    ).first()
    return done is not None


def log(session: Session, comment_id: str, line: LogLine) -> None:
    session.add(
        DecisionRow(
            comment_id=comment_id,
            at=line.at,
            actor=line.actor.value,
            who=line.who,
            what=line.what,
            status_before=line.status_before.value,
            status_after=line.status_after.value,
            reasons=reasons.written(line.reasons),
            scores=dict(line.scores),
            model=line.model,
            policy=line.policy,
            reason=line.reason,
            note=line.note,
            comment_version=line.comment_version,
        )
    )


def settled_by_a_person(session: Session, comment_id: str) -> bool:
    """Whether anybody but the machine and the author has ever decided about a comment."""
    people = (Actor.MODERATOR.value, Actor.MAIL_LINK.value)
    query = select(DecisionRow.id).where(DecisionRow.comment_id == comment_id, DecisionRow.actor.in_(people))
    return session.scalar(query.limit(1)) is not None


def last_decision_reasons(session: Session, comment_id: str) -> tuple[Reason, ...]:
    """The reasons of the newest decision about a comment."""
    stored = session.scalar(
        select(DecisionRow.reasons).where(DecisionRow.comment_id == comment_id).order_by(DecisionRow.id.desc()).limit(1)
    )
    return reasons.read(stored or ())


def _with_page() -> Select[CommentRow, str, str]:
    return select(CommentRow, PageRow.url, PageRow.title).join(PageRow, PageRow.id == CommentRow.page_id)


def _comment(found: Any) -> Comment:
    row, url, title = found
    return Comment(
        id=row.id,
        site_id=row.site_id,
        page_id=row.page_id,
        status=Status(row.status),
        author=row.author,
        body=row.body,
        body_html=row.body_html,
        created_at=row.created_at,
        parent=row.parent,
        email=row.email,
        website=row.website,
        notify_replies=row.notify_replies,
        edited_at=row.edited_at,
        votes=row.votes,
        rank=row.rank,
        replies=row.replies,
        version=row.version,
        page_url=url,
        page_title=title,
        edit=row.edit_id,
        language=row.language,
    )
