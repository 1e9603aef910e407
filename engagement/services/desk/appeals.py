"""Appeals: a rejected comment goes back to a person, once, and its author is told what came of it."""

from dataclasses import replace

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status
from engagement.domain.discussion.appeals import APPEALED, Appealable, is_waiting
from engagement.domain.errors import AlreadySettled, LinkNotValid
from engagement.domain.messages import N_, Message
from engagement.domain.moderation import Actor, LogLine, Verdict
from engagement.domain.notices import Notice, NoticeKind
from engagement.domain.policy import Outcome, Reason
from engagement.domain.sites import Site
from engagement.services.desk.telling import tell_author
from engagement.services.discussion import publishing
from engagement.services.ports import Toolbox
from engagement.storage import comments, outbox, pages, queue, sites
from engagement.storage.db import reading, transaction


def look_up(tools: Toolbox, token: str) -> tuple[Site, Appealable]:
    """The comment a link is about, with why it was rejected; changes nothing. Raises ``LinkNotValid``."""
    with reading() as session:
        comment, version = _linked(tools, session, token)
        log = queue.logs(session, [comment.id]).get(comment.id, [])
        site = sites.by_id(session, comment.site_id)
    rejected = next((line for line in reversed(log) if line.comment_version <= version and line.reasons), None)
    open_still = comment.version == version and comment.status is Status.REJECTED
    return site, Appealable(comment, rejected.reasons if rejected else (), not open_still)


def appeal(tools: Toolbox, token: str, words: str) -> None:
    """Hold the comment for a person, with its author's words; the site's author is told, as of any held one.

    Raises ``LinkNotValid``, or ``AlreadySettled`` when the link was used or a person has decided meanwhile.
    """
    with transaction() as session:
        comment, version = _linked(tools, session, token)
        pages.lock(session, comment.page_id)
        if comment.version != version or comment.status is not Status.REJECTED:
            raise _too_late()
        line = _line(tools, session, comment, words)
        if not publishing.move(session, comment, Status.HELD, line):
            raise _too_late()
        held = replace(comment, status=Status.HELD, version=comment.version + 1)
        tell_author(tools, session, sites.by_id(session, comment.site_id), held)
    tools.wake()


def tell_appellant(tools: Toolbox, session: Session, comment: Comment, verdict: Verdict) -> None:
    """Queue the letter about a verdict, in its transaction, if an appeal was waiting for it.

    ``comment`` is as before the verdict, whose line is not in the log yet. The letter holds nothing that was typed
    into a form: nobody has proved that the address is the author's own.
    """
    log = queue.logs(session, [comment.id]).get(comment.id, [])
    if not comment.email or not is_waiting(log):
        return
    decided = comment.version + 1
    notice = Notice(
        kind=NoticeKind.APPEAL_DECIDED,
        key=f"{NoticeKind.APPEAL_DECIDED.value}:{comment.id}:{decided}",
        recipient=comment.email,
        language=sites.by_id(session, comment.site_id).language,
        site_id=comment.site_id,
        payload={"comment": comment.id, "published": verdict is Verdict.APPROVE},
        priority=4,
    )
    outbox.add(session, notice, tools.clock.now(), tools.settings.mail.domain)


def _linked(tools: Toolbox, session: Session, token: str) -> tuple[Comment, int]:
    comment_id, version = tools.links.read_appeal(token)
    comment = comments.get(session, comment_id)
    if comment is None or comment.status is Status.DELETED:
        raise LinkNotValid
    return comment, version


def _line(tools: Toolbox, session: Session, comment: Comment, words: str) -> LogLine:
    """The reasons stay beside the appeal, so that the mail about the held comment tells both."""
    return LogLine(
        at=tools.clock.now(),
        actor=Actor.AUTHOR,
        what=APPEALED,
        status_before=comment.status,
        status_after=Status.HELD,
        reasons=(Reason(APPEALED, Outcome.HOLD), *comments.last_decision_reasons(session, comment.id)),
        note=words,
        comment_version=comment.version,
    )


def _too_late() -> AlreadySettled:
    return AlreadySettled(Message(N_("This appeal was made already.")))
