"""One line in the log for each request, and its id in the answer. The path stays out: it may hold a token."""

import logging
import time

from flask import Flask, Response, g, request

from engagement import logs
from engagement.domain.errors import MalformedRequest

HEADER = "X-Request-Id"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = logging.getLogger("engagement.access")


def register(app: Flask) -> None:
    """Comes before all other hooks, so that its id is there for them and its time holds theirs."""
    app.before_request(_begin)
    app.before_request(_readable)
    app.after_request(_tell)
    app.teardown_request(lambda _error: logs.end_request())


def _begin() -> None:
    g.began = time.perf_counter()
    logs.begin_request()


def _readable() -> None:
    """No path and no query holds the one character that PostgreSQL cannot. Raises ``MalformedRequest``."""
    if "\0" in request.path or any("\0" in text for pair in request.args.items(multi=True) for text in pair):
        raise MalformedRequest


def _tell(answer: Response) -> Response:
    answer.headers[HEADER] = logs.request_id()
    method = request.method if request.method in _METHODS else "other"
    route = request.url_rule.rule if request.url_rule else "none"
    took = round((time.perf_counter() - g.began) * 1000, 1)
    site = g.get("asked_site")  # only one that exists; what else stands in a path may be anything
    about = {"method": method, "route": route, "status": answer.status_code, "ms": took}
    _log.info(
        "%(method)s %(route)s %(status)d in %(ms).1f ms",
        about,
        extra=logs.fields(**about, **({"site": site.key} if site else {})),
    )
    return answer
