"""A model that runs elsewhere, over real sockets: right answers, and every way in which there is none."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from engagement.domain.screening import NotScreened, Screening, Thresholds
from engagement.screening import catalogue
from engagement.screening.guarded import GuardedScreener, ScreenerBroken
from engagement.screening.remote import RemoteModel

OWN = {
    "model": "big@2",
    "scores": {"toxicity": 0.75, "threat": 0.5},
    "thresholds": {"holdAt": {"toxicity": 0.6}, "rejectAt": {"threat": 0.9}},
}


class Analyzer(ThreadingHTTPServer):
    """Answers with ``status`` and ``answer``; counts connections, keeps requests. Closes a connection after
    ``uses`` requests without a word, as servers do with idle ones.
    """

    daemon_threads = True
    status, uses = 200, 1_000_000

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: bytes = json.dumps({"attributeScores": {}, "engagement": OWN}).encode()
        self.connections = 0
        self.requests: list[tuple[str, dict[str, str], Any]] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Analyzer

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1
        self.left = self.server.uses

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)
        self.left -= 1
        self.close_connection = self.left <= 0

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def analyzer() -> Iterator[Analyzer]:
    with Analyzer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@contextmanager
def model(base: str, timeout: float = 5.0, key: str = "") -> Iterator[RemoteModel]:
    with closing(RemoteModel(base, key, timeout)) as found:
        yield found


def test_scores_thresholds_and_name_are_those_of_the_model_there(analyzer: Analyzer) -> None:
    with model(analyzer.base, key="k") as remote:
        found = remote.screen(["Un commento", " ", "Anna"])
    limits = Thresholds({"toxicity": 0.6}, {"threat": 0.9})
    assert found == Screening("big@2", {"toxicity": 0.75, "threat": 0.5}, limits)
    [(path, headers, body)] = analyzer.requests
    assert path == "/v1alpha1/comments:analyze"
    assert (headers["X-Goog-Api-Key"], headers["Engagement-Raw"]) == ("k", "1")
    assert (body["comment"], body["context"]) == ({"text": "Un commento"}, {"entries": [{"text": "Anna"}]})
    assert body["doNotStore"] is True
    assert {"TOXICITY", "THREAT", "IDENTITY_ATTACK"} <= set(body["requestedAttributes"])


def test_the_longest_comments_fit_text_by_text(analyzer: Analyzer) -> None:
    longest = 'é"' * 32_000
    with model(analyzer.base) as remote:
        assert remote.screen([longest, longest + " ", "Anna"]).model == "big@2"
    assert [body["comment"]["text"] for _, _, body in analyzer.requests] == [longest, longest + " ", "Anna"]


@pytest.mark.parametrize("tail", ["", "/", "/v1alpha1", "/v1alpha1/"])
def test_the_address_may_be_written_as_perspective_s(tail: str, analyzer: Analyzer) -> None:
    with model(analyzer.base + tail) as remote:
        remote.screen(["x"])
    assert analyzer.requests[0][0] == "/v1alpha1/comments:analyze"


def test_a_connection_is_used_again(analyzer: Analyzer) -> None:
    with model(analyzer.base) as remote:
        for _ in range(5):
            remote.screen(["x"])
    assert (analyzer.connections, len(analyzer.requests)) == (1, 5)


def test_many_threads_share_it(analyzer: Analyzer) -> None:
    with model(analyzer.base) as remote, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: remote.screen([f"text {n}"]).model, range(80)))
    assert found == ["big@2"] * 80
    assert {body["comment"]["text"] for _, _, body in analyzer.requests} == {f"text {n}" for n in range(80)}
    assert analyzer.connections <= 8


def test_an_idle_connection_that_was_closed_costs_no_score(analyzer: Analyzer) -> None:
    analyzer.uses = 1
    with model(analyzer.base) as remote:
        assert [remote.screen(["x"]).model for _ in range(3)] == ["big@2"] * 3
    assert analyzer.connections == 3


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, b"{}"),
        (429, b'{"error": {"message": "too many"}}'),
        (200, b"no json"),
        (200, b"[]"),
        (200, b'{"attributeScores": {"TOXICITY": {"summaryScore": {"value": 0.1}}}}'),
        (200, b'{"engagement": {"model": "m@1", "scores": {"toxicity": "high"}, "thresholds": {}}}'),
        (200, json.dumps({"engagement": OWN | {"scores": {"threat": 0.1}}}).encode()),
        (200, json.dumps({"engagement": OWN | {"scores": {"toxicity": 7}}}).encode()),
        (200, b" " * 1_000_001),
    ],
)
def test_an_answer_that_is_none_is_a_fact(status: int, answer: bytes, analyzer: Analyzer) -> None:
    analyzer.status, analyzer.answer = status, answer
    with model(analyzer.base) as remote:
        found = GuardedScreener(remote, 5.0).screen(["x"])
    assert isinstance(found, NotScreened)
    assert found.why == "broken"


def test_the_analyzer_s_own_words_reach_the_log(analyzer: Analyzer) -> None:
    analyzer.status, analyzer.answer = 400, b'{"error": {"message": "API key not valid."}}'
    with model(analyzer.base) as remote, pytest.raises(ScreenerBroken, match=r"400: API key not valid\."):
        remote.screen(["x"])


def test_nobody_there_is_a_fact_at_once() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with model(f"http://127.0.0.1:{port}") as remote, pytest.raises(ScreenerBroken) as caught:
        remote.screen(["x"])
    assert caught.value.why == "missing"


@pytest.fixture
def silent() -> Iterator[Callable[[bytes], str]]:
    """A server that takes a connection, sends some bytes and then nothing more."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        held: list[socket.socket] = []

        def start(sent: bytes) -> str:
            def serve() -> None:
                connection, _ = listening.accept()
                held.append(connection)
                connection.sendall(sent)

            threading.Thread(target=serve, daemon=True).start()
            return f"http://127.0.0.1:{listening.getsockname()[1]}"

        yield start
        for connection in held:
            connection.close()


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{", b"HTTP/1.1 2"])
def test_silence_is_a_fact_after_the_deadline(sent: bytes, silent: Callable[[bytes], str]) -> None:
    with model(silent(sent), timeout=0.2) as remote:
        found = GuardedScreener(remote, 0.2).screen(["x"])
        assert isinstance(found, NotScreened)
        assert found.why in {"slow", "broken"}


def test_an_answer_that_drips_for_ever_is_cut_off(silent: Callable[[bytes], str]) -> None:
    """The guard lets the caller go; this ends the call that still reads, so that it does not keep a worker."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        over = threading.Event()

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(0.02):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with model(base, timeout=0.2) as remote, pytest.raises((OSError, HTTPException, ValueError)):
            remote.screen(["x"])
        over.set()
        thread.join(10)
        assert not thread.is_alive()


def test_the_catalogue_opens_it_and_does_not_measure_it(analyzer: Analyzer, tmp_path: Any) -> None:
    screener = catalogue.open_screener("remote", timeout=5.0, remote_url=analyzer.base, remote_key="k")
    assert screener.model == "remote"
    found = screener.screen(["x"])
    assert found.model == "big@2"
    assert screener.score_each(["x", "y"]) == [OWN["scores"]] * 2
    with pytest.raises(catalogue.ScreeningUnavailable, match="where it runs"):
        catalogue.evaluate("remote", tmp_path)
    assert isinstance(screener, GuardedScreener)
    screener._inner.close()  # type: ignore[attr-defined]
