"""What the author of a comment may do with it, for as long as the edit token is good."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, EditOutcome, EditReceipt, Status, text_hash
from engagement.domain.discussion.reports import ReportState
from engagement.domain.discussion.tongue import told
from engagement.domain.errors import Conflict, LinkNotValid, NotAuthorised, NotFound, NotPermitted, PageClosed
from engagement.domain.messages import N_, Message
from engagement.domain.moderation import Actor, LogLine
from engagement.domain.policy import Decision, Outcome
from engagement.domain.sites import Site
from engagement.markup import render, visible_text
from engagement.services.comments import stored_facts
from engagement.services.desk.telling import tell_notifier, tell_of_edit
from engagement.services.discussion import explaining, publishing
from engagement.services.ports import Toolbox
from engagement.services.screening import examine
from engagement.storage import comments, pages
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import explanations, reports, revisions, votes, waiting

OVER = N_("The time to change this comment is over.")
_OPEN = {Status.PUBLISHED, Status.HELD}


def own_comment(tools: Toolbox, site: Site, comment_id: str, token: str) -> Comment:
    """A comment for its author's eyes, whether it is published or held.

    Raises ``NotAuthorised`` for a token that is none of ours, ``NotPermitted`` for one that is over or another
    comment's, ``NotFound`` for a comment that is gone or was decided against.
    """
    _check_token(tools, comment_id, token)
    with reading() as session:
        return _mine(session, site, comment_id)


def edit_comment(tools: Toolbox, site: Site, comment_id: str, body: str, token: str) -> EditReceipt:
    """Give a comment a new text, by the path a new comment takes: screen, decide, store with its notices.

    While the new text is held the published one stays. Raises as ``own_comment``, and ``PageClosed``, ``Conflict``
    (somebody decided meanwhile) or ``Unavailable``.
    """
    comment = own_comment(tools, site, comment_id, token)
    seen = render(body)
    language = told(visible_text(seen))
    draft = replace(comment, body=body, body_html=seen, edited_at=tools.clock.now(), language=language)
    if body == comment.body:
        return _receipt(tools, EditOutcome.UNCHANGED, comment, Decision(Outcome.PUBLISH), body)
    with reading() as session:
        case = stored_facts(tools, session, draft)
    decision = examine(tools, site, draft, case)
    if decision.outcome is Outcome.REJECT:
        with transaction() as session:
            comments.log(session, comment.id, _line(tools, comment, comment.status, "edit-rejected", decision))
        return _receipt(tools, EditOutcome.REJECTED, comment, decision, body)
    with transaction() as session:
        pages.lock(session, comment.page_id)
        if not pages.by_id(session, comment.page_id).open:
            raise PageClosed
        receipt = _store(tools, session, site, comment, draft, decision)
    tools.wake()
    return receipt


def delete_comment(tools: Toolbox, site: Site, comment_id: str, token: str) -> None:
    """Take a comment back. Where it has replies an empty place stays for them. Raises as ``own_comment``."""
    _check_token(tools, comment_id, token)
    now = tools.clock.now()
    with transaction() as session:
        comment = _mine(session, site, comment_id)
        pages.lock(session, comment.page_id)
        if not comments.erase(session, comment.id, comment.version):
            raise Conflict
        publishing.count(session, comment, comment.status, Status.DELETED)
        revisions.forget(session, comment.id)
        votes.forget(session, comment.id)
        explanations.forget(session, comment.id)
        for report in reports.settle(session, comment.id, ReportState.REMOVED, now):
            tell_notifier(tools, session, site, report)
        comments.log(session, comment.id, _line(tools, comment, Status.DELETED, "delete", Decision(Outcome.PUBLISH)))
    tools.wake()


def _store(
    tools: Toolbox, session: Session, site: Site, comment: Comment, draft: Comment, decision: Decision
) -> EditReceipt:
    if comment.status is Status.PUBLISHED and decision.outcome is Outcome.HOLD:
        return _hold(tools, session, site, comment, draft, decision)
    status = Status.PUBLISHED if decision.outcome is Outcome.PUBLISH else Status.HELD
    if comment.status is Status.HELD and comments.settled_by_a_person(session, comment.id):
        status = Status.HELD  # what a person held, a person publishes
    changed = replace(draft, status=status, edit=None)
    line = _line(tools, comment, status, "edit", decision)
    if not publishing.rewrite(session, comment, changed, line, text_hash=text_hash(draft.body)):
        raise Conflict
    if comment.edit is not None:
        revisions.settle(session, comment.edit, revisions.REFUSED)
    changed = replace(changed, version=comment.version + 1)
    if status is Status.HELD:
        explaining.ask(session, changed, decision, tools.clock.now())
        _wait(tools, session, changed, decision)
        tell_of_edit(tools, session, site, changed)
    outcome = EditOutcome.CHANGED if status is Status.PUBLISHED else EditOutcome.WAITING
    return _receipt(tools, outcome, changed, decision, draft.body)


def _hold(
    tools: Toolbox, session: Session, site: Site, comment: Comment, draft: Comment, decision: Decision
) -> EditReceipt:
    edit = revisions.hold(session, comment, draft.body, draft.body_html, tools.clock.now())
    risk = max(decision.scores.values(), default=0.5)
    if not revisions.attach(session, comment.id, comment.version, edit, risk):
        raise Conflict
    comments.log(session, comment.id, _line(tools, comment, comment.status, "edit-held", decision))
    waits = replace(comment, version=comment.version + 1, edit=edit)
    explaining.ask(session, waits, decision, tools.clock.now())
    _wait(tools, session, waits, decision)
    tell_of_edit(tools, session, site, waits)
    return _receipt(tools, EditOutcome.WAITING, waits, decision, draft.body)


def _wait(tools: Toolbox, session: Session, comment: Comment, decision: Decision) -> None:
    if decision.unscreened:
        waiting.put(session, comment.id, tools.clock.now())


def _check_token(tools: Toolbox, comment_id: str, token: str) -> None:
    try:
        named, until = tools.links.read_edit_token(token)
    except LinkNotValid as error:
        raise NotAuthorised from error
    if named != comment_id or until <= tools.clock.now():
        raise NotPermitted(Message(OVER))


def _mine(session: Session, site: Site, comment_id: str) -> Comment:
    comment = comments.get(session, comment_id)
    if comment is None or comment.site_id != site.id or comment.status not in _OPEN:
        raise NotFound
    return comment


def _line(tools: Toolbox, comment: Comment, after: Status, what: str, decision: Decision) -> LogLine:
    return LogLine(
        at=tools.clock.now(),
        actor=Actor.AUTHOR,
        what=what,
        status_before=comment.status,
        status_after=after,
        reasons=decision.reasons,
        scores=decision.scores,
        model=decision.model,
        policy=decision.policy if decision.model else "",
        comment_version=comment.version,
    )


def _receipt(tools: Toolbox, outcome: EditOutcome, comment: Comment, decision: Decision, body: str) -> EditReceipt:
    until = comment.created_at + timedelta(minutes=tools.settings.comments.edit_minutes)
    return EditReceipt(outcome, comment, decision, body, tools.links.edit_token(comment.id, until), until)
