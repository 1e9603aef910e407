"""Telling the newsletter service who confirmed and who left, and hearing from it who left there."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Sequence
from datetime import timedelta

from engagement.domain.errors import Unavailable
from engagement.domain.mailing.contacts import Answer, Change, Contact, Event, Job, Outcome, Way, heard
from engagement.domain.mailing.suppression import SuppressionReason
from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import Subscription, SubscriptionState
from engagement.domain.sites import Site
from engagement.services.newsletter import depart
from engagement.services.ports import Toolbox
from engagement.storage import newsletter, privacy, sites
from engagement.storage.audience import contacts
from engagement.storage.audience.contacts import Backlog
from engagement.storage.db import reading, transaction

_log = logging.getLogger(__name__)
EVENTS_KEPT = timedelta(days=30)
_TURN = timedelta(seconds=5)  # then the other work of the background, such as mails, has its turn
_LONG = timedelta(hours=1)  # failing for longer than this is told at the desk
_REASONS = {
    Change.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
    Change.BOUNCED: SuppressionReason.BOUNCED,
    Change.COMPLAINED: SuppressionReason.COMPLAINED,
}
_DONE = Answer(Outcome.DONE)
SHUT = N_(
    "Brevo does not let us in (%(code)s): confirmed readers wait here, none is lost. Look with: engagement brevo check"
)
FAILING = N_("Brevo has not answered as it should for more than an hour. Look with: engagement brevo check")


def sync_due(tools: Toolbox, limit: int = 20) -> int:
    """Tell about the addresses that are due; how many were tried. No transaction is open during a call.

    Where the way is shut or resting, the others stay untouched. Asked to stop, it ends after the address in hand.
    """
    if not tools.settings.brevo.on:
        return 0
    token, began = secrets.token_hex(16), tools.clock.now()
    for tried in range(limit):
        now = tools.clock.now()
        with transaction() as session:
            known = contacts.way(session)
            closed = tools.stopping() or now - began > _TURN or is_shut(tools, known) or known.may_call_at(now) > now
            job = None if closed else contacts.claim(session, now, token)
        if job is None:
            return tried
        _sync(tools, job)
    return limit


def _sync(tools: Toolbox, job: Job) -> None:
    try:
        answer = _tell(tools, job)
    except Unavailable:
        raise  # the database is away; the lease brings the address back
    except Exception as error:  # noqa: BLE001 - one address must not block the others
        _log.exception("an address cannot be told about")
        answer = Answer(Outcome.LATER, 0, f"not told: {type(error).__name__}")
    now, jitter = tools.clock.now(), tools.randomness(16) / 32_768 - 1
    with transaction() as session:
        before = contacts.way(session)
        after = heard(before, answer, now, key_mark(tools))
        if after != before:
            contacts.keep_way(session, after)
        kept = contacts.finish(session, job, answer, now=after.may_call_at(now), jitter=jitter)
    _write_down(tools, answer, before, after)
    if not kept:
        _log.warning("contact job %s was taken over by another worker meanwhile", job.id)
    elif job.erase and answer.outcome in {Outcome.DONE, Outcome.MISSING} and not privacy.scrub():
        _log.warning("the database file is busy: deleted bytes stay in it; type VACUUM in sqlite3 later")


def _tell(tools: Toolbox, job: Job) -> Answer:
    """Bring the contact into the state that the subscriptions of its address ask for now."""
    with reading() as session:
        subscribed = contacts.subscriptions_of(session, [job.email])
        known = {site.id: site for site in sites.every(session)}
    ours = tools.settings.brevo
    here = [s for s in subscribed if s.state is SubscriptionState.CONFIRMED]
    gone = [s for s in subscribed if s.left_at and s not in here]
    wanted = ours.every_list([known[s.site_id].key for s in here])
    unwanted = tuple(sorted(set(ours.every_list([known[s.site_id].key for s in gone])).difference(wanted)))
    if not here and job.erase:
        return tools.contacts.erase(job.email)
    newest = max(here, key=lambda s: s.confirmed_at or s.created_at, default=None)
    told = _put(tools, job, _contact(tools, job, newest, known[newest.site_id], wanted)) if newest and wanted else _DONE
    if told.outcome is not Outcome.DONE or not unwanted or ours.sync_unsubscribes == "off":
        return told
    if told.rest:  # that was the last call of a window
        return Answer(Outcome.LATER, 429, "the rest waits for the next window", rest=told.rest)
    return tools.contacts.take_off(job.email, unwanted, block=not here and ours.sync_unsubscribes == "blocklist")


def _put(tools: Toolbox, job: Job, contact: Contact) -> Answer:
    """A try whose answer was lost may have been heard, and the reader have left there since: look before unblocking."""
    if job.unblock and job.attempt > 1:
        found = tools.contacts.find(contact.email)
        if found.outcome not in {Outcome.DONE, Outcome.MISSING}:
            return found
        if found.rest:
            return Answer(Outcome.LATER, 429, "the rest waits for the next window", rest=found.rest)
        if found.value and found.value.blocked and set(contact.lists) <= set(found.value.lists):
            return _DONE
    return tools.contacts.put(contact)


def _contact(tools: Toolbox, job: Job, subscription: Subscription, site: Site, lists: tuple[int, ...]) -> Contact:
    facts = {
        "name": subscription.name,
        "site": site.name,
        "language": subscription.language or site.language,
        "confirmed_on": subscription.confirmed_at.date().isoformat() if subscription.confirmed_at else "",
        "leave_url": tools.links.newsletter("leave", subscription.id, subscription.version),
    }
    wanted = tools.settings.brevo.attributes.items()
    return Contact(
        subscription.email, lists, {name.upper(): facts[fact] for name, fact in wanted if facts[fact]}, job.unblock
    )


def _write_down(tools: Toolbox, answer: Answer, before: Way, after: Way) -> None:
    if after.shut and not is_shut(tools, before):
        _log.error("Brevo does not let us in, nothing is sent until that is mended: %s %s", answer.code, answer.reply)
    elif answer.outcome is Outcome.REFUSED:
        _log.error("Brevo refuses a contact, which waits for a person: %s %s", answer.code, answer.reply)
    elif after.failures and after.opens_at:
        until = after.opens_at.isoformat(timespec="seconds")
        _log.warning("Brevo is left alone until %s: %s %s", until, answer.code or "no answer", answer.reply)


def hear(tools: Toolbox, site: Site, events: Sequence[Event]) -> int:
    """Readers who left at the newsletter service leave here, with a proof; how many did. Nothing is echoed.

    An event that is older than the reader's last confirmation is a former matter, and one that came before is old.
    """
    left = 0
    for event in events:
        with transaction() as session:
            now = tools.clock.now()
            if event.at is not None and contacts.heard_before(session, _digest(tools, site, event), now):
                continue
            found = newsletter.find(session, site.id, event.email, lock=True)
            if found is None or found.state is not SubscriptionState.CONFIRMED:
                continue
            if event.at and found.confirmed_at and event.at < found.confirmed_at.replace(microsecond=0):
                continue
            depart(tools, session, found, event.change.value, _REASONS[event.change])
            left += 1
    return left


def forget_events(tools: Toolbox) -> None:
    """Drop what was kept of calls of webhooks that nobody will send again."""
    with transaction() as session:
        contacts.forget_events(session, tools.clock.now() - EVENTS_KEPT)


def resume(tools: Toolbox) -> int:
    """Open the way again, and let everything that was refused be tried once more; how many addresses are due."""
    with transaction() as session:
        contacts.keep_way(session, Way())
        return contacts.again(session, tools.clock.now())


def want_all(tools: Toolbox) -> int:
    """Note every confirmed reader as to be told about; how many were not yet."""
    noted, last = 0, 0
    while True:
        with transaction() as session:
            found = contacts.confirmed(session, last, 500)
            noted += sum(contacts.want_unless_wanted(session, s.email, tools.clock.now()) for s in found)
        if not found:
            return noted
        last = found[-1].id


def standing(tools: Toolbox) -> tuple[Way, Backlog]:
    """What is known of the way, and how much waits for it."""
    with reading() as session:
        return contacts.way(session), contacts.backlog(session)


def alarm(tools: Toolbox) -> Message | None:
    """What whoever looks after the desk must know about the newsletter service; None while all is well."""
    if not tools.settings.brevo.on:
        return None
    long_ago = tools.clock.now() - _LONG
    with reading() as session:
        known, stuck = contacts.way(session), contacts.stuck(session, long_ago)
    if is_shut(tools, known):
        return Message(SHUT, {"code": known.code or ""})
    failing = known.failures and known.since and known.since < long_ago
    return Message(FAILING) if failing or stuck else None


def is_shut(tools: Toolbox, known: Way) -> bool:
    """Whether nothing may be sent until somebody acts; another key in the settings is such an act."""
    return known.shut and known.key_mark == key_mark(tools)


def key_mark(tools: Toolbox) -> str:
    """What tells one key from another, without being one."""
    ours = tools.settings.brevo
    return hmac.new(tools.secret, f"brevo:{ours.base_url}:{ours.api_key}".encode(), hashlib.sha256).hexdigest()


def _digest(tools: Toolbox, site: Site, event: Event) -> str:
    told = (str(site.id), event.change.value, event.email, event.about, event.at.isoformat() if event.at else "")
    return hmac.new(tools.secret, "\n".join(("hook", *told)).encode("utf-8", "replace"), hashlib.sha256).hexdigest()
