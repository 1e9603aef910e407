"""Keys of programs: made once, shown once, kept as a hash."""

import secrets

from engagement.domain.desk.moderators import COMMAND_LINE, ApiKey, Scope, token_hash
from engagement.domain.errors import Conflict, FieldError, InvalidInput, NotAuthorised, NotFound, NotPermitted
from engagement.domain.messages import N_, Message
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox
from engagement.services.sites import find_site
from engagement.storage import audit
from engagement.storage.db import reading, transaction
from engagement.storage.operations import api_keys

MAX_NAME = 80


def add(tools: Toolbox, name: str, site_key: str, scope: Scope) -> str:
    """The new key, to be shown once. Raises ``InvalidInput``, ``SiteNotFound`` or ``Conflict`` (name in use)."""
    if not 1 <= len(name.strip()) <= MAX_NAME:
        message = Message(N_("A key's name has 1 to %(most)s characters."), {"most": MAX_NAME})
        raise InvalidInput([FieldError("/name", message)])
    site, key, now = find_site(site_key), f"eng_{secrets.token_urlsafe(32)}", tools.clock.now()
    with transaction() as session:
        if api_keys.known(session, site.id, name):
            raise Conflict(Message(N_("A key of this name exists already.")))
        api_keys.add(session, site.id, name, scope=scope, key_hash=token_hash(key), now=now)
        audit.write(session, now, COMMAND_LINE, "key-added", f"{site.key}/{name}")
    return key


def every() -> list[ApiKey]:
    with reading() as session:
        return api_keys.every(session)


def revoke(tools: Toolbox, name: str, site_key: str) -> None:
    """Raises ``SiteNotFound``, or ``NotFound`` where no such key is in force."""
    site, now = find_site(site_key), tools.clock.now()
    with transaction() as session:
        if not api_keys.revoke(session, site.id, name, now):
            raise NotFound(Message(N_("There is no key of this name in force.")))
        audit.write(session, now, COMMAND_LINE, "key-revoked", f"{site.key}/{name}")


def identify(bearer: str, scope: Scope) -> tuple[Site, ApiKey]:
    """The site and the key a program shows. Raises ``NotAuthorised`` or, for another scope, ``NotPermitted``."""
    key = recognise(bearer, scope)
    return find_site(key.site_key), key


def recognise(bearer: str, scope: Scope) -> ApiKey:
    """The key a program shows, by one query; raises as ``identify``."""
    with reading() as session:
        key = api_keys.by_hash(session, token_hash(bearer)) if bearer else None
    if key is None:
        raise NotAuthorised(Message(N_("This key is not known or not in force.")))
    if key.scope is not scope:
        raise NotPermitted
    return key
