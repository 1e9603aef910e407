"""Sending what the outbox holds: claim, gather, write, hand over, write down."""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status
from engagement.domain.discussion.reasons import moderator_text
from engagement.domain.discussion.reports import ReportState
from engagement.domain.errors import Unavailable
from engagement.domain.mailing.channel import ANY, Rates
from engagement.domain.mailing.contact import MessageStatus
from engagement.domain.newsletter import LinkPurpose, SubscriptionState
from engagement.domain.notices import (
    RENDER_TRIES,
    TO_READERS,
    Delivery,
    Notice,
    NoticeKind,
    QueuedNotice,
    SendOutcome,
)
from engagement.language import say
from engagement.markup import visible_text
from engagement.services.audience import suppressions
from engagement.services.mailing import bounces, campaigns, digests, replies, summaries
from engagement.services.ports import Toolbox
from engagement.storage import comments, newsletter, outbox, sites
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import reports, revisions
from engagement.storage.mailing import channel, contact

_log = logging.getLogger(__name__)
FULL_FOR = timedelta(minutes=5)  # written anew at each sweep: no longer than that nobody needs to look for a worker

_LINKS: Mapping[NoticeKind, tuple[LinkPurpose, ...]] = {
    NoticeKind.NEWSLETTER_CONFIRM: ("confirm", "preferences"),
    NoticeKind.NEWSLETTER_LEAVE: ("leave", "preferences"),
}


def deliver_due(tools: Toolbox, limit: int = 20) -> int:
    """Send what is due; how many notices were tried. No transaction is open while a letter travels.

    Each is claimed only when its turn comes: a slow server cannot outlast the leases of those behind, a more urgent
    mail overtakes, and a process that is ended has one letter under way at most. Asked to stop, it ends after the
    letter in hand; where the way out is broken, it leaves the others untouched (``domain.mailing.channel``).
    """
    token = secrets.token_hex(16)
    for tried in range(limit):
        now = tools.clock.now()
        if tools.stopping() or tools.channel.opens_at(now) > now:
            return tried
        with transaction() as session:
            due = _claim(tools, session, now, token)
        if not due:
            return tried
        _deliver(tools, due[0])
    return limit


def _claim(tools: Toolbox, session: Session, now: datetime, token: str) -> list[QueuedNotice]:
    """The next mail for which the rates of the channel leave room; it is counted before it is handed over."""
    rates = Rates(tools.settings.mail.per_minute, tools.settings.mail.per_day)
    if not rates:
        return outbox.claim(session, now, 1, token) or campaigns.claim(tools, session, now, token)
    room = rates.room(*channel.lately(session, now))
    if room < ANY:
        channel.full(session, now + FULL_FOR)
    due = outbox.claim(session, now, 1, token, below=room)
    if not due and room >= ANY:
        due = campaigns.claim(tools, session, now, token)
    for queued in due:
        channel.count_try(session, queued.id, now)
    return due


def _deliver(tools: Toolbox, queued: QueuedNotice) -> None:
    delivery = _send(tools, queued)
    jitter = tools.randomness(16) / 32_768 - 1
    # A new try is counted from the end of a pause, so that another mail finds out next: this one may be the cause.
    at = tools.clock.now()
    now = tools.channel.opens_at(at)
    with transaction() as session:
        if delivery is None:
            outbox.suppress(session, queued.id, queued.token, _forbidden(tools, session, queued.notice))
            channel.take_back(session, queued.id)
            return
        _tell_others(session, queued, delivery, now if now > at else None)
        kept = outbox.finish(session, queued.id, queued.token, delivery=delivery, now=now, jitter=jitter)
        if kept:
            bounces.hear(tools, session, queued, delivery)
    if not kept:
        _log.warning("notice %s was taken over by another worker meanwhile", queued.id)


