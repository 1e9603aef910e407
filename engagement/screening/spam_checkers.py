"""Akismet and StopForumSpam, where an installation wants them: small clients that take two seconds at most.

No answer is no sign: the site's own signs decide then, and a line in the log says what did not answer.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from http.client import HTTPException, HTTPMessage
from typing import IO, Protocol
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from engagement import __version__
from engagement.domain.spam import Question

SECONDS = 2.0
MOST_BYTES = 65_536
SURE = 50.0  # percent, from which StopForumSpam's confidence is a sign
_THREADS = 8
_log = logging.getLogger(__name__)


class NoAnswer(Exception):
    """What did not answer, or not as it says it does; the message names no key and no reader."""


class Client(Protocol):
    name: str

    def is_spam(self, question: Question) -> bool:
        """Raises ``NoAnswer``."""

    def learn(self, question: Question, spam: bool) -> None:
        """Tell it a person's verdict. Raises ``NoAnswer``."""


class Akismet:
    """https://akismet.com/developers/: ``comment-check``, ``submit-spam`` and ``submit-ham`` of version 1.1."""

    name = "akismet"

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url.rstrip("/"), key

    def is_spam(self, question: Question) -> bool:
        answer = self._send("comment-check", question)
        if answer not in {"true", "false"}:
            raise NoAnswer("it answered neither true nor false")
        return answer == "true"

    def learn(self, question: Question, spam: bool) -> None:
        self._send("submit-spam" if spam else "submit-ham", question)

    def _send(self, call: str, question: Question) -> str:
        fields = {
            "api_key": self._key,
            "blog": question.blog,
            "user_ip": question.client,
            "permalink": question.page_url,
            "comment_type": "comment",
            "comment_author": question.author,
            "comment_author_email": question.email,
            "comment_author_url": question.website,
            "comment_content": question.body,
            "comment_date_gmt": question.at.isoformat(),
            "blog_lang": question.language,
            "blog_charset": "UTF-8",
        }
        return _post(f"{self._url}/{call}", fields).strip()


class StopForumSpam:
    """https://www.stopforumspam.com/usage: asked by mail address and network address; it is told no texts."""

    name = "stopforumspam"

    def __init__(self, url: str) -> None:
        self._url = url

    def is_spam(self, question: Question) -> bool:
        asked = {"email": question.email, "ip": question.client}
        if not any(asked.values()):
            return False
        try:
            found = json.loads(_post(self._url, asked | {"json": "1", "confidence": "1"}))
            about = [found.get(name) or {} for name in asked]
            return any(one.get("appears") and float(one.get("confidence", 0)) >= SURE for one in about)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise NoAnswer("its answer is not as documented") from error

    def learn(self, question: Question, spam: bool) -> None:
        """Nothing: reports there need evidence that we do not keep."""


class Checkers:
    """Asks all at once (``engagement.services.ports.SpamChecker``)."""

    def __init__(self, clients: Sequence[Client], seconds: float = SECONDS) -> None:
        self._clients, self._seconds = clients, seconds
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="spam-checker") if clients else None

    @property
    def learns(self) -> bool:
        return any(isinstance(client, Akismet) for client in self._clients)

    def signs(self, question: Question) -> tuple[str, ...]:
        answers = self._ask(lambda client: client.is_spam(question))
        return tuple(name for name, spam in answers.items() if spam)

    def learn(self, question: Question, spam: bool) -> bool:
        def tell(client: Client) -> bool:
            client.learn(question, spam)
            return True

        return len(self._ask(tell)) == len(self._clients)

    def _ask(self, ask: Callable[[Client], bool]) -> dict[str, bool]:
        """What answered in time, by name."""
        if self._pool is None:
            return {}
        asked: dict[str, Future[bool]] = {client.name: self._pool.submit(ask, client) for client in self._clients}
        wait(asked.values(), self._seconds)
        found = {}
        for name, future in asked.items():
            if not future.done():
                future.cancel()
                _log.warning("%s did not answer within %s seconds", name, self._seconds)
            elif error := future.exception():
                known = isinstance(error, NoAnswer)  # words of other errors may hold what was sent
                _log.warning("%s did not answer: %s", name, error if known else type(error).__name__)
            else:
                found[name] = future.result()
        return found


class _Stay(HTTPRedirectHandler):
    """A key and readers' addresses go where the settings say, and nowhere else."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


_opener = build_opener(_Stay)


def _post(url: str, fields: Mapping[str, str]) -> str:
    body = urlencode({name: value for name, value in fields.items() if value}).encode()
    request = Request(url, body, {"User-Agent": f"engagement/{__version__}"})  # noqa: S310 - settings allow http(s) alone
    until = time.monotonic() + SECONDS
    raw = b""
    try:
        with _opener.open(request, timeout=SECONDS) as answer:
            # By pieces: a server that sends a byte a second must not keep the thread for an hour.
            while len(raw) < MOST_BYTES and time.monotonic() < until and (piece := answer.read1(MOST_BYTES)):
                raw += piece
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer(f"{type(error).__name__} {getattr(error, 'code', '')}".strip()) from error
    return raw.decode("utf-8", "replace")
