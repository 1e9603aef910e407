"""Verdicts of people: the queue, the decision, its undoing and the log."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Edit, Status, is_id, text_hash
from engagement.domain.discussion.appeals import UNDO
from engagement.domain.errors import AlreadySettled, Conflict, FieldError, InvalidInput, LinkNotValid, NotFound
from engagement.domain.messages import N_, Message
from engagement.domain.moderation import Actor, LogLine, QueueItem, Verdict, status_after
from engagement.domain.policy import History
from engagement.services.desk import appeals
from engagement.services.desk.reports import close_reports
from engagement.services.discussion import explaining, publishing
from engagement.services.discussion.learning import teach
from engagement.services.discussion.spam_checking import note_verdict
from engagement.services.once import Once, earlier_answer, remember
from engagement.services.ports import Toolbox
from engagement.storage import comments, pages, sites
from engagement.storage import queue as shelf
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import explanations, revisions
from engagement.storage.operations import moderators

ORDERS = ("risk", "oldest", "newest")
_MODERATORS = (Actor.MODERATOR, Actor.MAIL_LINK)


def queue(
    tools: Toolbox, site_ids: Sequence[int], *, status: Status, order: str, limit: int, after: str | None
) -> tuple[list[QueueItem], str | None]:
    """Cards, and the cursor of the next ones. Raises ``InvalidInput`` for a bad cursor."""
    with reading() as session:
        place = _cursor(order, after)
        found = shelf.page(session, site_ids, status=status, order=order, limit=limit + 1, after=place)
        shown = found[:limit]
        items = _items(session, shown)
    more = _next(order, *shown[-1]) if len(found) > limit else None
    return items, more


def item(comment_id: str, site_ids: Sequence[int] | None = None) -> QueueItem:
    """One card. Raises ``NotFound``, also outside one's sites."""
    with reading() as session:
        comment = _mine(session, comment_id, site_ids)
        return _items(session, [(comment, 0.0)])[0]


def linked_item(comment_id: str, recipient: str) -> QueueItem:
    """The card behind a link that was mailed to ``recipient``, who must still look after the site: its author, or one
    of its moderators.

    Raises ``LinkNotValid`` for who does not any more, ``NotFound``.
    """
    with reading() as session:
        comment = _mine(session, comment_id, None)
        known = {sites.by_id(session, comment.site_id).author_email}
        known |= {moderator.email for moderator in moderators.of_site(session, comment.site_id)}
        if recipient.lower() not in {email.lower() for email in known if email}:
            raise LinkNotValid
        return _items(session, [(comment, 0.0)])[0]


def settle(
    tools: Toolbox,
    comment_id: str,
    verdict: Verdict,
    *,
    actor: Actor,
    who: str,
    version: int | None,
    note: str = "",
    reason: str = "",
    site_ids: Sequence[int] | None = None,
    once: Once | None = None,
) -> Comment:
    """A person's verdict, for the version that the person saw; the same request again gets the same answer.

    Raises ``AlreadySettled`` when somebody was faster, ``NotFound`` outside one's sites, ``IdempotencyKeyReused``.
    """
    if once and (earlier := _replay(comment_id, site_ids, once)):
        return earlier
    try:
        with transaction() as session:
            comment = _locked(session, comment_id, site_ids, version)
            line = LogLine(
                at=tools.clock.now(),
                actor=actor,
                what=verdict.value,
                status_before=comment.status,
                status_after=status_after(verdict),
                who=who,
                note=note,
                reason=reason,
                comment_version=comment.version,
            )
            settled = _settled(tools, session, comment, verdict, line)
            answer = {"status": settled.status.value, "version": settled.version}
            remember(tools, session, sites.by_id(session, settled.site_id), once, answer)
    except (AlreadySettled, IntegrityError):
        # The same request sent twice at once: the other was faster, so its answer is ours too.
        if once and (earlier := _replay(comment_id, site_ids, once)):
            return earlier
        raise
    tools.wake()
    return settled


def undo(tools: Toolbox, comment_id: str, who: str, site_ids: Sequence[int] | None, version: int | None) -> Comment:
    """Back to the status before the last person's verdict. Raises as ``settle``, ``Conflict`` without a verdict."""
    with transaction() as session:
        comment = _locked(session, comment_id, site_ids, version)
        lines = shelf.logs(session, [comment.id]).get(comment.id, [])
        last = lines[-1] if lines else None
        if last is None or last.what not in set(Verdict) or last.status_after is not comment.status:
            raise Conflict(Message(N_("There is no verdict to undo.")))
        line = LogLine(
            at=tools.clock.now(),
            actor=Actor.MODERATOR,
            what=UNDO,
            status_before=comment.status,
            status_after=last.status_before,
            who=who,
            comment_version=comment.version,
        )
        teach(tools, session, comment, UNDO)
        moved = _moved(session, comment, line)
    tools.wake()
    return moved


def log(comment_id: str, site_ids: Sequence[int] | None) -> list[LogLine]:
    """Every decision about a comment, oldest first. Raises ``NotFound``."""
    with reading() as session:
        comment = _mine(session, comment_id, site_ids)
        return shelf.logs(session, [comment.id]).get(comment.id, [])


def waiting(site_ids: Sequence[int]) -> tuple[int, datetime | None, datetime | None]:
    """How many comments wait, since when the oldest does, and when a person last decided."""
    with reading() as session:
        count, oldest = shelf.waiting(session, site_ids)
        last = shelf.decided(session, site_ids, 1, by=_MODERATORS)
    return count, oldest, last[0][1].at if last else None


