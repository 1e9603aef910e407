"""Readers, known only as far as a day's limits need it."""

import hashlib
import hmac
import secrets

from sqlalchemy.orm import Session

from engagement.services.ports import Toolbox
from engagement.storage.db import transaction
from engagement.storage.operations import day_keys


def client_hash(tools: Toolbox, client: str) -> str:
    """A hash that means something for a day: HMAC-SHA256 under the key of the day, 16 bytes in hex."""
    if not client:
        return ""
    with transaction() as session:
        return client_hash_in(tools, session, client)


def client_hash_in(tools: Toolbox, session: Session, client: str) -> str:
    """The same, in somebody's transaction."""
    if not client:
        return ""
    key = day_keys.of(session, tools.clock.now().date().isoformat(), secrets.token_hex(32))
    return hmac.new(bytes.fromhex(key), client.encode(), hashlib.sha256).hexdigest()[:32]
