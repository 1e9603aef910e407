"""Brevo's API, version 3: the nine calls we need (https://developers.brevo.com/reference).

Every method gives an ``Answer`` and none raises. Brevo's official package is not used: it retries POSTs blindly, does
not know Brevo's own rate limit headers, and is a hundred times this file.
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
from urllib.parse import quote, urlsplit

from engagement import __version__
from engagement.contacts.none import NoContacts
from engagement.domain.contacts import Answer, Brevo, Contact, Outcome, Seen

PAGE = 500  # contacts a page, the most that Brevo gives
_LISTS_PAGE = 50
_MOST = 8_000_000  # bytes of an answer
_MOST_REPLY = 200
_DEFAULT_REST = timedelta(seconds=60)  # after a 429 that does not say how long
_SHUT = {401, 402, 403}  # key, credits or plan, permission or this machine's address
_NOT_FOUND = "document_not_found"
_AGAIN = {408, 409, 421, 425, 429}
_ADDRESS = re.compile(r"[^\s\"'<>@]+@[^\s\"'<>@]+")


def open_contacts(settings: Brevo) -> "BrevoContacts | NoContacts":
    """Brevo where there is a key, else nobody."""
    return BrevoContacts(settings) if settings.on else NoContacts()


class BrevoContacts:
    """Safe to use from many threads at once: every call has a connection of its own."""

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

    def put(self, contact: Contact) -> Answer:
        """Make or change a contact and put it into its lists; once more does no harm."""
        body: dict[str, Any] = {"attributes": dict(contact.attributes), "listIds": list(contact.lists)}
        body |= {"emailBlacklisted": False} if contact.unblock else {}
        made = self._call("POST", "/contacts", {"email": contact.email, "updateEnabled": True} | body)
        if made.outcome is Outcome.REFUSED and made.why == "duplicate_parameter":
            made = self._call("PUT", _one(contact.email), body)
        if made.outcome is Outcome.MISSING:  # gone between the two calls, or base_url leads somewhere else
            return Answer(Outcome.LATER, made.code, made.reply, rest=made.rest)
        return _confirmed(made, {201, 204})

    def take_off(self, email: str, lists: tuple[int, ...], *, block: bool) -> Answer:
        """Take a contact off some lists and, with ``block``, from every campaign of the account."""
        body = {"unlinkListIds": list(lists)} | ({"emailBlacklisted": True} if block else {})
        return _confirmed(self._call("PUT", _one(email), body), {204})

    def erase(self, email: str) -> Answer:
        return _confirmed(self._call("DELETE", _one(email)), {204})

    def find(self, email: str) -> Answer:
        """``value`` is a ``Seen``."""
        return _read(self._call("GET", _one(email)), _seen)

    def page(self, list_id: int, offset: int) -> Answer:
        """``value`` is a tuple of ``Seen``, the oldest first; an empty one is the end."""
        found = self._call("GET", f"/contacts/lists/{list_id}/contacts?limit={PAGE}&offset={offset}&sort=asc")
        return _read(found, lambda told: tuple(_seen(one) for one in _texts(told, "contacts") if one.get("email")))

    def account(self) -> Answer:
        """Whether the key is good; ``value`` is the company's name."""
        return _read(self._call("GET", "/account"), lambda told: str(told["companyName"]))

    def lists(self) -> Answer:
        """``value`` is the set of all lists' numbers."""
        found: set[int] = set()
        while True:
            answer = self._call("GET", f"/contacts/lists?limit={_LISTS_PAGE}&offset={len(found)}")
            answer = _read(answer, lambda told: {int(one["id"]) for one in _texts(told, "lists")})
            if answer.outcome is not Outcome.DONE:
                return answer
            before = len(found)
            found |= answer.value
            if len(found) < before + _LISTS_PAGE:
                return Answer(Outcome.DONE, answer.code, value=frozenset(found), rest=answer.rest)
            if answer.rest:
                return Answer(Outcome.LATER, 429, "the rest waits for the next window", rest=answer.rest)

    def attributes(self) -> Answer:
        """``value`` is the set of attributes' names."""
        answer = self._call("GET", "/contacts/attributes")
        return _read(answer, lambda told: frozenset(str(one["name"]) for one in _texts(told, "attributes")))

    def _call(self, method: str, path: str, body: object = None) -> Answer:
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


def _confirmed(answer: Answer, good: set[int]) -> Answer:
    """A change is done when Brevo says so with the code it has for it; some proxy's 200 is not that."""
    if answer.outcome is Outcome.DONE and answer.code not in good:
        return Answer(Outcome.LATER, answer.code, "an answer that Brevo does not give", rest=answer.rest)
    return answer


def _read(answer: Answer, shape: Any) -> Answer:
    if answer.outcome is not Outcome.DONE:
        return answer
    try:
        return Answer(Outcome.DONE, answer.code, value=shape(answer.value), rest=answer.rest)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Answer(Outcome.LATER, answer.code, "an answer of another shape", rest=answer.rest)


def _texts(told: Any, name: str) -> list[dict[str, Any]]:
    """A list of objects; Brevo leaves an empty one out."""
    found = told.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError
    return found


def _seen(told: Any) -> Seen:
    lists = tuple(int(number) for number in told.get("listIds") or ())
    return Seen(str(told["email"]).lower(), lists, bool(told["emailBlacklisted"]))


def _one(email: str) -> str:
    return f"/contacts/{quote(email, safe='')}"


def _cut(sock: socket.socket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):  # over already
        sock.shutdown(socket.SHUT_RDWR)
