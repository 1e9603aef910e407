"""Ready answers: the bytes of a thread and their compressed forms, made once and kept by what they show.

A key is the answer's tag, which holds the page's version from the one indexed read that every request makes. A change
makes another tag, so nothing old can be found and nothing has to be thrown away; what nobody asks for falls out.
"""

import gzip
import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from flask import Flask, Response, current_app, request

from engagement import __version__
from engagement.services.ports import Toolbox
from engagement.settings import Settings, SettingsError
from engagement.web.house import toolbox

_log = logging.getLogger(__name__)
_KEPT = 3_600  # seconds in Redis; a database that was put back from a copy counts its versions again
_PATIENCE = 0.2  # seconds for Redis; making an answer takes hardly longer
_REST = 5.0  # seconds that a silent Redis is left alone
_LEAST = 256  # bytes; less does not get smaller
_LEVEL = 6  # of gzip, and 5 of brotli: both about as fast as the network they save


class Shared(Protocol):
    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes) -> None: ...


class Shelf:
    """The most recently used answers of this process, up to so many bytes, in front of those of all processes."""

    def __init__(self, most: int, shared: Shared | None) -> None:
        self._most, self._shared = most, shared
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """What is kept under ``key``, or else what ``make`` gives, which is kept now."""
        with self._lock:
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return found
        found = self._shared.get(key) if self._shared else None
        if found is None:
            found = make()
            if self._shared:
                self._shared.put(key, found)
        self._put(key, found)
        return found

    def _put(self, key: str, value: bytes) -> None:
        with self._lock:
            self._size += len(value) - len(self._kept.pop(key, b""))
            self._kept[key] = value
            while self._size > self._most:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped)


class Redis:
    """Answers of all processes of one installation. A Redis that is silent or full is as good as empty."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client, self._prefix = client, prefix
        self._silent_until = 0.0

    def get(self, key: str) -> bytes | None:
        found: bytes | None = self._ask(lambda: self._client.get(self._prefix + key))
        return found

    def put(self, key: str, value: bytes) -> None:
        self._ask(lambda: self._client.set(self._prefix + key, value, ex=_KEPT))

    def _ask(self, call: Callable[[], Any]) -> Any:
        if time.monotonic() < self._silent_until:
            return None
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - whatever Redis throws, the answer can be made without it
            _log.warning("the shared cache does not answer: %s", type(error).__name__)
            self._silent_until = time.monotonic() + _REST
            return None


def register(app: Flask, tools: Toolbox) -> None:
    """Open the shelf. Raises ``SettingsError`` where Redis is wanted and its client is not installed."""
    app.extensions["engagement-ready"] = Shelf(tools.settings.cache.megabytes * 2**20, _shared(tools))
    app.extensions["engagement-encodings"] = _encodings()


def tag_of(*shown: object) -> str:
    """The tag of an answer that shows this, and nothing else that could change but the program itself."""
    return hashlib.sha256(repr((__version__, *shown)).encode()).hexdigest()[:32]


def answer(make: Callable[[], bytes], *, tag: str, keep: bool, kind: str = "application/json") -> Response:
    """An answer, compressed as the reader likes it, or 304.

    ``make`` gives the plain bytes and is asked only where they are not kept. Each form has a tag of its own, as a
    strong one must; one that a proxy made weak, or that belongs to another form, is recognised too (RFC 9110, 13.1.2).
    """
    chosen = _encoding()
    known = next(
        (name for name in (chosen, "", *_forms()) if request.if_none_match.contains_weak(_tag(tag, name))), None
    )
    if known is not None:
        made = Response(status=304)
        del made.headers["Content-Type"]
        made.set_etag(_tag(tag, known))
    else:
        body, used = _body(make, tag, chosen, keep)
        made = Response(body, content_type=kind)
        made.set_etag(_tag(tag, used))
        if used:
            made.headers["Content-Encoding"] = used
    made.vary.add("Accept-Encoding")
    return made


def freshness() -> str:
    """``Cache-Control`` of what everybody may read. By default a copy is asked about each time.

    Otherwise a reader would not see what they have just written, nor would what a moderator took down be gone at once.
    """
    cache = toolbox().settings.cache
    if not cache.max_age and not cache.stale_while_revalidate:
        return "no-cache"
    late = f", stale-while-revalidate={cache.stale_while_revalidate}" if cache.stale_while_revalidate else ""
    return f"public, max-age={cache.max_age}{late}"


def _body(make: Callable[[], bytes], tag: str, encoding: str, keep: bool) -> tuple[bytes, str]:
    """The bytes, and the encoding they are in: none where they are few."""
    shelf: Shelf = current_app.extensions["engagement-ready"]

    def get(name: str, made: Callable[[], bytes]) -> bytes:
        return shelf.get(_tag(tag, name), made) if keep else made()

    plain = get("", make)
    if not encoding or len(plain) < _LEAST:
        return plain, ""
    return get(encoding, lambda: _forms()[encoding](plain)), encoding


def _encoding() -> str:
    """The best of our encodings for this request; "" for none."""
    wanted = request.accept_encodings
    offered = [(wanted[name], name) for name in _forms()]
    quality, name = max(offered, key=lambda offer: offer[0])  # the first of equals: brotli where it is there
    return name if quality > 0 else ""


def _forms() -> dict[str, Callable[[bytes], bytes]]:
    forms: dict[str, Callable[[bytes], bytes]] = current_app.extensions["engagement-encodings"]
    return forms


def _encodings() -> dict[str, Callable[[bytes], bytes]]:
    """Best first. Brotli is there where its package is."""
    # No time stamp inside: equal bytes for equal tags, on all processes.
    found: dict[str, Callable[[bytes], bytes]] = {"gzip": lambda plain: gzip.compress(plain, _LEVEL, mtime=0)}
    if find_spec("brotli"):
        brotli = import_module("brotli")
        found = {"br": lambda plain: bytes(brotli.compress(plain, quality=5)), **found}
    return found


def _tag(tag: str, encoding: str) -> str:
    return f"{tag}-{encoding}" if encoding else tag


def _shared(tools: Toolbox) -> Shared | None:
    url = _redis_url(tools.settings)
    if not url:
        return None
    if not find_spec("redis"):
        raise SettingsError(["cache.url needs the redis client: pip install redis"])
    client = import_module("redis").Redis.from_url(
        url, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE, retry=None
    )
    # Two installations may share one Redis; their pages have the same numbers.
    ours = hashlib.sha256(b"ready|" + tools.secret + tools.settings.database.url.encode()).hexdigest()[:16]
    return Redis(client, f"engagement:{ours}:")


def _redis_url(settings: Settings) -> str:
    limits = settings.limits.storage
    if not settings.cache.megabytes:
        return ""
    return settings.cache.url or (limits if limits.startswith(("redis://", "rediss://")) else "")
