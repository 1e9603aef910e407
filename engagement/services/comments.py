"""Comments, from submission to receipt, and reading them back."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Receipt, Status, Submission, Thread, comment_id, text_hash
from engagement.domain.discussion.tongue import told
from engagement.domain.errors import (
    DuplicateComment,
    FieldError,
    InvalidInput,
    NotFound,
    PageClosed,
    SiteNotFound,
)
from engagement.domain.messages import N_, Message
from engagement.domain.moderation import Actor, LogLine, status_of
from engagement.domain.policy import Case, Decision, Outcome, Reason
from engagement.domain.sites import SITE_KEY, Site
from engagement.domain.throttling import FloodLimits, throttle
from engagement.markup import render, visible_text
from engagement.services.desk.telling import tell_author
from engagement.services.discussion import explaining
from engagement.services.discussion.publishing import count
from engagement.services.discussion.spam_checking import outside_signs
from engagement.services.once import Once, earlier_answer, remember
from engagement.services.ports import Toolbox
from engagement.services.readers import client_hash
from engagement.services.screening import examine
from engagement.storage import comments, pages, sites
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import spam, waiting

REPEAT_WINDOW = timedelta(days=1)
SHORT_TEXT = 30  # characters; "Grazie mille!" may be said by many


@dataclass(frozen=True)
class _Draft:
    comment: Comment
    sent: Submission
    client_hash: str
    text_hash: str


def submit_comment(tools: Toolbox, site: Site, submission: Submission, once: Once | None = None) -> Receipt:
    """Take a reader's comment: throttle, screen, decide, store with its notices, answer.

    Raises ``InvalidInput`` (parent), ``DuplicateComment``, ``PageClosed``, ``TooManyRequests``,
    ``IdempotencyKeyReused`` or ``Unavailable``.
    """
    if once and (earlier := _replay(tools, site, submission, once)):
        return earlier
    draft = _draft(tools, site, submission)
    try:
        case = _facts(tools, site, draft)
        outside = outside_signs(tools, site, draft.comment, submission.client)
        case = replace(case, signs=(*case.signs, *outside))
        decision = examine(tools, site, draft.comment, case)
        draft = replace(draft, comment=replace(draft.comment, page_title=case.title))  # no other was looked at
        receipt = _store(tools, site, draft, decision, once)
    except DuplicateComment:
        # The same request sent twice at once: to its own twin a key gives the first answer, not a refusal.
        if once and (earlier := _replay(tools, site, submission, once)):
            return earlier
        raise
    tools.wake()
    return receipt


def read_thread(site: Site, page_url: str, *, sort: str, limit: int, after: str | None) -> Thread:
    """Published comments of a page; an unknown page is an empty thread.

    Raises ``InvalidInput`` for a bad cursor.
    """
    with reading() as session:
        page = pages.by_url(session, site.id, page_url)
        if page is None:
            return Thread(page_url, "", True, 0, 0)
        found = comments.thread(session, page.id, sort=sort, limit=limit + 1, after=_cursor(sort, after))
    shown = found[:limit]
    more = len(found) > limit
    return Thread(
        page.url,
        page.shown_title,
        page.open,
        page.version,
        page.count,
        shown,
        _next(sort, shown[-1]) if more else None,
    )


def find_thread(key: str, page_url: str) -> tuple[Site, str]:
    """A site, and a mark that changes whenever the thread of its page does; one indexed read.

    The mark is "" for an unknown page. Raises ``SiteNotFound``.
    """
    if not SITE_KEY.fullmatch(key):
        raise SiteNotFound
    with reading() as session:
        found = sites.with_page(session, key, page_url)
    if found is None:
        raise SiteNotFound
    site, page = found
    return site, f"{page.id}.{page.version}.{page.open:d}.{page.shown_title}" if page else ""


def thread_mark(site: Site, page_url: str) -> str:
    """Changes whenever the thread of a page does; "0" for an unknown page."""
    return find_thread(site.key, page_url)[1] or "0"


def read_comment(site: Site, wanted: str) -> Comment:
    """A published comment of the site. Raises ``NotFound``."""
    with reading() as session:
        comment = comments.get(session, wanted)
    if comment is None or comment.site_id != site.id or comment.status is not Status.PUBLISHED:
        raise NotFound
    return comment


def _draft(tools: Toolbox, site: Site, sent: Submission) -> _Draft:
    now = tools.clock.now()
    seen = render(sent.body)
    comment = Comment(
        id=comment_id(now, tools.randomness(50)),
        site_id=site.id,
        page_id=0,
        status=Status.RECEIVED,
        author=sent.author,
        body=sent.body,
        body_html=seen,
        created_at=now,
        parent=sent.parent,
        email=sent.email,
        website=sent.website,
        notify_replies=sent.notify_replies,
        page_url=sent.page_url,
        page_title=sent.page_title,
        language=told(visible_text(seen)),
    )
    return _Draft(comment, sent, client_hash(tools, sent.client), text_hash(sent.body))


def _facts(tools: Toolbox, site: Site, draft: _Draft) -> Case:
    """Look up what storage knows; refuse what the house's own limits refuse."""
    with reading() as session:
        _check_state(tools, session, site, draft)
        facts = stored_facts(tools, session, draft.comment)
        page = pages.by_url(session, site.id, draft.comment.page_url)
    title = "" if page and page.shown_title else draft.comment.page_title
    return replace(facts, signs=draft.sent.signs, title=title)


