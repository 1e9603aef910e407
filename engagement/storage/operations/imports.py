"""Comments that come from elsewhere: known ones, their parents, and counts put right at the end."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from engagement.domain.comments import Comment, Status
from engagement.domain.moderation import LogLine
from engagement.storage import comments
from engagement.storage.discussion.spam_tables import ImportedRow
from engagement.storage.tables import CommentRow, PageRow


def known(session: Session, site_id: int, sources: Sequence[str]) -> dict[str, str]:
    """Source → id, of those that were imported before."""
    query = select(ImportedRow.source, ImportedRow.comment_id).where(
        ImportedRow.site_id == site_id, ImportedRow.source.in_(sources)
    )
    return dict(session.execute(query).all())


def taken(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """Those of the ids that a comment has already → its site."""
    return dict(session.execute(select(CommentRow.id, CommentRow.site_id).where(CommentRow.id.in_(ids))).all())


def add(session: Session, comment: Comment, source: str, text_hash: str, line: LogLine) -> None:
    """A comment without its parent, which may come later."""
    comments.add(session, comment, client_hash="", text_hash=text_hash, risk=0.0)
    comments.log(session, comment.id, line)
    session.add(ImportedRow(site_id=comment.site_id, source=source, comment_id=comment.id))


def close_page(session: Session, page_id: int) -> None:
    session.execute(update(PageRow).where(PageRow.id == page_id).values(open=False))


def attach(session: Session, comment_id: str, parent: str) -> bool:
    """Put an answer below a comment of its own page, if it hangs nowhere yet; whether it was put."""
    other = aliased(CommentRow)
    same_page = select(other.page_id).where(other.id == parent).scalar_subquery()
    done = session.execute(
        update(CommentRow)
        .where(CommentRow.id == comment_id, CommentRow.parent.is_(None), CommentRow.page_id == same_page)
        .values(parent=parent)
        .returning(CommentRow.id)
    ).first()
    return done is not None


def pages_of(session: Session, ids: Sequence[str]) -> set[int]:
    return set(session.scalars(select(CommentRow.page_id).where(CommentRow.id.in_(ids)).distinct()))


def recount(session: Session, page_id: int) -> None:
    """Count published comments and answers of a page anew; its version changes where a number was wrong."""
    answers, published = aliased(CommentRow), Status.PUBLISHED.value
    replies = (
        select(func.count(answers.id))
        .where(answers.parent == CommentRow.id, answers.status == published)
        .scalar_subquery()
    )
    live = (answers.page_id == PageRow.id, answers.status == published)
    count = select(func.count(answers.id)).where(*live).scalar_subquery()
    wrong = update(CommentRow).where(CommentRow.page_id == page_id, CommentRow.replies != replies)
    changed = session.execute(wrong.values(replies=replies).returning(CommentRow.id)).all()
    stale = PageRow.id == page_id if changed else (PageRow.id == page_id) & (PageRow.count != count)
    session.execute(update(PageRow).where(stale).values(count=count, version=PageRow.version + 1))
