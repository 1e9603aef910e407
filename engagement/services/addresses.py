"""Mail addresses: read as people type them, and kept as keyed hashes where nobody has to read them again."""

import hashlib
import hmac

from email_validator import EmailNotValidError, validate_email

from engagement.domain.errors import FieldError, InvalidInput
from engagement.domain.messages import N_, Message
from engagement.services.ports import Toolbox

MAX_EMAIL = 254  # RFC 5321, as the columns
NO_ADDRESS = N_("Please write a valid e-mail address.")


def read_address(text: str) -> str:
    """The address in lower case. Raises ``ValueError`` for what is none."""
    try:
        address = validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    if len(address) > MAX_EMAIL:
        raise ValueError("too long")
    return address


def checked_address(text: str) -> str:
    """The same for a field ``email``. Raises ``InvalidInput``."""
    try:
        return read_address(text)
    except ValueError as error:
        raise InvalidInput([FieldError("/email", Message(NO_ADDRESS))]) from error


def address_hash(tools: Toolbox, email: str) -> str:
    """What an address is kept as: 64 hex digits of HMAC-SHA256 under the installation's secret."""
    return _keyed(tools.secret, email)


def mailbox_hash(tools: Toolbox, email: str) -> str:
    """The same of the mailbox behind an address."""
    return _keyed(tools.secret, _mailbox(email))


def silenced_as(tools: Toolbox, email: str) -> str:
    """What a silence is written under: a plain address stands for all its tags, a tagged one for itself."""
    tagged = "+" in email.rpartition("@")[0]
    return address_hash(tools, email) if tagged else mailbox_hash(tools, email)


def hashes_of(tools: Toolbox, email: str) -> list[str]:
    """All that an address may be kept as: itself first, then its mailbox, then both under former keys."""
    former = [key.encode() for key in tools.settings.server.old_secret_keys]
    return [_keyed(secret, text) for secret in (tools.secret, *former) for text in (email, _mailbox(email))]


def _mailbox(email: str) -> str:
    """Where a mail ends up: without the ``+tag``, so that tags do not multiply the mails."""
    local, _, domain = email.rpartition("@")
    return f"mailbox:{local.partition('+')[0]}@{domain}"


def _keyed(secret: bytes, text: str) -> str:
    return hmac.new(secret, b"newsletter:" + text.encode(), hashlib.sha256).hexdigest()
