"""A reader writes to the author of a site ("Scrivimi"); the desk's inbox keeps it."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status, comment_id, text_hash
from engagement.domain.errors import AlreadySettled, Conflict, DuplicateMessage, FieldError, InvalidInput, NotFound
from engagement.domain.mailing.contact import (
    MessageStatus,
    NewMessage,
    ReaderMessage,
    Treatment,
    status_after,
    status_of,
    that_count,
)
from engagement.domain.messages import N_, Message
from engagement.domain.notices import Notice, NoticeKind
from engagement.domain.policy import Case, Decision, is_unscreened
from engagement.domain.sites import Site
from engagement.domain.throttling import FloodLimits, throttle
from engagement.services.comments import REPEAT_WINDOW, SHORT_TEXT
from engagement.services.once import Once, remember, replayed
from engagement.services.ports import Toolbox
from engagement.services.readers import client_hash
from engagement.services.screening import examine
from engagement.storage import audit, outbox, sites
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import contact

_ADDRESS = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"]+", re.IGNORECASE)
_ID = re.compile(r"[0-9a-z]{20}")


@dataclass(frozen=True)
class _Draft:
    message: ReaderMessage
    client_hash: str
    text_hash: str


def write_to_author(tools: Toolbox, site: Site, sent: NewMessage, once: Once | None = None) -> None:
    """Take a reader's message: throttle, screen, store with its notice. The answer is the same, held or not.

    A site that names no author keeps it all the same. Raises ``DuplicateMessage``, ``TooManyRequests``,
    ``IdempotencyKeyReused`` or ``Unavailable``.
    """
    if once and replayed(site, once):
        return
    draft = _draft(tools, site, sent)
    try:
        case = _facts(tools, site, draft)
        decision = examine(tools, site, _as_seen(draft.message), case)
        _store(tools, site, draft, decision, once)
    except (IntegrityError, DuplicateMessage):
        # Two requests with one key at once: the other was faster, so its answer is ours too.
        if not (once and replayed(site, once)):
            raise
    tools.wake()


def inbox(
    site_ids: Sequence[int], *, status: MessageStatus | None, limit: int, after: str | None
) -> tuple[list[ReaderMessage], str | None]:
    """Messages, the newest first, and the cursor of the next ones. Raises ``InvalidInput`` for a bad cursor."""
    if after is not None and not _ID.fullmatch(after):
        raise InvalidInput([FieldError("/after", Message(N_("This cursor is not one of ours.")))])
    with reading() as session:
        found = contact.page(session, site_ids, status=status, limit=limit + 1, after=after)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def waiting(site_ids: Sequence[int]) -> int:
    """How many messages nobody has marked yet."""
    with reading() as session:
        return contact.waiting(session, site_ids)


def treat(
    tools: Toolbox, message_id: str, treatment: Treatment, *, who: str, version: int, site_ids: Sequence[int]
) -> None:
    """What a moderator does with the version that was seen; releasing mails it, once.

    Raises ``NotFound`` outside one's sites, ``AlreadySettled`` when somebody was faster, ``Conflict`` when there is no
    author to mail to.
    """
    now = tools.clock.now()
    with transaction() as session:
        message = contact.get(session, message_id) if _ID.fullmatch(message_id) else None
        if message is None or message.site_id not in site_ids:
            raise NotFound
        if message.version != version or not contact.change(session, message, status_after(treatment)):
            raise AlreadySettled(Message(N_("Another moderator was faster with this message.")))
        if treatment is Treatment.RELEASE:
            _release(tools, session, message)
        audit.write(session, now, who, f"message-{treatment.value}", message.id)
    tools.wake()


def _release(tools: Toolbox, session: Session, message: ReaderMessage) -> None:
    """Mail it, if that was not done: it was held, or marked as spam before its mail had left."""
    site = sites.by_id(session, message.site_id)
    if message.mailed_at is not None:
        outbox.revive(session, _key(message), tools.clock.now())
    elif site.author_email:
        contact.mail(session, message.id, tools.clock.now())
        _queue(tools, session, site, replace(message, reasons=()))  # a person has checked it
    else:
        raise Conflict(Message(N_("This site has no author's address to send to.")))


def forget_messages(tools: Toolbox) -> None:
    """Forget what is older than ``privacy.message_days``, with its screening."""
    before = tools.clock.now() - timedelta(days=tools.settings.privacy.message_days)
    with transaction() as session:
        contact.purge(session, before)


def _draft(tools: Toolbox, site: Site, sent: NewMessage) -> _Draft:
    now = tools.clock.now()
    message = ReaderMessage(
        id=comment_id(now, tools.randomness(50)),
        site_id=site.id,
        status=MessageStatus.NEW,
        name=sent.name,
        email=sent.email,
        subject=sent.subject,
        body=sent.body,
        created_at=now,
    )
    return _Draft(message, client_hash(tools, sent.client), text_hash(f"{sent.subject}\n{sent.body}"))


def _facts(tools: Toolbox, site: Site, draft: _Draft) -> Case:
    """Refuse what the house's own limits refuse, before the slow part; look up what storage knows."""
    since = tools.clock.now() - REPEAT_WINDOW
    with reading() as session:
        _check(tools, session, site, draft)
        long = len(draft.message.body) >= SHORT_TEXT
        repeats = contact.repeats(session, site.id, draft.text_hash, since) if long else 0
    return Case(repeats=repeats)


