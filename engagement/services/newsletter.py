"""The newsletter: sign up, confirm, leave. Nothing a caller sees tells whether an address is known."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engagement.domain.errors import LinkNotValid
from engagement.domain.mailing.suppression import SuppressionReason
from engagement.domain.newsletter import MONTH, LinkPurpose, SignUp, Subscription, SubscriptionState
from engagement.domain.sites import Site
from engagement.services.addresses import address_hash, hashes_of
from engagement.services.audience import suppressions
from engagement.services.once import Once, remember, replayed
from engagement.services.ports import Toolbox
from engagement.services.readers import client_hash_in
from engagement.storage import newsletter, sites
from engagement.storage.audience import contacts, wishes
from engagement.storage.audience import suppressions as suppressed
from engagement.storage.audience.wishes import Wish
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import bounces
from engagement.storage.newsletter import Proof

# Versions start at random, for a database may give the id of a forgotten row to another address: a link for
# the one must not fit the other. A link to leave stays good for so many later versions of its row.
_VERSION_BITS = 30
_LEAVE_REACH = 1_000


def sign_up(tools: Toolbox, site: Site, sign_up: SignUp, once: Once | None = None) -> None:
    """Take in a wish to subscribe, durably; ``services.audience.wishes`` carries it out.

    Nothing here asks what is known of the address, so neither the answer nor its time can tell. A mailbox is
    written to once in 24 hours and three times in 30 days, a site writes ``limits.mail_per_site_hour`` times an
    hour, all of them together ``limits.mail_per_hour`` times.
    Raises ``IdempotencyKeyReused`` or ``Unavailable``.
    """
    if once and replayed(site, once):
        return
    try:
        with transaction() as session:
            wishes.put(session, _wish(tools, session, site, sign_up))
            remember(tools, session, site, once, {})
    except IntegrityError:
        # Two requests with one key at once: the other was faster, so its answer is ours too.
        if not (once and replayed(site, once)):
            raise
    tools.wake()


def first_version(tools: Toolbox) -> int:
    """Where the versions of a new row start."""
    return 1 + tools.randomness(_VERSION_BITS)


def look_up(tools: Toolbox, token: str, purpose: LinkPurpose) -> Subscription:
    """The subscription a link is about; changes nothing. Raises ``LinkNotValid``."""
    with reading() as session:
        return linked(tools, session, token, purpose)


def confirm(tools: Toolbox, token: str) -> Subscription:
    """Confirm; a second click finds it done. Raises ``LinkNotValid``."""
    with transaction() as session:
        found = linked(tools, session, token, "confirm", lock=True)
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
        # Who left and confirmed again is back; other silences are not lifted by a link that is older than they are.
        suppressed.lift(session, hashes_of(tools, changed.email), site_id=changed.site_id, soft=True)
        bounces.forget(session, hashes_of(tools, changed.email), changed.site_id)  # the mail with the link arrived
        if tools.settings.brevo.on:
            contacts.want(session, changed.email, now, unblock=True)
    tools.wake()
    return changed


def leave(tools: Toolbox, token: str, method: Literal["link", "one-click"]) -> Subscription:
    """Leave, from whatever state; again does nothing. Raises ``LinkNotValid``."""
    with transaction() as session:
        left = leave_in(tools, session, linked(tools, session, token, "leave", lock=True), method)
    tools.wake()
    return left


def leave_in(tools: Toolbox, session: Session, found: Subscription, method: str) -> Subscription:
    """Leave, in somebody's transaction that holds the row; the newsletter service is told, where there is one."""
    if found.state is SubscriptionState.LEFT:
        return found
    changed = depart(tools, session, found, method)
    if tools.settings.brevo.on and tools.settings.brevo.sync_unsubscribes != "off":
        contacts.want(session, changed.email, tools.clock.now())
    return changed


def depart(
    tools: Toolbox,
    session: Session,
    found: Subscription,
    method: str,
    reason: SuppressionReason = SuppressionReason.UNSUBSCRIBED,
) -> Subscription:
    """A locked subscription leaves, with its proof; nobody outside is told."""
    now = tools.clock.now()
    changed = replace(found, state=SubscriptionState.LEFT, version=found.version + 1, left_at=now)
    newsletter.save(session, changed)
    newsletter.prove(session, _proof(tools, changed, "left", now, method))
    suppressions.write(tools, session, found.site_id, found.email, reason, method)
    return changed


def ask_to_leave(tools: Toolbox, site: Site, email: str) -> None:
    """Take in that somebody typed an address that wants to leave: a mail with the link goes there if it is subscribed.

    The caller hears nothing about that. As often as confirmations: once in 24 hours, three times in 30 days.
    """
    with transaction() as session:
        wishes.put(session, Wish(site.id, "leave", email.lower(), tools.clock.now()))
    tools.wake()


def purge(tools: Toolbox) -> None:
    """Forget sign-ups that nobody confirmed within ``privacy.pending_days``, with their proofs, and unmet wishes."""
    now = tools.clock.now()
    before = now - timedelta(days=tools.settings.privacy.pending_days)
    with transaction() as session:
        newsletter.purge(session, before)
        newsletter.purge_proofs(session, asked_before=before, mailed_before=now - MONTH)
        wishes.purge(session, before)


def _wish(tools: Toolbox, session: Session, site: Site, asked: SignUp) -> Wish:
    return Wish(
        site_id=site.id,
        what="join",
        email=asked.email.lower(),
        at=tools.clock.now(),
        name=asked.name,
        form=asked.form,
        consent_text=asked.consent_text,
        source_url=asked.source_url,
        client_hash=client_hash_in(tools, session, asked.client),
    )


def _proof(tools: Toolbox, changed: Subscription, what: str, now: datetime, method: str) -> Proof:
    return Proof(changed.site_id, address_hash(tools, changed.email), what, now, method)


def linked(
    tools: Toolbox,
    session: Session,
    token: str,
    purpose: LinkPurpose,
    *,
    lock: bool = False,
) -> Subscription:
    """The subscription a link is about, in somebody's transaction. Raises ``LinkNotValid``."""
    subscription, version = tools.links.read_newsletter(purpose, token)
    found = newsletter.get(session, subscription, lock=lock)
    if found is None or not _fits(found, version, purpose):
        raise LinkNotValid
    return found


def _fits(found: Subscription, version: int, purpose: LinkPurpose) -> bool:
    if purpose != "confirm":
        return 0 <= found.version - version < _LEAVE_REACH
    if found.state is SubscriptionState.PENDING:
        return found.version == version
    return found.state is SubscriptionState.CONFIRMED and found.version == version + 1


def site_of(subscription: Subscription) -> Site:
    """The site somebody subscribed to."""
    with reading() as session:
        return sites.by_id(session, subscription.site_id)