def _tell_others(session: Session, queued: QueuedNotice, delivery: Delivery, until: datetime | None) -> None:
    """What this try says about the way out, for the desk and for other processes."""
    if delivery.outcome is SendOutcome.CHANNEL:
        channel.take_back(session, queued.id)
    if until is not None:
        channel.pause(session, until, delivery.code, delivery.reply)
    elif delivery.outcome is SendOutcome.SENT:
        channel.resume(session)


def _send(tools: Toolbox, queued: QueuedNotice) -> Delivery | None:
    """What became of it; None when there is nothing to tell any more."""
    notice = queued.notice
    try:
        facts = _facts(tools, queued)
        if facts is None:
            return None
        letter = tools.letters.write(notice.kind, notice.language, facts, queued.message_id)
    except Unavailable:
        raise  # the database is away, not the letter wrong; the lease brings it back
    except Exception as error:  # noqa: BLE001 - a letter that cannot be written must not block the others
        _log.exception("a letter of kind %s cannot be written", notice.kind.value)
        outcome = SendOutcome.REFUSED if queued.attempt >= RENDER_TRIES else SendOutcome.RETRY
        return Delivery(outcome, reply=f"not written: {type(error).__name__}")
    delivery, now = tools.postman.send(notice.recipient, letter), tools.clock.now()
    if tools.channel.heard(delivery, now):
        until = tools.channel.opens_at(now).isoformat(timespec="seconds")
        _log.warning("mail pauses until %s: %s %s", until, delivery.code or "no answer", delivery.reply)
    return delivery


def _facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    """What the letter tells; None when there is nothing to tell any more."""
    with reading() as session:
        if _forbidden(tools, session, queued.notice):
            return None  # since it was queued
    return _GATHER[queued.notice.kind](tools, queued)


def _newsletter_facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    """Nothing a visitor typed but the address: a form must not carry a stranger's words to anybody."""
    notice = queued.notice
    with reading() as session:
        found = newsletter.get(session, int(notice.payload["subscription"]))
        site = sites.by_id(session, notice.site_id)
    version = int(notice.payload["version"])  # the one it was queued at, so that a retry is the same bytes
    confirming = notice.kind is NoticeKind.NEWSLETTER_CONFIRM
    if found is None or found.state is SubscriptionState.LEFT:
        return None
    if confirming and found.state is not SubscriptionState.PENDING:
        return None
    if confirming and found.version != notice.payload["version"]:
        return None
    return {
        "recipient": notice.recipient,
        "created_at": queued.created_at,
        "site_name": site.name,
        **{
            f"{purpose}_url": tools.links.newsletter(purpose, found.id, version, since=queued.created_at)
            for purpose in _LINKS[notice.kind]
        },
    }


def _forbidden(tools: Toolbox, session: Session, notice: Notice) -> str:
    """Why the list forbids a mail; "" where it does not."""
    if notice.kind not in TO_READERS:
        return ""
    line = suppressions.line_of(tools, session, notice.site_id, notice.recipient.lower())
    return line.reason.value if line and line.reason.silences else ""


def _still_so(notice: Notice, comment: Comment) -> bool:
    """Whether what the notice tells is still true, and still to be told."""
    if notice.kind is NoticeKind.COMMENT_HELD:
        # Each new text has a notice of its own; the first one may be told of a later version of the same text.
        return comment.status is Status.HELD or comment.edit is not None
    return comment.status is Status.PUBLISHED


def _report_facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    """Nothing a commenter wrote: a notice must not carry a stranger's words to whoever was named in it."""
    with reading() as session:
        report = reports.by_reference(session, str(queued.notice.payload["reference"]))
        comment = comments.get(session, report.comment) if report else None
        site = sites.by_id(session, queued.notice.site_id)
    if report is None or comment is None or report.state is ReportState.OPEN:
        return None
    return {
        "recipient": queued.notice.recipient,
        "created_at": queued.created_at,
        "site_name": site.name,
        "reference": report.reference,
        "removed": report.state is ReportState.REMOVED,
        "comment_url": f"{comment.page_url}#comment-{comment.id}",
    }