def stored_facts(tools: Toolbox, session: Session, comment: Comment) -> Case:
    """What storage knows about a text and its author: how often it was sent of late, what became of earlier ones."""
    since, long = tools.clock.now() - REPEAT_WINDOW, len(comment.body) >= SHORT_TEXT
    seen = (comment.site_id, comment.body, text_hash(comment.body), since)
    repeats = comments.repeats(session, *seen) if long else 0
    return Case(history=comments.history(session, comment.site_id, comment.email), repeats=repeats)


def _check_state(tools: Toolbox, session: Session, site: Site, draft: _Draft) -> None:
    comment = draft.comment
    page = pages.by_url(session, site.id, comment.page_url)
    if comment.parent is not None:
        parent = comments.get(session, comment.parent)
        if parent is None or page is None or parent.page_id != page.id or parent.status is not Status.PUBLISHED:
            message = Message(N_("The comment you answer is not there any more."))
            raise InvalidInput([FieldError("/parent", message)])
    now = tools.clock.now()
    recent = comments.recent(
        session,
        site.id,
        page.id if page else None,
        client_hash=draft.client_hash,
        email=comment.email,
        text_hash=draft.text_hash,
        now=now,
    )
    limits = tools.settings.limits
    throttle(recent, FloodLimits(limits.flood_per_minute, limits.flood_per_hour), now)
    if page is not None and not page.open:
        raise PageClosed


def _store(tools: Toolbox, site: Site, draft: _Draft, decision: Decision, once: Once | None) -> Receipt:
    """One transaction: page, comment, reasons, notices, key. Its commit is what the answer promises."""
    now = tools.clock.now()
    status = status_of(decision.outcome)
    try:
        with transaction() as session:
            page = pages.ensure(session, site.id, draft.comment.page_url, "", now)
            pages.lock(session, page.id)
            _check_state(tools, session, site, draft)
            comment = replace(draft.comment, page_id=page.id, status=status)
            if status is not Status.REJECTED:
                pages.entitle(session, page.id, comment.page_title, published=status is Status.PUBLISHED)
            _spend(tools, session, draft.sent.challenge)
            comments.add(
                session,
                comment,
                client_hash=draft.client_hash,
                text_hash=draft.text_hash,
                risk=max(decision.scores.values(), default=0.5),
            )
            comments.log(session, comment.id, _first_line(comment, decision))
            count(session, comment, None, status)
            if decision.unscreened:
                waiting.put(session, comment.id, now)
            explaining.ask(session, comment, decision, now)
            tell_author(tools, session, site, comment)
            remember(tools, session, site, once, _answer(comment, decision))
    except IntegrityError:
        # Two requests with one key at once: the other was faster, so its answer is ours too.
        if once and (earlier := _replay(tools, site, draft.sent, once)):
            return earlier
        raise
    return _receipt(tools, comment, decision)


