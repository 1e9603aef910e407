"""Calls of Brevo's API, version 3, and what its answers mean (https://developers.brevo.com/reference).

No call raises: each gives an ``Answer``. None is made a second time here, for nobody knows what the first one did.
"""

import json
import re
import socket
import ssl
import threading
from contextlib import suppress
from datetime import timedelta
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from engagement import __version__
from engagement.domain.mailing.contacts import Answer, Brevo, Outcome

_MOST = 8_000_000  # bytes of an answer
_MOST_REPLY = 200
_DEFAULT_REST = timedelta(seconds=60)  # after a 429 that does not say how long
_SHUT = {401, 402, 403}  # key, credits or plan, permission or this machine's address
_NOT_FOUND = "document_not_found"
_AGAIN = {408, 409, 421, 425, 429}
_ADDRESS = re.compile(r"[^\s\"'<>@]+@[^\s\"'<>@]+")


class Line:
    """The way to an account. Safe to use from many threads at once: every call has a connection of its own."""

    def __init__(self, settings: Brevo) -> None:
        url = urlsplit(settings.base_url)
        self._host, self._port, self._path = url.hostname or "", url.port, url.path.rstrip("/")
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._timeout = settings.timeout
        self._headers = {
            "api-key": settings.api_key,
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": f"engagement/{__version__}",
        }

    def call(self, method: str, path: str, body: object = None) -> Answer:
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        connection = self._connection()
        try:
            connection.connect()
            status, headers, raw = self._once(connection, method, path, sent)
        except (OSError, HTTPException, ValueError) as error:
            # Never the words of the error: an exception of the standard library may quote headers.
            return Answer(Outcome.LATER, reply=f"no answer: {type(error).__name__}")
        finally:
            connection.close()
        return _judge(status, headers, raw)

    def _once(
        self, connection: HTTPConnection, method: str, path: str, body: bytes | None
    ) -> tuple[int, Message, bytes]:
        """One call, cut off when its time is over, however slowly the bytes drip."""
        over = threading.Event()
        watch = threading.Timer(self._timeout, _cut, [connection.sock, over])
        watch.daemon = True
        watch.start()
        try:
            connection.request(method, self._path + path, body, self._headers)
            answer = connection.getresponse()
            raw = answer.read(_MOST + 1)
            # A body that ended early is no error to read(), neither the watch's cut nor the other end's.
            if len(raw) > _MOST or answer.length or over.is_set():
                raise ValueError("the answer is too long, too short or too slow")
            return answer.status, answer.headers, raw
        finally:
            watch.cancel()

    def _connection(self) -> HTTPConnection:
        if self._tls is not None:
            return HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)
        return HTTPConnection(self._host, self._port, timeout=self._timeout)


def _judge(status: int, headers: Message, raw: bytes) -> Answer:
    """What an answer means for the one contact and for all others. ``value`` is JSON."""
    try:
        told = json.loads(raw) if raw.strip() else None
    except (ValueError, RecursionError):
        told = _NotJson
    rest = _rest(status, headers)
    if 200 <= status < 300:
        if told is _NotJson:
            return Answer(Outcome.LATER, status, "the answer is not JSON", rest=rest)
        return Answer(Outcome.DONE, status, value=told, rest=rest)
    code, reply = _words(told)
    outcome = Outcome.REFUSED
    if status in _SHUT:
        outcome = Outcome.SHUT
    elif status == 404 and code == _NOT_FOUND:  # any other 404 means that this is not Brevo's API
        outcome = Outcome.MISSING
    elif status in _AGAIN or status >= 500 or status < 400 or status == 404 or not code:
        outcome = Outcome.LATER  # a refusal that is not in Brevo's own words is another machine's
    return Answer(outcome, status, reply, rest=rest, why=code)


class _NotJson:
    pass


def _words(told: Any) -> tuple[str, str]:
    """The code of a refusal, and what to show of it: without the address it is about."""
    if not isinstance(told, dict):
        return "", ""
    code, message = str(told.get("code", ""))[:60], str(told.get("message", ""))
    return code, _ADDRESS.sub("(address)", f"{code}: {message}".strip(": "))[:_MOST_REPLY]


def _rest(status: int, headers: Message) -> timedelta | None:
    """How long to leave Brevo alone: after a 429, and when the last call of a window was spent."""
    reset, after = _seconds(headers.get("x-sib-ratelimit-reset")), _seconds(headers.get("Retry-After"))
    if status == 429:
        return max((wait for wait in (reset, after) if wait is not None), default=_DEFAULT_REST)
    if status == 503 and after is not None:
        return after
    return reset if _seconds(headers.get("x-sib-ratelimit-remaining")) == timedelta(0) else None


def _seconds(text: str | None) -> timedelta | None:
    """A header of whole seconds; Brevo sends no dates."""
    return timedelta(seconds=min(int(text), 86_400)) if text and text.strip().isdecimal() else None


def confirmed(answer: Answer, good: set[int]) -> Answer:
    """A change is done when Brevo says so with the code it has for it; some proxy's 200 is not that."""
    if answer.outcome is Outcome.DONE and answer.code not in good:
        return Answer(Outcome.LATER, answer.code, "an answer that Brevo does not give", rest=answer.rest)
    return answer


def read(answer: Answer, shape: Any) -> Answer:
    if answer.outcome is not Outcome.DONE:
        return answer
    try:
        return Answer(Outcome.DONE, answer.code, value=shape(answer.value), rest=answer.rest)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Answer(Outcome.LATER, answer.code, "an answer of another shape", rest=answer.rest)


def objects(told: Any, name: str) -> list[dict[str, Any]]:
    """A list of objects; Brevo leaves an empty one out."""
    found = told.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError
    return found


def _cut(sock: socket.socket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):  # over already
        sock.shutdown(socket.SHUT_RDWR)
