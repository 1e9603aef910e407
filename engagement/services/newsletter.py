"""The newsletter: sign up, confirm, leave. Nothing a caller sees tells whether an address is known."""

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engagement.domain.errors import LinkNotValid
from engagement.domain.newsletter import SignUp, Subscription, SubscriptionState, may_be_mailed
from engagement.domain.notices import Notice, NoticeKind
from engagement.domain.sites import Site
from engagement.services.comments import Once
from engagement.services.once import replayed
from engagement.services.ports import Toolbox
from engagement.services.readers import client_hash
from engagement.storage import contacts, idempotency, newsletter, outbox, sites
from engagement.storage.db import reading, transaction
from engagement.storage.newsletter import Proof

# Versions start at random, for a database may give the id of a forgotten row to another address: a link for
# the one must not fit the other. A link to leave stays good for so many later versions of its row.
_VERSION_BITS = 30
_LEAVE_REACH = 1_000
FORGOTTEN = "forgotten"  # proof that an address was erased on request; it is not written to again


def sign_up(tools: Toolbox, site: Site, sign_up: SignUp, once: Once | None = None) -> None:
    """Take a wish to subscribe: a pending row, its proof and one mail to confirm, in one transaction.

    Known, confirmed and departed addresses get the same silence. A mailbox is written to once in 24 hours and
    three times in 30 days, a site writes ``limits.mail_per_site_hour`` times an hour.
    Raises ``IdempotencyKeyReused`` or ``Unavailable``.
    """
    if once and replayed(site, once):
        return
    sign_up = replace(sign_up, email=sign_up.email.lower())
    client = client_hash(tools, sign_up.client)
    try:
        with transaction() as session:
            _take(tools, session, site, sign_up, client)
            if once:
                now = tools.clock.now()
                idempotency.keep(session, site.id, once.key, fingerprint=once.fingerprint, answer={}, now=now)
    except IntegrityError:
        # Two requests with one key at once: the other was faster, so its answer is ours too.
        if not (once and replayed(site, once)):
            raise
    tools.wake()


def look_up(tools: Toolbox, token: str, purpose: Literal["confirm", "leave"]) -> Subscription:
    """The subscription a link is about; changes nothing. Raises ``LinkNotValid``."""
    with reading() as session:
        return _linked(tools, session, token, purpose)


def confirm(tools: Toolbox, token: str) -> Subscription:
    """Confirm; a second click finds it done. Raises ``LinkNotValid``."""
    with transaction() as session:
        found = _linked(tools, session, token, "confirm", lock=True)
        if found.state is SubscriptionState.CONFIRMED:
            return found
        now = tools.clock.now()
        changed = replace(
            found,
            state=SubscriptionState.CONFIRMED,
            version=found.version + 1,
            confirmed_at=now,
            left_at=None,
        )
        newsletter.save(session, changed)
        newsletter.prove(session, _proof(tools, changed, "confirmed", now, "link"))
        if tools.settings.brevo.on:
            contacts.want(session, changed.email, now, unblock=True)
    tools.wake()
    return changed


def leave(tools: Toolbox, token: str, method: Literal["link", "one-click"]) -> Subscription:
    """Leave, from whatever state; again does nothing. Raises ``LinkNotValid``."""
    with transaction() as session:
        found = _linked(tools, session, token, "leave", lock=True)
        if found.state is SubscriptionState.LEFT:
            return found
        changed = depart(tools, session, found, method)
        if tools.settings.brevo.on and tools.settings.brevo.sync_unsubscribes != "off":
            contacts.want(session, changed.email, tools.clock.now())
    tools.wake()
    return changed


def depart(tools: Toolbox, session: Session, found: Subscription, method: str) -> Subscription:
    """A locked subscription leaves, with its proof; nobody outside is told."""
    now = tools.clock.now()
    changed = replace(found, state=SubscriptionState.LEFT, version=found.version + 1, left_at=now)
    newsletter.save(session, changed)
    newsletter.prove(session, _proof(tools, changed, "left", now, method))
    return changed


def purge(tools: Toolbox) -> None:
    """Forget sign-ups that nobody confirmed within ``privacy.pending_days``."""
    before = tools.clock.now() - timedelta(days=tools.settings.privacy.pending_days)
    with transaction() as session:
        newsletter.purge(session, before)


