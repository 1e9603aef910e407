"""Requests that carry an Idempotency-Key: the first one's answer is kept, and later ones get it again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engagement.domain.errors import IdempotencyKeyReused
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox
from engagement.storage import idempotency
from engagement.storage.db import reading, transaction


@dataclass(frozen=True)
class Once:
    """An Idempotency-Key: ``key`` names route and key, ``fingerprint`` the body, both SHA-256 in hex."""

    key: str
    fingerprint: str


def earlier_answer(session: Session, site: Site, once: Once) -> dict[str, Any] | None:
    """What was kept under the key, or None. Raises ``IdempotencyKeyReused`` when the body is another."""
    found = idempotency.find(session, site.id, once.key)
    if found is None:
        return None
    fingerprint, answer = found
    if fingerprint != once.fingerprint:
        raise IdempotencyKeyReused
    return answer


def replayed(site: Site, once: Once) -> bool:
    """Whether the key was answered before. Raises as ``earlier_answer``."""
    return _earlier(site, once) is not None


def answered(tools: Toolbox, site: Site, once: Once | None, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the key was answered before, or else what ``make`` gives, which is kept. Raises ``IdempotencyKeyReused``.

    ``make`` must change nothing: two requests with one key at once both call it, and one answer counts.
    """
    if once is None:
        return make()
    if (earlier := _earlier(site, once)) is not None:
        return earlier
    answer = make()
    try:
        with transaction() as session:
            remember(tools, session, site, once, answer)
    except IntegrityError:
        if (earlier := _earlier(site, once)) is None:
            raise
        return earlier
    return answer


def remember(tools: Toolbox, session: Session, site: Site, once: Once | None, answer: Mapping[str, Any]) -> None:
    """Keep the answer, where there is a key. Raises SQLAlchemy's ``IntegrityError`` when another was faster."""
    if once:
        now = tools.clock.now()
        idempotency.keep(session, site.id, once.key, fingerprint=once.fingerprint, answer=dict(answer), now=now)


def _earlier(site: Site, once: Once) -> dict[str, Any] | None:
    with reading() as session:
        return earlier_answer(session, site, once)
