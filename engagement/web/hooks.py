"""``POST /hooks/brevo/SITE``: what Brevo's webhook tells; readers who left there leave here.

Brevo signs nothing, so a bearer token of our own proves who calls. It posts one event or, where it gathers them, a
list; what is not about leaving is thanked for and forgotten. Its documents are no guide to the shapes: events differ
between them and by what sent the mail, so every field is looked at as if it were wrong.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from engagement.domain.errors import MalformedRequest, NotAuthorised
from engagement.domain.mailing.contacts import CHANGES, Event
from engagement.services.addresses import MAX_EMAIL
from engagement.services.audience import contacts
from engagement.services.sites import find_site
from engagement.web.gate import whole_body
from engagement.web.house import settle_site, toolbox

blueprint = Blueprint("hooks", __name__)
MOST_EVENTS = 1_000
_LAST_SECOND = 4_102_444_800  # the year 2100; what claims to be later is no second of UTC


@blueprint.post("/hooks/brevo/<site_key>")
def brevo(site_key: str) -> Response:
    """204, whatever the events are; 401 without the token, 404 for no site of ours, 413, 400 for what is no JSON."""
    _check_token()
    site = find_site(site_key)
    settle_site(site)
    contacts.hear(toolbox(), site, _events())
    return Response(status=204)


def _check_token() -> None:
    """Raises ``NotAuthorised``, also where no token is set."""
    ours = toolbox().settings.brevo.webhook_token
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(sent.strip().encode("utf-8", "replace"), ours.encode())
    if not (ours and same and scheme.lower() == "bearer"):
        raise NotAuthorised


def _events() -> list[Event]:
    """Raises ``RequestEntityTooLarge`` or ``MalformedRequest``."""
    raw = whole_body()
    try:
        told = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(detail=type(error).__name__) from error
    given = told if isinstance(told, list) else [told]
    if len(given) > MOST_EVENTS:
        raise RequestEntityTooLarge
    return [event for one in given if isinstance(one, dict) and (event := _event(one))]


def _event(told: Mapping[str, Any]) -> Event | None:
    change, email = CHANGES.get(_text(told, "event")), _text(told, "email").strip().lower()
    if change is None or "@" not in email or len(email) > MAX_EMAIL:
        return None
    about = _text(told, "message-id") or _text(told, "camp_id") or _text(told, "id")
    return Event(change, email, about[:200], _at(told))


def _at(told: Mapping[str, Any]) -> datetime | None:
    """``ts_event`` is in seconds of UTC, ``ts_epoch`` in thousandths; the other times are in the account's zone."""
    for name, parts in (("ts_event", 1), ("ts_epoch", 1000)):
        text = _text(told, name)
        if text.isdecimal() and len(text) < 20 and 0 < int(text) // parts < _LAST_SECOND:
            return datetime.fromtimestamp(int(text) // parts, UTC)
    return None


def _text(told: Mapping[str, Any], name: str) -> str:
    """A text or whole number as text, without what no database keeps; "" for anything else."""
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:1000].encode("utf-8", "replace").decode().replace("\0", "")
