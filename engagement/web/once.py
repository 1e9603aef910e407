"""The ``Idempotency-Key`` header."""

import hashlib

from flask import request

from engagement.domain.errors import FieldError, InvalidInput
from engagement.domain.messages import N_, Message
from engagement.services.once import Once

_MAX_KEY = 128


def once() -> Once | None:
    """The key of this request, if one was sent. Raises ``InvalidInput`` for an empty or long one."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= _MAX_KEY:
        message = Message(N_("An Idempotency-Key has 1 to %(most)s characters."), {"most": _MAX_KEY})
        raise InvalidInput([FieldError("/Idempotency-Key", message)])
    route = f"{request.method} {request.path} {key}"
    return Once(_digest(route.encode()), _digest(request.get_data(cache=True)))


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