def decided(site_ids: Sequence[int], limit: int = 100) -> list[tuple[str, LogLine]]:
    """The newest verdicts of people, with the ids of their comments."""
    with reading() as session:
        return shelf.decided(session, site_ids, limit)


def _settled(tools: Toolbox, session: Session, comment: Comment, verdict: Verdict, line: LogLine) -> Comment:
    edit = revisions.get(session, comment.edit) if comment.edit is not None else None
    if edit is not None and verdict is not Verdict.SPAM:
        return _settled_edit(session, comment, edit, line)
    appeals.tell_appellant(tools, session, comment, verdict)
    moved = _moved(session, comment, line)
    close_reports(tools, session, moved, line.status_after)
    teach(tools, session, comment, verdict.value)
    note_verdict(tools, session, comment, verdict)
    return moved


def _replay(comment_id: str, site_ids: Sequence[int] | None, once: Once) -> Comment | None:
    """The comment as the first request with this key was told it."""
    with reading() as session:
        comment = _mine(session, comment_id, site_ids)
        answer = earlier_answer(session, sites.by_id(session, comment.site_id), once)
    if answer is None:
        return None
    return replace(comment, status=Status(answer["status"]), version=answer["version"])


def _mine(session: Session, comment_id: str, site_ids: Sequence[int] | None) -> Comment:
    comment = comments.get(session, comment_id) if is_id(comment_id) else None
    if comment is None or comment.status is Status.DELETED:
        raise NotFound
    if site_ids is not None and comment.site_id not in site_ids:
        raise NotFound
    return comment


def _locked(session: Session, comment_id: str, site_ids: Sequence[int] | None, version: int | None) -> Comment:
    """The comment, with its page locked first, as a new comment does, so that the two never wait in a circle."""
    comment = _mine(session, comment_id, site_ids)
    pages.lock(session, comment.page_id)
    if version is not None and comment.version != version:
        raise AlreadySettled
    return comment


def _moved(session: Session, comment: Comment, line: LogLine) -> Comment:
    if not publishing.move(session, comment, line.status_after, line):
        raise AlreadySettled
    return replace(comment, status=line.status_after, version=comment.version + 1)


def _settled_edit(session: Session, comment: Comment, edit: Edit, line: LogLine) -> Comment:
    """The verdict is about the new text; the comment itself stays as it is."""
    approved = line.what == Verdict.APPROVE
    line = replace(line, what=f"edit-{line.what}", status_after=comment.status)
    if approved:
        done = publishing.apply_edit(session, comment, edit, line, text_hash=text_hash(edit.body))
    else:
        done = publishing.refuse_edit(session, comment, edit, line)
    if not done:
        raise AlreadySettled
    body = (edit.body, edit.body_html) if approved else (comment.body, comment.body_html)
    return replace(comment, body=body[0], body_html=body[1], edit=None, version=comment.version + 1)


def _items(session: Session, found: Sequence[tuple[Comment, float]]) -> list[QueueItem]:
    logs = shelf.logs(session, [comment.id for comment, _ in found])
    keys = {site_id: sites.by_id(session, site_id).key for site_id in {c.site_id for c, _ in found}}
    explained = explanations.of(session, [comment.id for comment, _ in found])
    items = []
    for comment, risk in found:
        item = _item(comment, risk, keys[comment.site_id], logs.get(comment.id, []), _others(session, comment))
        edit = revisions.get(session, comment.edit) if comment.edit is not None else None
        item = _with_edit(item, edit) if edit else item
        items.append(replace(item, spans=explaining.current(item.comment, explained.get(comment.id))))
    return items


def _with_edit(item: QueueItem, edit: Edit) -> QueueItem:
    """The card of a new text that waits; what stands meanwhile is beside it."""
    stands = item.comment.body_html
    return replace(item, comment=replace(item.comment, body=edit.body, body_html=edit.body_html), stands=stands)


def _item(comment: Comment, risk: float, site_key: str, lines: Sequence[LogLine], history: History) -> QueueItem:
    # An edit of the author is logged with what the machine made of it.
    machine = next((line for line in reversed(lines) if line.actor is Actor.MACHINE or line.model), None)
    return QueueItem(
        comment=comment,
        site_key=site_key,
        reasons=machine.reasons if machine else (),
        scores=machine.scores if machine else {},
        history=history,
        model=machine.model if machine else "",
        risk=risk,
        log=tuple(lines),
    )


def _others(session: Session, comment: Comment) -> History:
    """The author's history without the comment itself."""
    history, own = comments.history(session, comment.site_id, comment.email), comment.status.value
    known = getattr(history, own, 0)
    return replace(history, **{own: known - 1}) if known else history


def _cursor(order: str, after: str | None) -> tuple[Any, ...] | None:
    if after is None:
        return None
    kind, _, rest = after.partition("~")
    risk, _, last = rest.rpartition("~")
    try:
        wrong = kind != order or not is_id(last) or bool(risk) != (order == "risk")
        if wrong or (risk and not math.isfinite(float(risk))):
            raise ValueError
        return (float(risk), last) if risk else (last,)
    except ValueError as error:
        raise InvalidInput([FieldError("/after", Message(N_("This cursor is not one of ours.")))]) from error


def _next(order: str, last: Comment, risk: float) -> str:
    return f"risk~{risk!r}~{last.id}" if order == "risk" else f"{order}~{last.id}"
