"""The people at the desk: invited by a one-time address, signed in by password, known by a session."""

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from limits import parse_many
from sqlalchemy.orm import Session

from engagement.domain.desk.moderators import (
    COMMAND_LINE,
    LOGIN_LINK_FOR,
    MAX_PASSWORD,
    MIN_PASSWORD,
    SESSION_IDLE,
    SESSION_MOST,
    AuditLine,
    DeskSession,
    Moderator,
    token_hash,
)
from engagement.domain.desk.passwords import is_common
from engagement.domain.errors import (
    FieldError,
    InvalidInput,
    LinkNotValid,
    NotAuthorised,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from engagement.domain.messages import N_, Message
from engagement.services.addresses import MAX_EMAIL, checked_address
from engagement.services.ports import Toolbox
from engagement.services.sites import find_site
from engagement.storage import audit
from engagement.storage.db import reading, transaction
from engagement.storage.operations import moderators

KNOWN_DEVICE = "known device"  # where a try came from, in the audit
SEEN_EVERY = timedelta(minutes=1)  # how often a session's last use is written down
COMMON = N_("This password is among the first that are guessed. Several words that do not belong together are safer.")
AT_ONCE, LONGEST_WAIT = 2, 5.0  # passwords hashed at once in a process; seconds that others wait for their turn
_hashing = BoundedSemaphore(AT_ONCE)
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def add(tools: Toolbox, email: str, site_keys: Sequence[str]) -> str:
    """Invite a moderator, or send in one again; the one-time login address.

    Raises ``InvalidInput`` for an address that is none, ``SiteNotFound`` for a site.
    """
    email, found = checked_address(email), [find_site(key) for key in site_keys]
    token, now = secrets.token_urlsafe(32), tools.clock.now()
    with transaction() as session:
        moderator = moderators.ensure(session, email, now)
        for site in found:
            moderators.grant(session, moderator, site.id)
        moderators.add_link(session, token_hash(token), moderator, now + LOGIN_LINK_FOR)
        audit.write(session, now, COMMAND_LINE, "moderator-added", email)
    return f"{tools.settings.server.address}/desk/enter/{token}"


def every() -> list[Moderator]:
    with reading() as session:
        return moderators.every(session)


def remove(tools: Toolbox, email: str) -> None:
    """Ends the moderator's sessions at once. Raises ``NotFound``."""
    with transaction() as session:
        found = moderators.password_of(session, _plain(email), lock=True)
        if found is None:
            raise NotFound(Message(N_("There is no moderator with this address.")))
        moderators.remove(session, found[0])
        audit.write(session, tools.clock.now(), COMMAND_LINE, "moderator-removed", _plain(email))


def open_login_link(tools: Toolbox, token: str) -> Moderator:
    """Whose one-time address it is; changes nothing. Raises ``LinkNotValid``."""
    with reading() as session:
        found = moderators.open_link(session, token_hash(token), tools.clock.now())
        moderator = moderators.by_id(session, found) if found else None
    if moderator is None:
        raise LinkNotValid
    return moderator


def enter(tools: Toolbox, token: str, password: str) -> str:
    """Use a one-time address: choose a password, end older sessions and addresses, begin a session; its token.

    Raises ``InvalidInput`` or ``LinkNotValid``.
    """
    known = open_login_link(tools, token)  # an invalid link is not worth a hash
    hashed, now = _hashed(password, known.email), tools.clock.now()
    with transaction() as session:
        moderators.password_of(session, known.email, lock=True)  # before the link, as whoever removes them does
        found = moderators.use_link(session, token_hash(token), now)
        moderator = moderators.by_id(session, found) if found else None
        if moderator is None:
            raise LinkNotValid
        moderators.set_password(session, moderator.id, hashed)
        moderators.end_sessions(session, moderator.id)
        moderators.spend_links(session, moderator.id, now)  # an older one may lie in somebody else's hands
        audit.write(session, now, moderator.email, "password-set")
        return _begin(tools, session, moderator.id)


def sign_in(tools: Toolbox, email: str, password: str, device: str = "") -> str:
    """A new session's token. Raises ``NotAuthorised`` or ``TooManyRequests``; an unknown address costs as much.

    ``device`` is what ``device_of`` gave this browser before: its tries are counted apart, so guesses from elsewhere
    do not lock the owner out.
    """
    email = _plain(email)
    known, place = _count_try(tools, email, device)
    right = _matches(known[1] if known and known[1] else _dummy(), password)
    if not known or not known[1] or not right:
        raise NotAuthorised(Message(N_("The address or the password is not right.")))
    better = _hashed_again(password) if _hasher.check_needs_rehash(known[1]) else ""
    with transaction() as session:
        # Asked again: whoever was removed or got a new password meanwhile must not come in.
        if moderators.password_of(session, email, lock=True) != known:
            raise NotAuthorised
        if better:
            moderators.set_password(session, known[0], better)
        audit.write(session, tools.clock.now(), email, "signed-in", place)
        return _begin(tools, session, known[0])


def device_of(tools: Toolbox, token: str) -> str:
    """What shows later that the browser with this session's token has been in; void with the next password."""
    now = tools.clock.now()
    with reading() as session:
        kept = moderators.find_session(session, token_hash(token))
        moderator = (
            moderators.by_id(session, kept.moderator_id) if kept and now - kept.created_at < SESSION_MOST else None
        )
        known = moderators.password_of(session, moderator.email) if moderator else None
    return _device(tools, known) if known else ""


def session_of(tools: Toolbox, token: str) -> DeskSession | None:
    """Who holds a session's token, while it is good."""
    now, hashed = tools.clock.now(), token_hash(token)
    with reading() as session:
        kept = moderators.find_session(session, hashed)
        if kept is None or now - kept.seen_at >= SESSION_IDLE or now - kept.created_at >= SESSION_MOST:
            return None
        moderator = moderators.by_id(session, kept.moderator_id)
        found = moderators.sites_of(session, kept.moderator_id)
    if moderator is None:
        return None
    if now - kept.seen_at >= SEEN_EVERY:
        with transaction() as session:
            moderators.touch_session(session, hashed, now)
    return DeskSession(moderator, tuple(found), kept.csrf)


def sign_out(token: str) -> None:
    with transaction() as session:
        moderators.end_session(session, token_hash(token))


def audit_of(email: str, limit: int = 100) -> list[AuditLine]:
    """The newest lines about a moderator's own doings."""
    with reading() as session:
        return audit.newest(session, email, limit)


def _count_try(tools: Toolbox, email: str, device: str) -> tuple[tuple[int, str] | None, str]:
    """Write the try down before it runs; ``(id, hash)`` of the account, and the place its tries are counted at.

    What counts are tries without success: each line of a success takes one try off, and only its own.
    Raises ``TooManyRequests``.
    """
    now = tools.clock.now()
    with transaction() as session:
        known = moderators.password_of(session, email, lock=True)
        place = KNOWN_DEVICE if known and _same(_device(tools, known), device) else ""
        for rate in parse_many(tools.settings.limits.login_account):
            window = timedelta(seconds=rate.get_expiry())
            lines = (audit.count(session, email, what, now, window, place) for what in ("sign-in-tried", "signed-in"))
            tried, succeeded = lines
            if tried - succeeded >= rate.amount:
                raise TooManyRequests(rate.get_expiry())
        audit.write(session, now, email, "sign-in-tried", place)
    return known, place


def _device(tools: Toolbox, known: tuple[int, str]) -> str:
    """HMAC-SHA256 of account and password hash under the installation's secret, in hex."""
    return hmac.new(tools.secret, f"device:{known[0]}:{known[1]}".encode(), hashlib.sha256).hexdigest()


def _same(ours: str, shown: str) -> bool:
    return hmac.compare_digest(ours.encode(), shown.encode("utf-8", "surrogatepass"))


def _begin(tools: Toolbox, session: Session, moderator_id: int) -> str:
    token = secrets.token_urlsafe(32)
    moderators.add_session(session, token_hash(token), moderator_id, secrets.token_urlsafe(32), tools.clock.now())
    return token


def _hashed(password: str, email: str) -> str:
    password = unicodedata.normalize("NFKC", password)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        values = {"least": MIN_PASSWORD, "most": MAX_PASSWORD}
        message = Message(N_("A password has %(least)s to %(most)s characters."), values)
        raise InvalidInput([FieldError("/password", message)])
    if is_common(password, email):
        raise InvalidInput([FieldError("/password", Message(COMMON))])
    return _hashed_again(password)


def _hashed_again(password: str) -> str:
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    with _turn():
        return _hasher.hash(text)


def _matches(hashed: str, password: str) -> bool:
    text = unicodedata.normalize("NFKC", password[: MAX_PASSWORD * 4]).encode("utf-8", "surrogatepass")
    with _turn():
        try:
            return _hasher.verify(hashed, text)
        except (Argon2Error, InvalidHashError):
            return False


@contextmanager
def _turn() -> Iterator[None]:
    """Each hash takes 19 MiB and a processor: a crowd of guessers waits, and then goes. Raises ``Unavailable``."""
    if not _hashing.acquire(timeout=LONGEST_WAIT):
        raise Unavailable(detail="too many passwords are being checked at once")
    try:
        yield
    finally:
        _hashing.release()


@cache
def _dummy() -> str:
    return _hasher.hash(secrets.token_bytes(16))


def _plain(email: str) -> str:
    # No database keeps the one character, and nobody has the other.
    return email.strip().lower()[:MAX_EMAIL].replace("\0", "\ufffd")
