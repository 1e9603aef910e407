"""When a plain form was shown, signed, and a field that no person sees: traces that programs leave."""

from datetime import timedelta

from flask import request
from itsdangerous import BadData, URLSafeSerializer

from engagement.web.house import toolbox

FIELD, TRAP = "form_time", "address2"
OLDEST = timedelta(hours=24)


def stamp() -> str:
    """For the hidden field of a form that is shown now."""
    return str(_signer().dumps(int(toolbox().clock.now().timestamp())))


def signs() -> tuple[str, ...]:
    """Signs of spam in the form that was sent; a form without our fields, such as a theme's own, shows none."""
    found = ["honeypot"] if request.form.get(TRAP) else []
    sent = request.form.get(FIELD)
    if sent is not None:
        found += _about(sent)
    return tuple(found)


def _about(sent: str) -> list[str]:
    try:
        shown = _signer().loads(sent)
    except (BadData, ValueError):
        return ["bad-form-time"]
    passed = toolbox().clock.now().timestamp() - shown
    if passed > OLDEST.total_seconds():
        return ["bad-form-time"]
    return ["too-fast"] if passed < toolbox().settings.spam.form_seconds else []


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(toolbox().secret, salt="form-time")
