"""Moving a comment from one status to another, with all that hangs on it, in one transaction."""

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status
from engagement.domain.moderation import LogLine
from engagement.storage import comments, pages


def move(session: Session, comment: Comment, to: Status, line: LogLine) -> bool:
    """Set the status, keep the counts right and log the decision; False when somebody else was faster."""
    if not comments.change_status(session, comment.id, comment.version, to):
        return False
    count(session, comment, comment.status, to)
    comments.log(session, comment.id, line)
    return True


def count(session: Session, comment: Comment, before: Status | None, after: Status) -> None:
    """Tell the page and the parent that a published comment came or went."""
    change = (after is Status.PUBLISHED) - (before is Status.PUBLISHED)
    if change:
        pages.changed(session, comment.page_id, change)
        comments.count_reply(session, comment.parent, change)