def _take(tools: Toolbox, session: Session, site: Site, asked: SignUp, client: str) -> None:
    now = tools.clock.now()
    if newsletter.proven(session, site.id, hashes_of(tools, asked.email), FORGOTTEN):
        return
    version = 1 + tools.randomness(_VERSION_BITS)
    found, new = newsletter.ensure(session, site.id, asked.email, name=asked.name, version=version, now=now)
    if found.state is SubscriptionState.CONFIRMED:
        return
    mail = _may_mail(tools, session, site, asked.email, now)
    if new or mail:
        newsletter.prove(session, _asked(tools, site, asked, client, now))
    if mail:
        _mail(tools, session, site, found, now)


def _may_mail(tools: Toolbox, session: Session, site: Site, email: str, now: datetime) -> bool:
    mailbox = _hash(tools, _mailbox(email))
    sent = newsletter.mailed(session, site.id, mailbox, now - timedelta(days=30))
    if not may_be_mailed(sent, now):
        return False
    by_site = newsletter.mailed_by_site(session, site.id, now - timedelta(hours=1))
    return by_site < tools.settings.limits.mail_per_site_hour


def _mail(tools: Toolbox, session: Session, site: Site, found: Subscription, now: datetime) -> None:
    """Queue the mail; the subscription is pending from now, and who had left gets links of a new version."""
    left = found.state is SubscriptionState.LEFT
    pending = replace(found, state=SubscriptionState.PENDING, version=found.version + left, created_at=now)
    newsletter.save(session, pending)
    kind = NoticeKind.NEWSLETTER_CONFIRM
    notice = Notice(
        kind=kind,
        key=f"{kind.value}:{pending.id}:{pending.version}:{int(now.timestamp())}",
        recipient=pending.email,
        language=site.language,
        site_id=site.id,
        payload={"subscription": pending.id, "version": pending.version},
        priority=1,
    )
    outbox.add(session, notice, now, tools.settings.mail.sender.rpartition("@")[2])
    mailbox = _hash(tools, _mailbox(pending.email))
    newsletter.prove(session, Proof(site.id, mailbox, "mailed", now, "form", site.language))


def _asked(tools: Toolbox, site: Site, asked: SignUp, client: str, now: datetime) -> Proof:
    return Proof(
        site_id=site.id,
        email_hash=_hash(tools, asked.email),
        what="asked",
        at=now,
        method="form",
        language=site.language,
        form=asked.form,
        consent_text=asked.consent_text,
        source_url=asked.source_url,
        client_hash=client,
    )


def _proof(tools: Toolbox, changed: Subscription, what: str, now: datetime, method: str) -> Proof:
    return Proof(changed.site_id, _hash(tools, changed.email), what, now, method)


def _linked(
    tools: Toolbox,
    session: Session,
    token: str,
    purpose: Literal["confirm", "leave"],
    *,
    lock: bool = False,
) -> Subscription:
    subscription, version = tools.links.read_newsletter(purpose, token)
    found = newsletter.get(session, subscription, lock=lock)
    if found is None or not _fits(found, version, purpose):
        raise LinkNotValid
    return found


def _fits(found: Subscription, version: int, purpose: Literal["confirm", "leave"]) -> bool:
    if purpose == "leave":
        return 0 <= found.version - version < _LEAVE_REACH
    if found.state is SubscriptionState.PENDING:
        return found.version == version
    return found.state is SubscriptionState.CONFIRMED and found.version == version + 1


def _mailbox(email: str) -> str:
    """Where a mail ends up: without the ``+tag``, so that tags do not multiply the mails."""
    local, _, domain = email.rpartition("@")
    return f"mailbox:{local.partition('+')[0]}@{domain}"


def hashes_of(tools: Toolbox, email: str) -> list[str]:
    """All that an address may be kept as: itself first, then its mailbox, then both under former keys."""
    former = [key.encode() for key in tools.settings.server.old_secret_keys]
    return [_keyed(secret, text) for secret in (tools.secret, *former) for text in (email, _mailbox(email))]


def _hash(tools: Toolbox, text: str) -> str:
    return _keyed(tools.secret, text)


def _keyed(secret: bytes, text: str) -> str:
    return hmac.new(secret, b"newsletter:" + text.encode(), hashlib.sha256).hexdigest()


def site_of(subscription: Subscription) -> Site:
    """The site somebody subscribed to."""
    with reading() as session:
        return sites.by_id(session, subscription.site_id)
