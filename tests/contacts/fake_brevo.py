"""Brevo as its documents describe it, on a real socket, with a script of faults.

Shapes: https://developers.brevo.com/reference (contacts, lists, attributes, account, email campaigns, senders) and
"Rate limits".
"""

import json
import re
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "xkeysib-0123456789abcdef-Test"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# Faults that are plain answers: code → (status, body).
ANSWERS: dict[str, tuple[int, dict[str, str]]] = {
    "400": (400, {"code": "invalid_parameter", "message": "Invalid email address for {email}"}),
    "duplicate": (400, {"code": "duplicate_parameter", "message": "Contact already exist"}),
    "401": (401, {"code": "unauthorized", "message": "Key not found"}),
    "402": (402, {"code": "not_enough_credits", "message": "Not enough credits"}),
    "403": (403, {"code": "permission_denied", "message": "Permission denied"}),
    "404": (404, {"code": "document_not_found", "message": "Not found"}),
    "429": (429, {"code": "too_many_requests", "message": "Too many requests"}),
    "500": (500, {"code": "internal", "message": "Internal error"}),
    "502": (502, {}),
    "503": (503, {}),
}
# What a new campaign may be told; Brevo ignores nothing that it does not know.
_OF_CAMPAIGN = {"name", "tag", "subject", "sender", "htmlContent", "recipients"}
_REFUSED = {"code": "invalid_parameter", "message": "Invalid campaign"}
UNHEARD = ("timeout", "reset")  # nothing was done, and no whole answer came
LOST = ("lost", "cut", "slow")  # it was done, and no whole answer came
ODD = ("html", "half-json")  # it was done, and the answer is none of Brevo's


