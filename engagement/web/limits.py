"""Rates at the door, by Flask-Limiter's machinery. Losing the store does not take the service down.

Only guessing is refused meanwhile: counted by each process alone, passwords could be tried so many times more often.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from ipaddress import ip_network

from flask import Flask, current_app
from flask_limiter import Limiter
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from engagement.domain.errors import LinkNotValid, NotAuthorised, TooManyRequests, Unavailable
from engagement.domain.sites import Site
from engagement.settings import Settings, SettingsError
from engagement.web.clients import wider
from engagement.web.house import client, toolbox

_log = logging.getLogger(__name__)
_PER_SITE = {"comments_site"}
_READING = {"reads", "preview", "links", "api_key", "analyze"}  # often asked, and nothing is kept or sent
_PATIENCE = 0.5  # seconds that a request waits for the store
_REST = 5.0  # seconds that a silent store is left alone


class Rates:
    """The windows of one application: the shared store's, and this process's own for when that is silent."""

    def __init__(self, shared: RateLimiter) -> None:
        self._shared = shared
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._silent_until = 0.0

    def hit(self, item: RateLimitItem, *names: str) -> None:
        """Count once, here where the store is silent. Raises ``TooManyRequests``."""
        try:
            self._shared_or_lost(lambda: _ask(self._shared, item, names))
        except Unavailable:
            _ask(self._own, item, names)

    def test(self, item: RateLimitItem, *names: str) -> None:
        """Whether one more would be let in; counts nothing. Raises ``TooManyRequests`` or ``Unavailable``."""
        self._shared_or_lost(lambda: _ask(self._shared, item, names, count=False))

    def hit_shared(self, item: RateLimitItem, *names: str) -> None:
        """Count once, for all processes together. Raises ``TooManyRequests`` or ``Unavailable``."""
        self._shared_or_lost(lambda: _ask(self._shared, item, names))

    def answers(self) -> bool:
        """Whether the shared store is there; one that is back is used again at once."""
        try:
            there = bool(self._shared.storage.check())
        except Exception:  # noqa: BLE001 - whatever a store throws, it is not there
            return False
        if there:
            self._silent_until = 0.0
        return there

    def _shared_or_lost(self, ask: Callable[[], None]) -> None:
        if time.monotonic() < self._silent_until:
            raise Unavailable(detail="the limiter's store is silent")
        try:
            ask()
        except TooManyRequests:
            raise
        except Exception as error:
            _log.warning("the limiter's store does not answer; counting in this process")
            self._silent_until = time.monotonic() + _REST
            raise Unavailable(detail="the limiter's store is silent") from error


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
    for item, names in _windows(rate, site, who):
        _rates().hit(item, *names)


@contextmanager
def guesses(rate: str) -> Iterator[None]:
    """Count what is refused inside, not what succeeds. Raises ``TooManyRequests``, ``Unavailable`` without the store.

    Tries at the same moment pass this window together; those at one account are counted before they run.
    """
    windows = _windows(rate)
    for item, names in windows:
        _rates().test(item, *names)
    try:
        yield
    except (NotAuthorised, LinkNotValid, TooManyRequests):
        for item, names in windows:
            _rates().hit_shared(item, *names)
        raise


def store_answers() -> bool:
    """Whether the shared store of the limits is there, or not needed."""
    return not toolbox().settings.limits.enabled or _rates().answers()


def _windows(
    rate: str, site: Site | None = None, who: str | None = None
) -> list[tuple[RateLimitItem, tuple[str, str, str]]]:
    limits = toolbox().settings.limits
    if not limits.enabled:
        return []
    place, around = site.key if site else "", []
    if who is None:
        who = "" if rate in _PER_SITE else client()
        around = [] if rate in _READING else wider(who)
    items = parse_many(getattr(limits, rate))
    found = [(item, (rate, place, who)) for item in items]
    return found + [(_times(item, times), (rate, place, net)) for net, times in around for item in items]


def _times(item: RateLimitItem, times: int) -> RateLimitItem:
    """The same rate, so many times as much."""
    return type(item)(item.amount * times, item.multiples, item.namespace)


def _rates() -> Rates:
    rates: Rates = current_app.extensions["engagement-rates"]
    return rates


def _ask(window: RateLimiter, item: RateLimitItem, names: tuple[str, ...], *, count: bool = True) -> None:
    if not (window.hit(item, *names) if count else window.test(item, *names)):
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
