"""Telling readers of replies: asked with double opt-in, told once, and free to leave with one press.

A published comment is announced after its commit: the row that asks for it is written in the transaction that
publishes, so nothing is lost, and every letter has a key, so nothing is told twice.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status
from engagement.domain.errors import LinkNotValid
from engagement.domain.mailing.replies import EVERYWHERE, ReplyConsent, own_reply
from engagement.domain.messages import N_
from engagement.domain.newsletter import SubscriptionState
from engagement.domain.notices import Notice, NoticeKind, QueuedNotice
from engagement.domain.sites import Site
from engagement.language import say
from engagement.markup import visible_text
from engagement.services.addresses import address_hash, hashes_of
from engagement.services.audience import suppressions
from engagement.services.mailing import mail_quota
from engagement.services.newsletter import first_version
from engagement.services.ports import Toolbox
from engagement.storage import comments, newsletter, outbox, pages, sites
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import bounces, replies
from engagement.storage.newsletter import Proof

WISH = N_("Tell me about replies")
ASKED, CONFIRMED, LEFT = "reply-asked", "reply-yes", "reply-left"
BATCH = 50
_CAUGHT_UP = 20  # answers that came before an address was confirmed; more would be a flood


def announce_published(tools: Toolbox) -> int:
    """Queue the letters about newly published comments; how many comments were looked at.

    Each in a transaction of its own, which holds one mailbox: two processes cannot wait for each other in a ring.
    """
    for done in range(BATCH):
        with transaction() as session:
            comment_id = replies.take_announcement(session)
            comment = comments.get(session, comment_id) if comment_id else None
            if comment is not None and comment.status is Status.PUBLISHED:
                site = sites.by_id(session, comment.site_id)
                _ask(tools, session, site, comment)
                _tell(tools, session, site, comment)
        if comment_id is None:
            return done
    return BATCH


def look_up(tools: Toolbox, token: str, purpose: Literal["confirm", "leave"]) -> tuple[ReplyConsent, Site, str]:
    """The consent, its site, and the title (or address) of the page a link is about; changes nothing.

    Raises ``LinkNotValid``.
    """
    with reading() as session:
        found, page_id = _linked(tools, session, token, purpose)
        page = pages.by_id(session, page_id) if page_id != EVERYWHERE else None
        return found, sites.by_id(session, found.site_id), (page.title or page.url) if page else ""


def confirm(tools: Toolbox, token: str) -> Site:
    """Confirm an address for all its comments on the site; a second click finds it done. Raises ``LinkNotValid``."""
    with transaction() as session:
        found, _ = _linked(tools, session, token, "confirm", lock=True)
        site = sites.by_id(session, found.site_id)
        if found.state is SubscriptionState.CONFIRMED:
            return site
        now = tools.clock.now()
        changed = replace(
            found, state=SubscriptionState.CONFIRMED, version=found.version + 1, confirmed_at=now, left_at=None
        )
        replies.save(session, changed)
        replies.unmute(session, changed.id)
        newsletter.prove(session, _proof(tools, site, changed.email, CONFIRMED, now, "link"))
        bounces.forget(session, hashes_of(tools, changed.email), site.id)  # the mail with the link arrived
        for comment_id in replies.answers_since(session, changed, _CAUGHT_UP):
            answer = comments.get(session, comment_id)
            if answer is not None:
                _tell(tools, session, site, answer)
    tools.wake()
    return site


def leave(tools: Toolbox, token: str, method: Literal["link", "one-click"], *, everywhere: bool) -> Site:
    """Hear no more of the page a link is about, or of the whole site; again does nothing. Raises ``LinkNotValid``."""
    with transaction() as session:
        found, page_id = _linked(tools, session, token, "leave", lock=True)
        site = sites.by_id(session, found.site_id)
        if found.state is SubscriptionState.LEFT:
            return site
        if page_id != EVERYWHERE and not everywhere:
            replies.mute(session, found.id, page_id)
            return site
        now = tools.clock.now()
        replies.save(session, replace(found, state=SubscriptionState.LEFT, version=found.version + 1, left_at=now))
        newsletter.prove(session, _proof(tools, site, found.email, LEFT, now, method))
    return site


def purge(tools: Toolbox) -> None:
    """Forget addresses that nobody confirmed within ``privacy.pending_days``."""
    with transaction() as session:
        replies.purge(session, tools.clock.now() - timedelta(days=tools.settings.privacy.pending_days))


def confirm_facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    """Nothing a visitor typed but the address: a form must not carry a stranger's words to anybody."""
    notice = queued.notice
    with reading() as session:
        found = replies.get(session, int(notice.payload["consent"]))
        site = sites.by_id(session, notice.site_id)
    if found is None or found.state is not SubscriptionState.PENDING or found.version != notice.payload["version"]:
        return None
    return {
        "recipient": notice.recipient,
        "created_at": queued.created_at,
        "site_name": site.name,
        "confirm_url": tools.links.replies("confirm", found.id, found.version, since=queued.created_at),
    }