@dataclass
class Brevo:
    """The account, what it was asked, and what goes wrong next (``""``: nothing)."""

    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: set[int] = field(default_factory=lambda: {4, 7})
    attributes: set[str] = field(default_factory=lambda: {"NOME", "SITO", "USCITA"})
    key: str = KEY
    faults: deque[str] = field(default_factory=deque)
    reset: str = "30"
    left: int | None = None  # calls left in this window, told in the headers; None: no headers
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)  # contacts that were made new, by address
    campaigns: list[dict[str, Any]] = field(default_factory=list)  # the oldest first
    sends: list[int] = field(default_factory=list)  # numbers of campaigns, each time one was sent
    senders: set[str] = field(default_factory=lambda: {"commenti@blog.example"})
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, email: str, *lists: int, blocked: bool = False) -> None:
        self.contacts[email] = {
            "id": len(self.contacts) + 1,
            "email": email,
            "emailBlacklisted": blocked,
            "listIds": list(lists),
            "attributes": {},
        }

    def members(self, number: int) -> list[str]:
        return [email for email, one in self.contacts.items() if number in one["listIds"]]

    def writes(self) -> list[tuple[str, str, Any]]:
        return [call for call in self.calls if call[0] != "GET"]

    def do(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        """Status and body of one call."""
        url = urlsplit(target)
        query = {name: int(values[0]) for name, values in parse_qs(url.query).items() if values[0].isdecimal()}
        parts = [unquote(part) for part in url.path.removeprefix("/v3/").split("/")]
        match (method, parts):
            case "GET", ["account"]:
                return 200, {"companyName": "Il blog di prova", "email": "autore@demo.example"}
            case "GET", ["contacts", "attributes"]:
                return 200, {"attributes": [{"name": name, "category": "normal"} for name in sorted(self.attributes)]}
            case "GET", ["contacts", "lists"]:
                found = sorted(self.lists)[query["offset"] :][: query["limit"]]
                return 200, {"lists": [{"id": n, "name": f"Lista {n}"} for n in found], "count": len(self.lists)}
            case "GET", ["contacts", "lists", number, "contacts"]:
                assert query["limit"] <= 500  # Brevo refuses more
                emails = self.members(int(number))
                page = emails[query["offset"] :][: query["limit"]]
                return 200, {"contacts": [self.contacts[email] for email in page], "count": len(emails)}
            case "POST", ["contacts"]:
                return self._post(body)
            case "GET", ["senders"]:
                return 200, {"senders": [{"id": 1, "name": "x", "email": e, "active": True} for e in self.senders]}
            case "GET", ["emailCampaigns"]:
                assert query["limit"] <= 100  # Brevo refuses more
                newest = self.campaigns[::-1][query["offset"] :][: query["limit"]]
                return 200, {"count": len(self.campaigns)} | ({"campaigns": newest} if newest else {})
            case "POST", ["emailCampaigns"]:
                return self._make(body)
            case "GET", ["emailCampaigns", number]:
                found = self.campaign(int(number))
                return (200, found) if found else ANSWERS["404"]
            case "POST", ["emailCampaigns", number, "sendNow"]:
                return self._send(self.campaign(int(number)))
            case _, ["contacts", email]:
                return self._one(method, email, body)
        return ANSWERS["404"]

    def campaign(self, number: int) -> dict[str, Any] | None:
        return next((one for one in self.campaigns if one["id"] == number), None)

    def _make(self, body: Any) -> tuple[int, Any]:
        assert set(body) <= _OF_CAMPAIGN, set(body) - _OF_CAMPAIGN
        sender, lists = body["sender"], body["recipients"]["listIds"]
        whole = body["name"] and body["subject"] and body["htmlContent"] and lists
        if not whole or sender["email"] not in self.senders or not set(lists) <= self.lists:
            return 400, _REFUSED
        self.campaigns.append(
            {
                "id": 100 + len(self.campaigns),
                "type": "classic",
                "status": "draft",
                "createdAt": self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "recipients": {"lists": lists, "exclusionLists": []},
                "statistics": {"globalStats": {}, "campaignStats": []},
                **{name: body[name] for name in ("name", "tag", "subject", "sender", "htmlContent")},
            }
        )
        return 201, {"id": self.campaigns[-1]["id"]}

    def _send(self, found: dict[str, Any] | None) -> tuple[int, Any]:
        if found is None:
            return ANSWERS["404"]
        if found["status"] != "draft":
            return 400, {"code": "campaign_processing", "message": "Campaign is already queued"}
        found["status"] = "queued"
        self.sends.append(found["id"])
        return 204, None

    def _post(self, body: Any) -> tuple[int, Any]:
        email = body["email"]
        if not _EMAIL.fullmatch(email):
            return ANSWERS["400"]
        if not set(body["listIds"]) <= self.lists:
            return 400, {"code": "invalid_parameter", "message": "List ID does not exist"}
        if email in self.contacts:
            if not body.get("updateEnabled"):
                return ANSWERS["duplicate"]
            self._change(email, body)
            return 204, None
        self.add(email)
        self.made[email] += 1
        self._change(email, body)
        return 201, {"id": self.contacts[email]["id"]}

    def _one(self, method: str, email: str, body: Any) -> tuple[int, Any]:
        if email not in self.contacts:
            return ANSWERS["404"]
        if method == "GET":
            return 200, self.contacts[email]
        if method == "DELETE":
            del self.contacts[email]
        else:
            self._change(email, body)
        return 204, None

    def _change(self, email: str, body: Any) -> None:
        one = self.contacts[email]
        one["attributes"] |= body.get("attributes", {})
        lists = (set(one["listIds"]) | set(body.get("listIds", []))) - set(body.get("unlinkListIds", []))
        one["listIds"] = sorted(lists)
        one["emailBlacklisted"] = body.get("emailBlacklisted", one["emailBlacklisted"])


@contextmanager
def fake_brevo() -> Iterator[Brevo]:
    account = Brevo()

    class Handler(_Handler):
        brevo = account

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    account.url = f"http://127.0.0.1:{server.server_port}/v3"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield account
    finally:
        account.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    brevo: Brevo

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _any(self) -> None:
        brevo = self.brevo
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw else None
        with brevo.lock:
            brevo.calls.append((self.command, self.path, body))
            fault = brevo.faults.popleft() if brevo.faults else ""
            if self.headers.get("api-key") != brevo.key:
                fault = "401"
            if fault in UNHEARD:
                status, told = 0, None
            elif fault in ANSWERS:
                status, told = ANSWERS[fault]
                told = {name: text.replace("{email}", str((body or {}).get("email"))) for name, text in told.items()}
            else:
                status, told = brevo.do(self.command, self.path, body)
        self._tell(fault, status, told)

    do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - the names that http.server calls

    def _tell(self, fault: str, status: int, told: Any) -> None:
        self.close_connection = True
        if fault == "timeout":
            self.brevo.over.wait(30)
        elif fault in {"reset", "cut"}:  # the connection is reset in mid answer
            self.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{")
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif fault == "slow":
            self._drip(status)
        elif fault == "html":
            self._send(200, b"<html>Please sign in to the network</html>")
        elif fault == "half-json":
            self._send(status, b'{"id": ')
        elif fault != "lost":  # else it ends without a word
            self._answer(status, told)

    def _answer(self, status: int, told: Any) -> None:
        self._send(status, b"" if told is None else json.dumps(told).encode())

    def _drip(self, status: int) -> None:
        self.wfile.write(f"HTTP/1.1 {status} Slow\r\nContent-Length: 1000\r\n\r\n".encode())
        while not self.brevo.over.wait(0.02):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                return

    def _send(self, status: int, raw: bytes) -> None:
        brevo = self.brevo
        self.send_response(status)
        if brevo.left is not None:
            brevo.left = max(0, brevo.left - 1)
            self.send_header("x-sib-ratelimit-limit", "10")
            self.send_header("x-sib-ratelimit-remaining", str(brevo.left))
            self.send_header("x-sib-ratelimit-reset", brevo.reset)
        if status == 429:
            self.send_header("x-sib-ratelimit-reset", brevo.reset)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
