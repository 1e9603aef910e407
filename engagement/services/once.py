"""Requests that carry an Idempotency-Key and whose answer is always the same words."""

from engagement.domain.errors import IdempotencyKeyReused
from engagement.domain.sites import Site
from engagement.services.comments import Once
from engagement.storage import idempotency
from engagement.storage.db import reading


def replayed(site: Site, once: Once) -> bool:
    """Whether the key was answered before. Raises ``IdempotencyKeyReused`` when the body is another."""
    with reading() as session:
        earlier = idempotency.find(session, site.id, once.key)
    if earlier and earlier[0] != once.fingerprint:
        raise IdempotencyKeyReused
    return earlier is not None
