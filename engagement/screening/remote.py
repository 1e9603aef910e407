"""A model that runs elsewhere: calls an analyzer in the Perspective format, over connections that are kept open.

The header ``Engagement-Raw: 1`` asks for the model's own scores, name and thresholds beside the answer, so that the
policy here decides as if the model stood here. Any error is raised; the guard around this makes it ``NotScreened``.
"""

import json
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from engagement.domain.desk.analysis import LABEL_OF
from engagement.domain.screening import Screening, Thresholds
from engagement.screening.guarded import ScreenerBroken

RAW = "Engagement-Raw"
_PATH = "/v1alpha1/comments:analyze"
_MOST = 1_000_000  # bytes of an answer
_MOST_SENT = 250_000  # of a request; a longer one is sent text by text
_GRACE = 1.0  # seconds after which a call that its caller gave up is cut off
_KEPT = 32  # idle connections


class RemoteModel:
    """``base``: the analyzers' address, with or without ``/v1alpha1``; ``timeout`` in seconds for a whole call.

    Safe to use from many threads at once.
    """

    def __init__(self, base: str, key: str, timeout: float) -> None:
        parts = urlsplit(base)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"no http or https address: {base!r}")
        self.model = "remote"  # of a call that gave no answer; an answer names the true one
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/").removesuffix("/v1alpha1") + _PATH
        self._headers = {"Content-Type": "application/json", RAW: "1"} | ({"X-Goog-Api-Key": key} if key else {})
        self._timeout = timeout
        self._tls = ssl.create_default_context() if self._secure else None
        self._idle: list[HTTPConnection] = []
        self._lock = threading.Lock()

    def screen(self, texts: Sequence[str]) -> Screening:
        """The texts of one comment, in one call where they fit.

        Raises ``ScreenerBroken``, ``OSError``, ``HTTPException`` or ``ValueError``.
        """
        body = _request([text for text in texts if text.strip()] or [""])
        if len(body) > _MOST_SENT and len(texts) > 1:
            return _highest([self.screen([text]) for text in texts])
        return _screening(self._ask(body))

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        return [self.screen([text]).scores for text in texts]

    def close(self) -> None:
        """Let go of the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _ask(self, body: bytes) -> Any:
        connection, used = self._take()
        try:
            status, raw = self._once(connection, body)
        except (OSError, HTTPException):
            if not used:
                raise
            # The other end may close an idle connection at any time; scoring twice does no harm.
            connection = self._new()
            status, raw = self._once(connection, body)
        self._give_back(connection)
        if status != 200:
            raise ScreenerBroken("broken", f"the analyzer answered {status}: {_excerpt(raw)}")
        return json.loads(raw)

    def _once(self, connection: HTTPConnection, body: bytes) -> tuple[int, bytes]:
        """One call, cut off when its time is over, however slowly the bytes drip."""
        try:
            if connection.sock is None:
                connection.connect()
        except ConnectionRefusedError as error:
            raise ScreenerBroken("missing", "no analyzer listens there") from error
        watch = threading.Timer(self._timeout + _GRACE, _cut, [connection.sock])
        watch.daemon = True
        watch.start()
        try:
            connection.request("POST", self._path, body, self._headers)
            answer = connection.getresponse()
            raw = answer.read(_MOST + 1)
            if len(raw) > _MOST:
                raise ValueError("the answer is too long")
        except BaseException:
            connection.close()  # in the middle of an answer it is of no use to anybody
            raise
        finally:
            watch.cancel()
        return answer.status, raw

    def _take(self) -> tuple[HTTPConnection, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        return self._new(), False

    def _give_back(self, connection: HTTPConnection) -> None:
        with self._lock:
            if connection.sock is not None and len(self._idle) < _KEPT:
                self._idle.append(connection)
                return
        connection.close()

    def _new(self) -> HTTPConnection:
        if self._tls is not None:
            return HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)
        return HTTPConnection(self._host, self._port, timeout=self._timeout)


def _request(texts: Sequence[str]) -> bytes:
    first, *others = texts
    asked = {
        "comment": {"text": first},
        "context": {"entries": [{"text": text} for text in others]},
        "requestedAttributes": {name: {} for name in LABEL_OF},
        "dropUnsupportedAttributes": True,
        "doNotStore": True,
    }
    return json.dumps(asked, ensure_ascii=False).encode("utf-8")


def _highest(found: Sequence[Screening]) -> Screening:
    """One screening of several: the highest score of each label."""
    labels = {label for each in found for label in each.scores}
    scores = {label: max(each.scores.get(label, 0.0) for each in found) for label in labels}
    return Screening(found[0].model, scores, found[0].thresholds)


def _screening(answer: Any) -> Screening:
    """Raises ``ScreenerBroken`` where the answer lacks the model's own scores."""
    try:
        own = answer["engagement"]
        model, limits = str(own["model"]), own["thresholds"]
        scores = {str(label): float(score) for label, score in own["scores"].items()}
        thresholds = Thresholds(_numbers(limits["holdAt"]), _numbers(limits["rejectAt"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ScreenerBroken("broken", f"no scores of the model's own in the answer: {error!r}") from error
    return Screening(model, scores, thresholds)


def _numbers(given: Mapping[str, Any]) -> dict[str, float]:
    return {str(label): float(value) for label, value in given.items()}


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):  # over already
        sock.shutdown(socket.SHUT_RDWR)


def _excerpt(raw: bytes) -> str:
    """What an error says, without the rest."""
    try:
        return str(json.loads(raw)["error"]["message"])[:200]
    except (ValueError, KeyError, TypeError):
        return ""
