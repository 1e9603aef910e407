"""Requests that carry an Idempotency-Key and whose answer is always the same words, or changes nothing else."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import IntegrityError

from engagement.domain.errors import IdempotencyKeyReused
from engagement.domain.sites import Site
from engagement.services.comments import Once
from engagement.services.ports import Toolbox
from engagement.storage import idempotency
from engagement.storage.db import reading, transaction


def replayed(site: Site, once: Once) -> bool:
    """Whether the key was answered before. Raises ``IdempotencyKeyReused`` when the body is another."""
    return _earlier(site, once) is not None


def answered(tools: Toolbox, site: Site, once: Once | None, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the key was answered before, or else what ``make`` gives, which is kept. Raises ``IdempotencyKeyReused``.

    ``make`` must change nothing: two requests with one key at once both call it, and one answer counts.
    """
    if once is None:
        return make()
    if (earlier := _earlier(site, once)) is not None:
        return earlier
    answer, now = make(), tools.clock.now()
    try:
        with transaction() as session:
            idempotency.keep(session, site.id, once.key, fingerprint=once.fingerprint, answer=answer, now=now)
    except IntegrityError:
        if (earlier := _earlier(site, once)) is None:
            raise
        return earlier
    return answer


def _earlier(site: Site, once: Once) -> dict[str, Any] | None:
    with reading() as session:
        found = idempotency.find(session, site.id, once.key)
    if found is None:
        return None
    fingerprint, answer = found
    if fingerprint != once.fingerprint:
        raise IdempotencyKeyReused
    return answer