def _spend(tools: Toolbox, session: Session, nonce: str) -> None:
    """A challenge is good once. Raises ``InvalidInput``."""
    until = tools.clock.now() + timedelta(minutes=tools.settings.spam.challenge_minutes)
    if nonce and not spam.spend(session, nonce, until):
        raise InvalidInput([FieldError("/challenge", Message(N_("This challenge was used before; please try again.")))])


def _first_line(comment: Comment, decision: Decision) -> LogLine:
    return LogLine(
        at=comment.created_at,
        actor=Actor.MACHINE,
        what=decision.outcome.value,
        status_before=Status.RECEIVED,
        status_after=comment.status,
        reasons=decision.reasons,
        scores=decision.scores,
        model=decision.model,
        policy=decision.policy,
        comment_version=comment.version,
    )


def _receipt(tools: Toolbox, comment: Comment, decision: Decision) -> Receipt:
    until = comment.created_at + timedelta(minutes=tools.settings.comments.edit_minutes)
    token = tools.links.edit_token(comment.id, until)
    return Receipt(comment, decision, token, until, _appeal(tools, comment))


def _appeal(tools: Toolbox, comment: Comment) -> str:
    """Where to appeal against a rejection; without an address nobody could be told what came of it."""
    if comment.status is not Status.REJECTED or not comment.email:
        return ""
    return tools.links.appeal(comment.id, comment.version, since=comment.created_at)


def _answer(comment: Comment, decision: Decision) -> dict[str, Any]:
    return {
        "comment": comment.id,
        "created_at": comment.created_at.isoformat(),
        "status": comment.status.value,
        "version": comment.version,
        "outcome": decision.outcome.value,
        "reasons": [[r.code, r.outcome.value] for r in decision.reasons],
    }


def _replay(tools: Toolbox, site: Site, sent: Submission, once: Once) -> Receipt | None:
    """The earlier answer for a key. Raises ``IdempotencyKeyReused`` when the body is another."""
    with reading() as session:
        answer = earlier_answer(session, site, once)
    if answer is None:
        return None
    reasons = tuple(Reason(code, Outcome(outcome)) for code, outcome in answer["reasons"])
    decision = Decision(Outcome(answer["outcome"]), reasons)
    # As it was then, made again of the same text: what stands now may have been edited, voted on or deleted since.
    as_then = replace(
        _draft(tools, site, sent).comment,
        id=answer["comment"],
        created_at=datetime.fromisoformat(answer["created_at"]),
        status=Status(answer["status"]),
        version=answer["version"],  # an appeal link is made of it
    )
    return _receipt(tools, as_then, decision)


def _cursor(sort: str, after: str | None) -> tuple[Any, ...] | None:
    if after is None:
        return None
    kind, _, rest = after.partition(".")
    parts = rest.split(".")
    try:
        if kind != sort or len(parts) != (2 if sort == "popular" else 1) or len(parts[-1]) != 20:
            raise ValueError
        return (int(parts[0]), parts[1]) if sort == "popular" else (parts[0],)
    except ValueError as error:
        message = Message(N_("This cursor is not one of ours."))
        raise InvalidInput([FieldError("/after", message)]) from error


def _next(sort: str, last: Comment) -> str:
    return f"popular.{last.rank}.{last.id}" if sort == "popular" else f"{sort}.{last.id}"