def _comment_facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    notice = queued.notice
    with reading() as session:
        comment = comments.get(session, str(notice.payload["comment"]))
        edit = revisions.get(session, comment.edit) if comment and comment.edit is not None else None
        if comment is None or not _still_so(notice, comment):
            return None
        if edit is not None and notice.kind is NoticeKind.COMMENT_HELD:
            comment = replace(comment, body_html=edit.body_html)
        reasons = comments.last_decision_reasons(session, comment.id)
        site = sites.by_id(session, notice.site_id)
    return {
        "recipient": notice.recipient,
        "created_at": queued.created_at,
        "site_name": site.name,
        "page_title": tools.letters.quote(comment.page_title or comment.page_url),
        "page_url": f"{comment.page_url}#comment-{comment.id}",
        "author": tools.letters.quote(comment.author),
        "body": tools.letters.quote(visible_text(comment.body_html)),
        "reasons": [say(moderator_text(reason), notice.language) for reason in reasons],
        "decide_url": tools.links.decide(comment.id, comment.version, notice.recipient, since=queued.created_at),
    }


def _contact_facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    """A reader's words, for the site's author alone; none once they were marked as spam or forgotten."""
    notice = queued.notice
    with reading() as session:
        message = contact.get(session, str(notice.payload["message"]))
        site = sites.by_id(session, notice.site_id)
    if message is None or message.status in {MessageStatus.SPAM, MessageStatus.HELD}:
        return None
    return {
        "recipient": notice.recipient,
        "created_at": queued.created_at,
        "site_name": site.name,
        "reply_to": message.email,
        "author": tools.letters.quote(message.name),
        "email": message.email,
        "topic": tools.letters.quote(message.subject),
        "body": tools.letters.quote(message.body),
        "unchecked": bool(notice.payload["unchecked"]),
        "desk_url": f"{tools.settings.server.address}/desk/inbox",
    }


def _appeal_facts(_tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    """Nothing that was typed into a form but the address; a verdict that was undone meanwhile is not told."""
    notice = queued.notice
    with reading() as session:
        comment = comments.get(session, str(notice.payload["comment"]))
        site = sites.by_id(session, notice.site_id)
    published = bool(notice.payload["published"])
    if comment is None or comment.status not in ({Status.PUBLISHED} if published else {Status.REJECTED, Status.SPAM}):
        return None
    return {
        "recipient": notice.recipient,
        "created_at": queued.created_at,
        "site_name": site.name,
        "published": published,
        "page_url": f"{comment.page_url}#comment-{comment.id}" if published else comment.page_url,
    }


# How the facts of each kind of letter are gathered; a new kind is a template and a line here.
_GATHER: Mapping[NoticeKind, Callable[[Toolbox, QueuedNotice], dict[str, object] | None]] = {
    NoticeKind.COMMENT_PUBLISHED: _comment_facts,
    NoticeKind.COMMENT_HELD: _comment_facts,
    NoticeKind.COMMENT_REPORTED: _comment_facts,
    NoticeKind.REPORT_DECIDED: _report_facts,
    NoticeKind.NEWSLETTER_CONFIRM: _newsletter_facts,
    NoticeKind.NEWSLETTER_LEAVE: _newsletter_facts,
    NoticeKind.CONTACT_MESSAGE: _contact_facts,
    NoticeKind.APPEAL_DECIDED: _appeal_facts,
    NoticeKind.COMMENT_DIGEST: digests.digest_facts,
    NoticeKind.MODERATION_REMINDER: summaries.reminder_facts,
    NoticeKind.WEEKLY_SUMMARY: summaries.weekly_facts,
    NoticeKind.REPLY_CONFIRM: replies.confirm_facts,
    NoticeKind.COMMENT_REPLY: replies.reply_facts,
    NoticeKind.NEW_ARTICLE: campaigns.letter_facts,
    NoticeKind.WEEKLY_DIGEST: campaigns.letter_facts,
}
