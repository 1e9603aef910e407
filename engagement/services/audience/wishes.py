"""Wishes about the newsletter, carried out: who is known is asked here, where nobody waits for an answer.

A door that looked an address up would tell by its time what it found, however alike its words are (SEC-50).
"""

import logging
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from engagement.domain.errors import Unavailable
from engagement.domain.newsletter import Subscription, SubscriptionState
from engagement.domain.notices import NoticeKind
from engagement.domain.sites import Site
from engagement.services.addresses import address_hash
from engagement.services.audience import suppressions
from engagement.services.mailing import mail_quota
from engagement.services.newsletter import first_version
from engagement.services.ports import Toolbox
from engagement.storage import newsletter, sites
from engagement.storage.audience import wishes
from engagement.storage.audience.wishes import Wish
from engagement.storage.db import transaction
from engagement.storage.newsletter import Proof

_log = logging.getLogger(__name__)
BATCH = 20


def carry_out(tools: Toolbox) -> int:
    """Carry out what is due, each wish in a transaction of its own; how many were tried.

    One that breaks is tried again, five times, and holds up no other. Raises ``Unavailable``.
    """
    with transaction() as session:
        due = wishes.claim(session, tools.clock.now(), BATCH)
    for wish_id in due:
        try:
            _carry_out(tools, wish_id)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever one wish breaks, the next one is somebody else's
            _log.exception("a wish about the newsletter could not be carried out; it is tried again")
    return len(due)


def _carry_out(tools: Toolbox, wish_id: int) -> None:
    with transaction() as session:
        wish = wishes.take(session, wish_id)
        if wish is None:
            return
        mail_quota.hold_mailbox(tools, session, wish.email)
        if suppressions.silenced(tools, session, wish.site_id, wish.email):
            return
        act = _join if wish.what == "join" else _leave
        act(tools, session, sites.by_id(session, wish.site_id), wish)


def _join(tools: Toolbox, session: Session, site: Site, wish: Wish) -> None:
    """A pending row, its proof and one mail to confirm; known, confirmed and departed addresses get silence."""
    now = tools.clock.now()
    mail = mail_quota.may_mail(tools, session, site, wish.email, NoticeKind.NEWSLETTER_CONFIRM)
    version = first_version(tools)
    found, new = newsletter.ensure(session, site.id, wish.email, name=wish.name, version=version, now=now)
    if found.state is SubscriptionState.CONFIRMED or not (new or mail):
        return
    newsletter.prove(session, _asked(tools, site, wish))
    if mail:
        pending = found if new else _pending_again(session, found, wish.name, now)
        mail_quota.queue(tools, session, site, pending, NoticeKind.NEWSLETTER_CONFIRM)


def _leave(tools: Toolbox, session: Session, site: Site, wish: Wish) -> None:
    """One mail with the link goes to who is subscribed."""
    found = newsletter.find(session, site.id, wish.email, lock=True)
    if found is None or found.state is SubscriptionState.LEFT:
        return
    if mail_quota.may_mail(tools, session, site, wish.email, NoticeKind.NEWSLETTER_LEAVE):
        mail_quota.queue(tools, session, site, found, NoticeKind.NEWSLETTER_LEAVE)


def _pending_again(session: Session, found: Subscription, name: str, now: datetime) -> Subscription:
    """Pending from now; a new request ends the links of an older one."""
    pending = replace(
        found,
        state=SubscriptionState.PENDING,
        version=found.version + 1,
        created_at=now,
        name=name or found.name,
    )
    newsletter.save(session, pending)
    return pending


def _asked(tools: Toolbox, site: Site, wish: Wish) -> Proof:
    return Proof(
        site_id=site.id,
        email_hash=address_hash(tools, wish.email),
        what="asked",
        at=wish.at,
        method="form",
        language=site.language,
        form=wish.form,
        consent_text=wish.consent_text,
        source_url=wish.source_url,
        client_hash=wish.client_hash,
    )
