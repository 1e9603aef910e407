"""The order of refusals at a door: type, size, syntax, origin, rate; the fields come after."""

import json
from typing import Any

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from engagement.domain.discussion.pages import BadAddress, origin_of
from engagement.domain.errors import MalformedRequest, OriginNotAllowed
from engagement.domain.sites import Site
from engagement.web import limits
from engagement.web.house import the_site, toolbox

MAX_REQUEST = 256 * 1024  # bytes
_FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}


def json_body(*rates: str) -> tuple[Site, dict[str, Any]]:
    """The site and the body of a request that may come in; ``rates`` are keys of ``[limits]``.

    Raises what the contract names: 415, 413, 400, 404 (site), 403 (origin), 429, in this order.
    """
    body = json_alone()
    site = the_site()
    check_origin(site)
    for rate in rates:
        limits.count(rate, site)
    return site, body


def json_alone() -> dict[str, Any]:
    """The body of a request whose caller is known by other means. Raises what means 415, 413 or 400."""
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding"):
        raise UnsupportedMediaType
    return parse(whole_body())


def whole_body() -> bytes:
    """Raises ``RequestEntityTooLarge``."""
    if (request.content_length or 0) > MAX_REQUEST:
        raise RequestEntityTooLarge
    raw = request.get_data(cache=True)
    if request.content_length is None and len(raw) >= MAX_REQUEST:
        raise RequestEntityTooLarge  # a body of unknown length was cut off there
    return raw


def check_form() -> None:
    """It is what a plain form sends. Raises ``UnsupportedMediaType``."""
    if request.mimetype not in _FORM_TYPES:
        raise UnsupportedMediaType


def check_origin(site: Site, only: str = "") -> None:
    """A browser tells where a request comes from; it must be the site's, or ours. Raises ``OriginNotAllowed``.

    ``only``: the one of the site's origins that will do.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return
    try:
        if origin_of(origin) in {*((only,) if only else site.origins), origin_of(toolbox().settings.server.public_url)}:
            return
    except BadAddress:
        pass
    raise OriginNotAllowed


def parse(raw: bytes) -> dict[str, Any]:
    """A JSON object, strictly: no duplicate keys, no NaN, no lone surrogates, no bottomless nesting."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_twins, parse_constant=_no_constant)
        # Finds lone surrogates anywhere, and numbers such as 1e999 that became infinite.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(detail=str(error)[:200]) from error
    if not isinstance(value, dict):
        raise MalformedRequest
    return value


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate keys")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
