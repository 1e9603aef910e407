"""A newsletter's readers in and out as a list, and the proof of one person's consent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy.orm import Session

from engagement.archives import mailing_list
from engagement.archives.mailing_list import ListedReader, ListNotRead
from engagement.domain.desk.moderators import COMMAND_LINE
from engagement.domain.errors import FieldError, InvalidInput
from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import Subscription, SubscriptionState, read_name
from engagement.domain.sites import Site
from engagement.language import LANGUAGES
from engagement.services import newsletter
from engagement.services.addresses import address_hash, hashes_of, read_address
from engagement.services.audience import suppressions
from engagement.services.ports import Toolbox
from engagement.storage import audit, privacy
from engagement.storage import newsletter as subscriptions
from engagement.storage.db import reading, transaction
from engagement.storage.newsletter import Proof

_BATCH = 500  # rows a transaction
NO_PROOF = N_("Say how these readers gave their consent, in at least 10 characters: it is kept as the proof.")
_LEAST_PROOF = 10


@dataclass
class Imported:
    """What became of a list. ``faults`` names every line that was not used, and why."""

    added: int = 0
    known: int = 0  # subscribed, waiting or departed already: left as they are
    silenced: int = 0  # on the list of those who are not written to
    faults: list[tuple[int, str]] = field(default_factory=list)


def import_list(tools: Toolbox, site: Site, path: Path, consent: str, *, dry: bool = False) -> Imported:
    """Subscribe the readers of a CSV file, who gave their consent elsewhere: ``consent`` says how, and is the proof.

    Good lines are taken, bad ones named; a second run changes nothing. Nobody is written to. ``dry``: only look.
    Raises ``InvalidInput`` without a proof, ``ListNotRead`` for a file that is no list.
    """
    consent = " ".join(consent.split())
    if len(consent) < _LEAST_PROOF:
        raise InvalidInput([FieldError("/consent", Message(NO_PROOF))])
    done = Imported()
    for rows in _batches(_readable(tools, mailing_list.read(path), done)):
        with transaction() as session:
            for row in rows:
                _take(tools, session, site, row, consent, done)
            if dry:
                session.rollback()
    if not dry:
        with transaction() as session:
            about = f"{site.key}: added {done.added}, known {done.known}, silenced {done.silenced}"
            audit.write(session, tools.clock.now(), COMMAND_LINE, "newsletter-imported", about)
    return done


def write_list(tools: Toolbox, site: Site, state: SubscriptionState | None, out: TextIO) -> int:
    """``export_list`` as CSV; how many rows. That it was done stands in the audit."""
    count = mailing_list.write(out, export_list(tools, site, state))
    with transaction() as session:
        about = f"{site.key}: {state.value if state else 'all'}, {count}"
        audit.write(session, tools.clock.now(), COMMAND_LINE, "newsletter-exported", about)
    return count


def export_list(tools: Toolbox, site: Site, state: SubscriptionState | None) -> Iterator[dict[str, str]]:
    """Readers for another program's list, with the addresses that belong into every mail; silenced ones are left out.

    Without a state those of all states, silenced ones too.
    """
    after = 0
    while True:
        with reading() as session:
            found = subscriptions.of_site(session, site.id, state, after, _BATCH)
            if state is not None:
                kept = [one for one in found if not suppressions.line_of(tools, session, site.id, one.email)]
            else:
                kept = found
        yield from (_row(tools, site, one) for one in kept)
        if len(found) < _BATCH:
            return
        after = found[-1].id


def proof_of(tools: Toolbox, email: str, site: Site | None = None) -> dict[str, Any]:
    """What was shown, asked and pressed by a person, and when: for an authority, or for the person."""
    email = email.strip().lower()
    hashes, site_id = hashes_of(tools, email), site.id if site else None
    with reading() as session:
        return {
            "email": email,
            "at": tools.clock.now().isoformat().replace("+00:00", "Z"),
            "subscriptions": list(privacy.subscriptions_of(session, site_id=site_id, email=email)),
            "consents": list(privacy.consents_of(session, site_id=site_id, hashes=hashes)),
            "suppressions": list(privacy.suppressions_of(session, site_id=site_id, hashes=hashes)),
        }


def _readable(tools: Toolbox, rows: Iterable[ListedReader], done: Imported) -> Iterator[ListedReader]:
    for row in rows:
        try:
            if row.fault:
                raise ValueError(row.fault)
            yield replace(row, email=_address(tools, row.email), name=_name(row.name), language=_language(row.language))
        except ValueError as error:
            done.faults.append((row.line, str(error)))


def _take(tools: Toolbox, session: Session, site: Site, row: ListedReader, consent: str, done: Imported) -> None:
    if suppressions.line_of(tools, session, site.id, row.email):
        done.silenced += 1
        return
    now, version = tools.clock.now(), newsletter.first_version(tools)
    found, new = subscriptions.ensure(session, site.id, row.email, name=row.name, version=version, now=now)
    if not new:
        done.known += 1
        return
    confirmed = replace(found, state=SubscriptionState.CONFIRMED, confirmed_at=now, language=row.language)
    subscriptions.save(session, confirmed)
    language = row.language or site.language
    proof = Proof(site.id, address_hash(tools, row.email), "imported", now, "import", language, "import", consent)
    subscriptions.prove(session, proof)
    done.added += 1


def _batches(rows: Iterable[ListedReader]) -> Iterator[list[ListedReader]]:
    batch: list[ListedReader] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def _row(tools: Toolbox, site: Site, one: Subscription) -> dict[str, str]:
    return {
        "email": one.email,
        "name": one.name,
        "language": one.language or site.language,
        "state": one.state.value,
        "confirmed_at": one.confirmed_at.isoformat().replace("+00:00", "Z") if one.confirmed_at else "",
        "leave_url": tools.links.newsletter("leave", one.id, one.version),
        "preferences_url": tools.links.newsletter("preferences", one.id, one.version),
    }


def _address(tools: Toolbox, text: str) -> str:
    try:
        email = read_address(text)
    except ValueError as error:
        raise ValueError("not an e-mail address") from error
    if tools.refused_domains.refuses(email):
        raise ValueError("a mail provider that the settings refuse")
    return email


def _name(text: str) -> str:
    try:
        return read_name(text)
    except ValueError as error:
        raise ValueError("the name is too long or cannot be read") from error


def _language(text: str) -> str:
    short = text.lower().replace("_", "-").partition("-")[0]
    if short and short not in LANGUAGES:
        raise ValueError(f"the language must be one of {', '.join(LANGUAGES)}")
    return short


__all__ = ["Imported", "ListNotRead", "export_list", "import_list", "proof_of", "write_list"]