def _check(tools: Toolbox, session: Session, site: Site, draft: _Draft) -> None:
    now, limits = tools.clock.now(), tools.settings.limits
    recent = contact.recent(
        session,
        site.id,
        client_hash=draft.client_hash,
        email=draft.message.email,
        text_hash=draft.text_hash,
        now=now,
    )
    if recent.same_text:
        raise DuplicateMessage
    throttle(recent, FloodLimits(limits.flood_per_minute, limits.flood_per_hour), now)


def _as_seen(message: ReaderMessage) -> Comment:
    """The message as its reader would see it, for the checks that comments pass: bare addresses are links there."""
    text = f"{message.subject}\n\n{message.body}".strip()
    shown = _ADDRESS.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', html.escape(text))
    return Comment(
        id=message.id,
        site_id=message.site_id,
        page_id=0,
        status=Status.RECEIVED,
        author=message.name,
        body=text,
        body_html=shown,
        created_at=message.created_at,
        email=message.email,
    )


def _store(tools: Toolbox, site: Site, draft: _Draft, decision: Decision, once: Once | None) -> None:
    """One transaction: message, reasons, notice, key. Its commit is what the answer promises."""
    now = tools.clock.now()
    status = status_of(decision.reasons)
    with transaction() as session:
        sites.lock(session, site.id)  # so that two equal messages cannot pass each other by
        _check(tools, session, site, draft)
        mailed_at = now if status is MessageStatus.NEW and _may_mail(tools, session, site) else None
        message = replace(draft.message, status=status, reasons=that_count(decision.reasons), mailed_at=mailed_at)
        contact.add(session, message, decision, client_hash=draft.client_hash, text_hash=draft.text_hash)
        if mailed_at:
            _queue(tools, session, site, message)
        remember(tools, session, site, once, {})


def _may_mail(tools: Toolbox, session: Session, site: Site) -> bool:
    """Whether the author has an address and room for one more mail in this hour; the inbox keeps it either way."""
    most = tools.settings.limits.messages_mailed_per_site_hour
    return bool(site.author_email) and contact.mailed(session, site.id, tools.clock.now(), timedelta(hours=1)) < most


def _queue(tools: Toolbox, session: Session, site: Site, message: ReaderMessage) -> None:
    """To the author alone: a copy to the address in the form would mail strangers' words to anybody."""
    notice = Notice(
        kind=NoticeKind.CONTACT_MESSAGE,
        key=_key(message),
        recipient=site.author_email,
        language=site.language,
        site_id=site.id,
        payload={"message": message.id, "unchecked": is_unscreened(message.reasons)},
        priority=3,
    )
    outbox.add(session, notice, tools.clock.now(), tools.settings.mail.domain)


def _key(message: ReaderMessage) -> str:
    return f"{NoticeKind.CONTACT_MESSAGE.value}:{message.id}"
