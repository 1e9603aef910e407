"""Rates at the door, by Flask-Limiter's machinery. Losing the store does not take the service down."""

import logging
import time
from dataclasses import fields
from ipaddress import ip_network

from flask import Flask, current_app
from flask_limiter import Limiter
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from engagement.domain.errors import TooManyRequests
from engagement.domain.sites import Site
from engagement.settings import Settings, SettingsError
from engagement.web.house import client, toolbox

_log = logging.getLogger(__name__)
_PER_SITE = {"comments_site"}
_PATIENCE = 0.5  # seconds that a request waits for the store
_REST = 5.0  # seconds that a silent store is left alone


class Rates:
    """The windows of one application: the shared store's, and this process's own for when that is silent."""

    def __init__(self, shared: RateLimiter) -> None:
        self._shared = shared
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._silent_until = 0.0

    def hit(self, item: RateLimitItem, *names: str) -> None:
        """Count once. Raises ``TooManyRequests``."""
        if time.monotonic() >= self._silent_until:
            try:
                _ask(self._shared, item, names)
                return
            except TooManyRequests:
                raise
            except Exception:  # noqa: BLE001 - whatever a store throws, readers are not to blame
                _log.warning("the limiter's store does not answer; counting in this process")
                self._silent_until = time.monotonic() + _REST
        _ask(self._own, item, names)

    def answers(self) -> bool:
        """Whether the shared store is there."""
        try:
            return bool(self._shared.storage.check())
        except Exception:  # noqa: BLE001 - as above
            return False


def register(app: Flask, settings: Settings) -> None:
    """Open the store. Raises ``SettingsError`` for rates and networks that cannot be read."""
    _check(settings)
    networked = settings.limits.storage.startswith(("redis", "valkey"))
    patience: dict[str, str | float] = {"socket_connect_timeout": _PATIENCE, "socket_timeout": _PATIENCE}
    limiter = Limiter(
        client,
        storage_uri=settings.limits.storage,
        storage_options=patience if networked else {},  # type: ignore[arg-type] # redis wants numbers
        strategy="moving-window",
        headers_enabled=False,
    )
    limiter.init_app(app)
    app.extensions["engagement-rates"] = Rates(limiter.limiter)


def count(rate: str, site: Site | None = None, who: str | None = None) -> None:
    """Count one request against the rate of that key of ``[limits]``. Raises ``TooManyRequests``.

    ``who``: whom to count, where it is not the client's address.
    """
    limits = toolbox().settings.limits
    if not limits.enabled:
        return
    if who is None:
        who = "" if rate in _PER_SITE else client()
    where = site.key if site else ""
    for item in parse_many(getattr(limits, rate)):
        _rates().hit(item, rate, where, who)


def store_answers() -> bool:
    """Whether the shared store of the limits is there."""
    return _rates().answers()


def _rates() -> Rates:
    rates: Rates = current_app.extensions["engagement-rates"]
    return rates


def _ask(window: RateLimiter, item: RateLimitItem, names: tuple[str, ...]) -> None:
    if not window.hit(item, *names):
        until = window.get_window_stats(item, *names).reset_time
        raise TooManyRequests(int(until - time.time()) + 1)


def _check(settings: Settings) -> None:
    mistakes = []
    for field in fields(settings.limits):
        value = getattr(settings.limits, field.name)
        if isinstance(value, str) and field.name != "storage" and not _is_rate(value):
            mistakes.append(f'limits.{field.name} must be a rate such as "5 per minute", not {value!r}')
    for network in settings.server.trusted_proxies:
        if not _is_network(network):
            mistakes.append(f"server.trusted_proxies must list networks such as 10.0.0.0/8, not {network!r}")
    if mistakes:
        raise SettingsError(mistakes)


def _is_rate(text: str) -> bool:
    try:
        return bool(parse_many(text))
    except ValueError:
        return False


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
