"""The list of addresses that are not written to: who is on it, how one comes on and off."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engagement.domain.desk.moderators import COMMAND_LINE
from engagement.domain.mailing.suppression import Suppression, SuppressionReason
from engagement.domain.sites import Site
from engagement.services.addresses import address_hash, checked_address, hashes_of, silenced_as
from engagement.services.ports import Toolbox
from engagement.storage import audit, sites
from engagement.storage.audience import suppressions
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import bounces


def suppress(
    tools: Toolbox, email: str, reason: SuppressionReason, *, site: Site | None = None, source: str = "command"
) -> int:
    """Put an address on the list of a site, or of all; of how many. Raises ``InvalidInput``."""
    email = checked_address(email)
    with transaction() as session:
        chosen = [site] if site else sites.every(session)
        for one in chosen:
            write(tools, session, one.id, email, reason, source)
        _audit(tools, session, "suppressed", reason.value, site)
    return len(chosen)


def unsuppress(tools: Toolbox, email: str, *, site: Site | None = None) -> int:
    """Take an address off, whatever the reason was, and count its bounces anew; how many lines.

    Raises ``InvalidInput``.
    """
    email = checked_address(email)
    with transaction() as session:
        lifted = suppressions.lift(session, hashes_of(tools, email), site_id=site.id if site else None)
        bounces.forget(session, hashes_of(tools, email), site.id if site else None)
        _audit(tools, session, "unsuppressed", str(lifted), site)
    return lifted


def listed(site: Site) -> Sequence[Suppression]:
    """A site's list."""
    with reading() as session:
        return list(suppressions.of_site(session, site.id))


def line_of(tools: Toolbox, session: Session, site_id: int, email: str) -> Suppression | None:
    """The line that keeps an address from being written to, in somebody's transaction."""
    return suppressions.find(session, site_id, hashes_of(tools, email))


def silenced(tools: Toolbox, session: Session, site_id: int, email: str) -> bool:
    """Whether nothing at all may go to an address, not even a mail to confirm."""
    found = line_of(tools, session, site_id, email)
    return found is not None and found.reason.silences


def write(tools: Toolbox, session: Session, site_id: int, email: str, reason: SuppressionReason, source: str) -> None:
    """Put an address on a site's list, in somebody's transaction."""
    kept = silenced_as(tools, email) if reason.silences else address_hash(tools, email)
    suppressions.add(session, Suppression(site_id, kept, reason, tools.clock.now(), source))


def _audit(tools: Toolbox, session: Session, what: str, about: str, site: Site | None) -> None:
    """Never the address: the list holds hashes so that nobody can read it."""
    place = site.key if site else "all sites"
    audit.write(session, tools.clock.now(), COMMAND_LINE, what, f"{about}, {place}")
