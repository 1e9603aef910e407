"""Comparing both sides of the newsletter, page by page, and bringing them together where one is certainly behind."""

from collections.abc import Callable
from dataclasses import dataclass, field

from engagement.domain.mailing.contacts import Answer, Outcome, Seen
from engagement.domain.newsletter import Subscription, SubscriptionState
from engagement.services.newsletter import depart
from engagement.services.ports import Toolbox
from engagement.services.sites import every_site
from engagement.storage import newsletter
from engagement.storage.audience import contacts
from engagement.storage.db import reading, transaction

PAGE = 500
_TRIES = 4
_PAUSE = 2.0  # seconds before a question is put again, where the service says nothing else
RECONCILED = "brevo-reconcile"

Wait = Callable[[float], None]


class NotCompared(Exception):
    """The service would not tell; ``answer`` is its last word."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"{answer.outcome.value}: {answer.code or ''} {answer.reply}".replace("  ", " "))


@dataclass
class Differences:
    """How many contacts were looked at, and the addresses where both sides differ. ``strangers`` are only counted:
    whoever is at the newsletter service and never was here is the account's own affair."""

    contacts: int = 0
    confirmed: int = 0
    missing: list[str] = field(default_factory=list)  # confirmed here and not in a list there
    lingering: list[str] = field(default_factory=list)  # left here and still in a list there
    blocked: list[str] = field(default_factory=list)  # confirmed here and on the blocklist there
    strangers: int = 0
    waiting: int = 0  # differ because the call has still to be made

    @property
    def none(self) -> bool:
        return not (self.missing or self.lingering or self.blocked)


def reconcile(tools: Toolbox, *, repair: bool, wait: Wait) -> Differences:
    """Compare; with ``repair`` the confirmed are sent, the departed taken off, the blocked leave here.

    ``wait`` is called with seconds when the service asks for patience. Raises ``NotCompared``.
    """
    found, seen = Differences(), set[tuple[int, str]]()
    sites = {site.id: site.key for site in every_site()}
    for number in tools.settings.brevo.every_list(list(sites.values())):
        offset = 0
        while page := _page(tools, number, offset, wait):
            offset += len(page)
            # Hashes would do, and an address is short: a million contacts are about 100 MB.
            seen |= {(number, one.email) for one in page}
            found.contacts += len(page)
            _look_there(tools, found, number, page, sites, repair=repair)
    _look_here(tools, found, seen, sites, repair=repair)
    for emails in (found.missing, found.lingering, found.blocked):
        emails[:] = dict.fromkeys(emails)  # a reader may stand in several lists, or read several sites
    return found


def _page(tools: Toolbox, number: int, offset: int, wait: Wait) -> tuple[Seen, ...]:
    for left in reversed(range(_TRIES)):
        answer = tools.contacts.page(number, offset)
        if answer.rest:
            wait(answer.rest.total_seconds())
        if answer.outcome is Outcome.DONE:
            page: tuple[Seen, ...] = answer.value
            return page
        if answer.outcome is not Outcome.LATER or not left:
            break
        if not answer.rest:
            wait(_PAUSE)
    raise NotCompared(answer)


def _look_there(
    tools: Toolbox, found: Differences, number: int, page: tuple[Seen, ...], sites: dict[int, str], *, repair: bool
) -> None:
    """Who stands in a list: may they, and may they be written to?"""
    emails = [one.email for one in page]
    with reading() as session:
        known: dict[str, list[Subscription]] = {}
        for subscription in contacts.subscriptions_of(session, emails):
            known.setdefault(subscription.email, []).append(subscription)
        waiting = contacts.waits(session, emails)
    for one in page:
        ours = [s for s in known.get(one.email, []) if number in tools.settings.brevo.lists_of(sites[s.site_id])]
        here = [s for s in ours if s.state is SubscriptionState.CONFIRMED]
        left = bool(ours) and not here and all(s.left_at for s in ours)
        if not (ours or known.get(one.email)):
            found.strangers += 1
        elif one.email in waiting:
            found.waiting += bool(left or (here and one.blocked))
        elif here and one.blocked:
            _blocked(tools, found, one.email, here, repair=repair)
        elif left and tools.settings.brevo.sync_unsubscribes != "off":
            _note(tools, found.lingering, one.email, repair=repair)


def _look_here(
    tools: Toolbox, found: Differences, seen: set[tuple[int, str]], sites: dict[int, str], *, repair: bool
) -> None:
    """Who confirmed here: do they stand in every list that they should?"""
    last = 0
    while True:
        with reading() as session:
            page = contacts.confirmed(session, last, PAGE)
            waiting = contacts.waits(session, [s.email for s in page])
        if not page:
            return
        last = page[-1].id
        found.confirmed += len(page)
        for one in page:
            lists = tools.settings.brevo.lists_of(sites[one.site_id])
            if all((number, one.email) in seen for number in lists):
                continue
            if one.email in waiting:
                found.waiting += 1
            else:
                _note(tools, found.missing, one.email, repair=repair)


def _note(tools: Toolbox, kind: list[str], email: str, *, repair: bool) -> None:
    kind.append(email)
    if repair:
        with transaction() as session:
            contacts.want_unless_wanted(session, email, tools.clock.now())


def _blocked(tools: Toolbox, found: Differences, email: str, here: list[Subscription], *, repair: bool) -> None:
    """Who is on the blocklist asked for it, or cannot be reached: the subscription leaves, and nobody is told."""
    found.blocked.append(email)
    if not repair:
        return
    with transaction() as session:
        for one in here:
            locked = newsletter.find(session, one.site_id, email, lock=True)
            # Who confirmed again in the meantime has the last word.
            if locked is not None and (locked.state, locked.version) == (one.state, one.version):
                depart(tools, session, locked, RECONCILED)
