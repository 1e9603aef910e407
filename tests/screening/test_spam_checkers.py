"""Outside spam checkers, over real sockets: what they are told, and every way in which there is no answer."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest
from flask.testing import FlaskClient

from engagement.domain.moderation import Actor, Verdict
from engagement.domain.spam import Question
from engagement.screening.spam_checkers import Akismet, Checkers, StopForumSpam
from engagement.services import moderation
from engagement.services.discussion.spam_checking import RETRY, TRIES, tell_checkers
from tests.fakes import StoppedClock
from tests.web.test_comments_api import PAGE, post

ASKED = Question(
    "https://blog.example",
    PAGE,
    "Ada",
    "ada@x.example",
    "",
    "Ciao è",
    datetime(2026, 1, 2, tzinfo=UTC),
    "it",
    "192.0.2.7",
)


class Service(ThreadingHTTPServer):
    """Answers every call with ``answer``, or hangs until ``free`` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.answer, self.location = 200, b"false", ""
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.free = threading.Event()
        self.free.set()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.calls.append((self.path, dict(parse_qsl(raw))))
        self.server.free.wait()
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.free.set()
        server.shutdown()


def akismet(service: Service, seconds: float = 30.0) -> Checkers:
    return Checkers([Akismet(f"{service.base}/1.1/", "geheim")], seconds)


@pytest.mark.parametrize(("answer", "signs"), [(b"true", ("akismet",)), (b"false", ())])
def test_akismet_is_asked_in_its_own_words(service: Service, answer: bytes, signs: tuple[str, ...]) -> None:
    service.answer = answer
    assert akismet(service).signs(ASKED) == signs
    ((path, fields),) = service.calls
    assert path == "/1.1/comment-check"
    assert fields == {
        "api_key": "geheim",
        "blog": "https://blog.example",
        "user_ip": "192.0.2.7",
        "permalink": PAGE,
        "comment_type": "comment",
        "comment_author": "Ada",
        "comment_author_email": "ada@x.example",
        "comment_content": "Ciao è",
        "comment_date_gmt": "2026-01-02T00:00:00+00:00",
        "blog_lang": "it",
        "blog_charset": "UTF-8",
    }


@pytest.mark.parametrize(
    ("answer", "signs"),
    [
        ({"success": 1, "ip": {"appears": 1, "confidence": 91.5}}, ("stopforumspam",)),
        ({"success": 1, "email": {"appears": 1, "confidence": "50"}}, ("stopforumspam",)),
        ({"success": 1, "ip": {"appears": 1, "confidence": 12.0}}, ()),
        ({"success": 1, "ip": {"appears": 0}, "email": {"appears": 0}}, ()),
        ({"success": 0, "error": "no"}, ()),
        ([], ()),
        ({"ip": [1]}, ()),
        ({"ip": {"appears": 1, "confidence": "viel"}}, ()),
    ],
)
def test_stop_forum_spam_is_asked_by_addresses_alone(service: Service, answer: object, signs: tuple[str, ...]) -> None:
    service.answer = json.dumps(answer).encode()
    assert Checkers([StopForumSpam(f"{service.base}/api")], 30.0).signs(ASKED) == signs
    assert service.calls == [("/api", {"email": "ada@x.example", "ip": "192.0.2.7", "json": "1", "confidence": "1"})]


@pytest.mark.parametrize(("status", "answer"), [(500, b"true"), (200, b"invalid"), (200, b""), (403, b""), (204, b"")])
def test_no_answer_is_no_sign_and_is_logged_without_the_key(
    service: Service, status: int, answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    service.status, service.answer = status, answer
    assert akismet(service).signs(ASKED) == ()
    assert "akismet did not answer" in caplog.text
    assert "geheim" not in caplog.text
    assert "ada@x" not in caplog.text


def test_nobody_listening_is_no_sign(service: Service) -> None:
    gone = Checkers([Akismet("http://127.0.0.1:1/1.1", "geheim")], 30.0)
    assert gone.signs(ASKED) == ()
    assert not gone.learn(ASKED, True)


def test_an_answer_that_does_not_come_is_not_waited_for(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    service.free.clear()
    assert akismet(service, seconds=0.05).signs(ASKED) == ()
    assert "within 0.05 seconds" in caplog.text


def test_the_key_follows_no_redirection(service: Service) -> None:
    service.status, service.location, service.answer = 302, f"{service.base}/altrove", b"true"
    assert akismet(service).signs(ASKED) == ()
    assert [path for path, _ in service.calls] == ["/1.1/comment-check"]


def test_a_comment_is_held_when_a_checker_says_so_and_published_when_it_is_silent(
    make_client: Callable[..., FlaskClient], service: Service
) -> None:
    client = make_client(spam__akismet_key="geheim", spam__akismet_url=f"{service.base}/1.1")
    post(client, 201)
    service.answer = b"true"
    given = post(client, 202, body="Un altro commento.")
    with client.application.app_context():
        (reason,) = moderation.item(given["comment"]["id"]).reasons
    assert (reason.code, reason.facts["signs"]) == ("spam-signs", "akismet")
    service.status = 500
    post(client, 201, body="Un terzo commento.")
    asked = len(service.calls)
    client.post("/api/v1/sites/demo/comments/preview", json={"body": "Solo un’anteprima."})
    assert len(service.calls) == asked == 3


def test_nobody_is_asked_by_default(client: FlaskClient) -> None:
    tools = client.application.extensions["engagement"]
    assert tools.checker.signs(ASKED) == ()
    assert not tools.checker.learns


def test_verdicts_are_told_once_and_again_after_a_failure(
    make_client: Callable[..., FlaskClient], service: Service, clock: StoppedClock
) -> None:
    client = make_client(spam__akismet_key="geheim", spam__akismet_url=f"{service.base}/1.1")
    tools = client.application.extensions["engagement"]
    first, second = (post(client, 201, body=f"Commento numero {n}.")["comment"]["id"] for n in "ab")
    with client.application.app_context():
        for comment, verdict in ((first, Verdict.SPAM), (second, Verdict.APPROVE)):
            moderation.settle(tools, comment, verdict, actor=Actor.MODERATOR, who="m", version=None)
        service.calls.clear()
        service.status = 503
        assert tell_checkers(tools) == 2
        assert tell_checkers(tools) == 0
        service.status = 200
        service.calls.clear()
        clock.move(seconds=RETRY.total_seconds())
        assert tell_checkers(tools) == 2
        assert [(path, "user_ip" in fields) for path, fields in service.calls] == [
            ("/1.1/submit-spam", False),
            ("/1.1/submit-ham", False),
        ]
        clock.move(days=1)
        assert tell_checkers(tools) == 0


def test_a_verdict_that_nobody_hears_is_dropped_after_five_tries(
    make_client: Callable[..., FlaskClient], service: Service, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(spam__akismet_key="geheim", spam__akismet_url=f"{service.base}/1.1")
    tools = client.application.extensions["engagement"]
    comment = post(client, 201)["comment"]["id"]
    service.status = 503
    with client.application.app_context():
        moderation.settle(tools, comment, Verdict.SPAM, actor=Actor.MODERATOR, who="m", version=None)
        tried = []
        for _ in range(TRIES + 1):
            tried.append(tell_checkers(tools))
            clock.move(seconds=RETRY.total_seconds())
    assert tried == [1] * TRIES + [0]
    assert "was not told" in caplog.text
