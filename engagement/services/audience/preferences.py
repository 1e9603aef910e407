"""What a subscriber does behind the link of a mail: name, language, an end to mails, own data, being forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from engagement.domain.errors import FieldError, InvalidInput
from engagement.domain.mailing.suppression import SuppressionReason
from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import Subscription, SubscriptionState
from engagement.domain.sites import Site
from engagement.services import newsletter, privacy
from engagement.services.addresses import hashes_of
from engagement.services.audience import suppressions
from engagement.services.ports import Toolbox
from engagement.storage import newsletter as subscriptions
from engagement.storage import sites
from engagement.storage.audience import contacts
from engagement.storage.audience import suppressions as suppressed
from engagement.storage.db import reading, transaction

PAGE = "page"  # the hand that wrote what was done there; the same hand may take it back
NOT_YOURS = N_("This is not the address that this page belongs to.")


@dataclass(frozen=True)
class Preferences:
    """``stopped``: the person asked for no mail at all; ``silenced``: nothing is written, for whatever reason."""

    subscription: Subscription
    site: Site
    stopped: bool
    silenced: bool

    @property
    def language(self) -> str:
        return self.subscription.language or self.site.language


def look_up(tools: Toolbox, token: str) -> Preferences:
    """What stands on the page; changes nothing. Raises ``LinkNotValid``, as all here."""
    with reading() as session:
        return _seen(tools, session, newsletter.linked(tools, session, token, "preferences"))


def change(tools: Toolbox, token: str, *, name: str, language: str) -> Preferences:
    """Another name, another language of the mails."""
    with transaction() as session:
        found = newsletter.linked(tools, session, token, "preferences", lock=True)
        changed = replace(found, name=name, language=language)
        subscriptions.save(session, changed)
        if tools.settings.brevo.on and changed.state is SubscriptionState.CONFIRMED:
            contacts.want_anew(session, changed.email, tools.clock.now())
        seen = _seen(tools, session, changed)
    tools.wake()
    return seen


def leave(tools: Toolbox, token: str) -> Preferences:
    """Leave this newsletter."""
    with transaction() as session:
        found = newsletter.linked(tools, session, token, "preferences", lock=True)
        seen = _seen(tools, session, newsletter.leave_in(tools, session, found, PAGE))
    tools.wake()
    return seen


def stop(tools: Toolbox, token: str) -> Preferences:
    """No mail any more, from no site of the house: not even to confirm what somebody types into a form."""
    with transaction() as session:
        email = newsletter.linked(tools, session, token, "preferences").email
        for one in subscriptions.of_address(session, email):
            newsletter.leave_in(tools, session, one, PAGE)
        for site in sites.every(session):
            if not suppressions.silenced(tools, session, site.id, email):
                suppressions.write(tools, session, site.id, email, SuppressionReason.MANUAL, PAGE)
        seen = _seen(tools, session, newsletter.linked(tools, session, token, "preferences"))
    tools.wake()
    return seen


def resume(tools: Toolbox, token: str) -> Preferences:
    """Take ``stop`` back: who wants the newsletter signs up again. What other hands wrote stays."""
    with transaction() as session:
        found = newsletter.linked(tools, session, token, "preferences", lock=True)
        suppressed.lift(session, hashes_of(tools, found.email), source=PAGE)
        return _seen(tools, session, found)


def own_data(tools: Toolbox, token: str, email: str) -> Sequence[dict[str, Any]]:
    """All that is kept about the address, on all sites. Raises ``InvalidInput`` unless ``email`` is that address."""
    return list(privacy.export(tools, None, _proven(tools, token, email), by=PAGE))


def forget(tools: Toolbox, token: str, email: str) -> Site:
    """Erase the address from all sites, as ``engagement forget`` does; where the person was subscribed.

    Raises ``InvalidInput`` unless ``email`` is the address, ``Conflict`` for a moderator's or an author's.
    """
    site = look_up(tools, token).site
    privacy.forget(tools, _proven(tools, token, email), by=PAGE)
    return site


def _proven(tools: Toolbox, token: str, email: str) -> str:
    """A mail is passed on more easily than one thinks: who only has the link does not see whose it is."""
    found = look_up(tools, token).subscription
    if email.strip().lower() != found.email:
        raise InvalidInput([FieldError("/email", Message(NOT_YOURS))])
    return found.email


def _seen(tools: Toolbox, session: Session, found: Subscription) -> Preferences:
    line = suppressions.line_of(tools, session, found.site_id, found.email)
    silenced = line is not None and line.reason.silences
    stopped = silenced and line is not None and line.source == PAGE
    return Preferences(found, sites.by_id(session, found.site_id), stopped, silenced)
