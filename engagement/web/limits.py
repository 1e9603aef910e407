"""Rates at the door, by Flask-Limiter's machinery. Losing the store does not take the service down."""

import logging
import time

from flask import Flask, current_app
from flask_limiter import Limiter
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from engagement.domain.errors import TooManyRequests
from engagement.domain.sites import Site
from engagement.settings import Settings
from engagement.web.house import client, toolbox

_log = logging.getLogger(__name__)
_PER_SITE = {"comments_site"}


def register(app: Flask, settings: Settings) -> None:
    """Open the store; a store that is gone is answered from memory until it comes back."""
    limiter = Limiter(
        client,
        storage_uri=settings.limits.storage,
        strategy="moving-window",
        headers_enabled=False,
    )
    limiter.init_app(app)
    local = MovingWindowRateLimiter(MemoryStorage())
    app.extensions["engagement-limiters"] = (limiter.limiter, local)


def count(rate: str, site: Site | None = None) -> None:
    """Count one request against the rate of that key of ``[limits]``. Raises ``TooManyRequests``."""
    limits = toolbox().settings.limits
    if not limits.enabled:
        return
    who = "" if rate in _PER_SITE else client()
    where = site.key if site else ""
    for item in parse_many(getattr(limits, rate)):
        _hit(item, rate, where, who)


def _hit(item: RateLimitItem, *names: str) -> None:
    main, local = current_app.extensions["engagement-limiters"]
    try:
        _ask(main, item, names)
    except TooManyRequests:
        raise
    except Exception:  # noqa: BLE001 - whatever a store throws, readers are not to blame
        _log.warning("the limiter's store does not answer; counting in this process")
        _ask(local, item, names)


def _ask(window: RateLimiter, item: RateLimitItem, names: tuple[str, ...]) -> None:
    if not window.hit(item, *names):
        until = window.get_window_stats(item, *names).reset_time
        raise TooManyRequests(int(until - time.time()) + 1)