def reply_facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    """The reply, quoted; None once it, the comment it answers, or the wish to hear of it is gone."""
    notice = queued.notice
    with reading() as session:
        reply = comments.get(session, str(notice.payload["comment"]))
        found = replies.get(session, int(notice.payload["consent"]))
        if reply is None or found is None or _hears(session, reply) != found:
            return None
        site = sites.by_id(session, notice.site_id)
    leave_url = tools.links.replies("leave", found.id, found.version, page=reply.page_id)
    return {
        "recipient": notice.recipient,
        "created_at": queued.created_at,
        "site_name": site.name,
        "page_title": tools.letters.quote(reply.page_title or reply.page_url),
        "page_url": f"{reply.page_url}#comment-{reply.id}",
        "author": tools.letters.quote(reply.author),
        "body": tools.letters.quote(visible_text(reply.body_html)),
        "leave_url": leave_url,
        "unsubscribe": leave_url,
    }


def _hears(session: Session, reply: Comment) -> ReplyConsent | None:
    """Who is to be told of a published reply: whoever wrote what it answers, asked for it and confirmed."""
    answered = comments.get(session, reply.parent) if reply.parent else None
    if reply.status is not Status.PUBLISHED or answered is None or answered.status is not Status.PUBLISHED:
        return None
    if not answered.notify_replies or not answered.email or own_reply(reply, answered):
        return None
    found = replies.find(session, answered.site_id, answered.email.lower())
    if found is None or found.state is not SubscriptionState.CONFIRMED:
        return None
    return None if replies.muted(session, found.id, reply.page_id) else found


def _tell(tools: Toolbox, session: Session, site: Site, reply: Comment) -> None:
    found = _hears(session, reply)
    if found is None:
        return
    kind = NoticeKind.COMMENT_REPLY
    notice = Notice(
        kind=kind,
        key=f"{kind.value}:{reply.id}:{found.id}",
        recipient=found.email,
        language=site.language,
        site_id=site.id,
        payload={"comment": reply.id, "consent": found.id},
        priority=6,
    )
    now = tools.clock.now()
    outbox.add(session, notice, now, tools.settings.mail.domain)
    outbox.revive(session, notice.key, now)  # hidden before its letter went out, and published again


def _ask(tools: Toolbox, session: Session, site: Site, comment: Comment) -> None:
    """Ask an address once to confirm, however many comments it is left with."""
    email, now = comment.email.lower(), tools.clock.now()
    if not email or not comment.notify_replies:
        return
    if suppressions.silenced(tools, session, site.id, email):
        return
    mail_quota.hold_mailbox(tools, session, email)
    found, new = replies.ensure(session, site.id, email, version=first_version(tools), now=now)
    if found.state is SubscriptionState.CONFIRMED:
        return
    mail = mail_quota.may_mail(tools, session, site, email, NoticeKind.REPLY_CONFIRM)
    if new or mail:
        asked = _proof(tools, site, email, ASKED, now, "form")
        wish, page = say(WISH, site.language), comment.page_url
        shown = replace(asked, form="comment-1", consent_text=wish, source_url=page, language=site.language)
        newsletter.prove(session, shown)
    if mail:
        _mail(tools, session, site, found, now)


def _mail(tools: Toolbox, session: Session, site: Site, found: ReplyConsent, now: datetime) -> None:
    left = found.state is SubscriptionState.LEFT
    pending = replace(found, state=SubscriptionState.PENDING, version=found.version + left, created_at=now)
    replies.save(session, pending)
    kind = NoticeKind.REPLY_CONFIRM
    notice = Notice(
        kind=kind,
        key=f"{kind.value}:{pending.id}:{pending.version}:{int(now.timestamp())}",
        recipient=pending.email,
        language=site.language,
        site_id=site.id,
        payload={"consent": pending.id, "version": pending.version},
        priority=1,
    )
    mail_quota.write_down(tools, session, notice)


def _linked(
    tools: Toolbox, session: Session, token: str, purpose: Literal["confirm", "leave"], *, lock: bool = False
) -> tuple[ReplyConsent, int]:
    consent_id, version, page_id = tools.links.read_replies(purpose, token)
    found = replies.get(session, consent_id, lock=lock)
    if found is None or not (found.may_confirm(version) if purpose == "confirm" else found.may_leave(version)):
        raise LinkNotValid
    return found, page_id


def _proof(tools: Toolbox, site: Site, email: str, what: str, at: datetime, method: str) -> Proof:
    return Proof(site.id, address_hash(tools, email), what, at, method)
