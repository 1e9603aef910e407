"""Moving a comment from one status to another, with all that hangs on it, in one transaction."""

from dataclasses import replace

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Edit, Status
from engagement.domain.discussion.tongue import told
from engagement.domain.moderation import LogLine
from engagement.markup import visible_text
from engagement.storage import comments, pages
from engagement.storage.discussion import revisions
from engagement.storage.mailing import replies


def move(session: Session, comment: Comment, to: Status, line: LogLine) -> bool:
    """Set the status, keep the counts right and log the decision; False when somebody else was faster.

    A new text that waited falls with it.
    """
    if not comments.change_status(session, comment.id, comment.version, to):
        return False
    if comment.edit is not None:
        revisions.settle(session, comment.edit, revisions.REFUSED)
    count(session, comment, comment.status, to)
    if to in {Status.REJECTED, Status.SPAM}:
        pages.drop_title(session, comment.page_id)
    comments.log(session, comment.id, line)
    return True


def count(session: Session, comment: Comment, before: Status | None, after: Status) -> None:
    """Tell the page and the parent that a published comment came or went."""
    change = (after is Status.PUBLISHED) - (before is Status.PUBLISHED)
    if change:
        pages.changed(session, comment.page_id, change)
        comments.count_reply(session, comment.parent, change)
    if change > 0 and (comment.parent or comment.notify_replies):
        replies.announce(session, comment.id)


def rewrite(session: Session, comment: Comment, changed: Comment, line: LogLine, *, text_hash: str) -> bool:
    """Put the text and status of ``changed`` in place of ``comment``'s, which is kept as a former one.

    False when somebody else was faster.
    """
    risk = max(line.scores.values(), default=0.0)
    if not comments.change_text(session, changed, comment.version, text_hash=text_hash, risk=risk):
        return False
    revisions.keep_former(session, comment, line.at)
    if changed.status is comment.status is Status.PUBLISHED:
        pages.changed(session, comment.page_id)
    count(session, comment, comment.status, changed.status)
    comments.log(session, comment.id, line)
    return True


def apply_edit(session: Session, comment: Comment, edit: Edit, line: LogLine, *, text_hash: str) -> bool:
    """Let a text that waited stand. False when somebody else was faster."""
    language = told(visible_text(edit.body_html))
    changed = replace(
        comment, body=edit.body, body_html=edit.body_html, edited_at=line.at, edit=None, language=language
    )
    if not rewrite(session, comment, changed, line, text_hash=text_hash):
        return False
    revisions.settle(session, edit.id, revisions.APPLIED)
    return True


def refuse_edit(session: Session, comment: Comment, edit: Edit, line: LogLine) -> bool:
    """Drop a text that waited; the published one stays. False when somebody else was faster."""
    if not revisions.attach(session, comment.id, comment.version, None, 0.0):
        return False
    revisions.settle(session, edit.id, revisions.REFUSED)
    comments.log(session, comment.id, line)
    return True
