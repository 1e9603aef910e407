"""Limits counted in a Redis of the test's own, which is killed and started again under two applications."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from engagement.services.desk import moderators
from tests.conftest import missing_service
from tests.mail.servers import free_port

COMMENTS = "/api/v1/sites/demo/comments"
EMAIL, PASSWORD = "moderatrice@demo.example", "una frase lunga e tranquilla"


@dataclass
class Store:
    """A redis-server that keeps nothing on disk."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            ["redis-server", *options, "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ends = time.monotonic() + 20
        while not self._answers():
            assert self.process.poll() is None, "redis-server ended by itself"
            assert time.monotonic() < ends, "redis-server did not answer within 20 s"
            time.sleep(0.02)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def _answers(self) -> bool:
        try:
            with Redis(port=self.port, socket_timeout=1) as redis:
                return bool(redis.ping())
        except NoConnection:
            return False


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    if shutil.which("redis-server") is None:
        missing_service("there is no redis-server on this machine")
    store = Store(tmp_path)
    store.start()
    yield store
    store.kill()


@pytest.fixture
def pair(make_client: Callable[..., FlaskClient], store: Store) -> tuple[FlaskClient, FlaskClient]:
    """Two applications, as two serving processes would be, that share a database and a store."""
    rates = {"limits__enabled": "true", "limits__comments": "3 per hour", "limits__login": "4 per hour"}
    shared = rates | {"limits__storage": store.url}
    return make_client(**shared), make_client(**shared)


_sent = iter(range(10_000))


def comment(client: FlaskClient, address: str) -> int:
    body = {
        "page_url": "https://blog.example/a",
        "author": "Anna",
        "body": f"Un articolo chiaro, il numero {next(_sent)}.",
    }
    return client.post(COMMENTS, json=body, environ_overrides={"REMOTE_ADDR": address}).status_code


def login(client: FlaskClient, password: str, address: str = "192.0.2.9") -> int:
    data = {"email": EMAIL, "password": password}
    return client.post("/desk/login", data=data, environ_overrides={"REMOTE_ADDR": address}).status_code


def choose_password(client: FlaskClient) -> None:
    with client.application.app_context():
        tools = client.application.extensions["engagement"]
        address = moderators.add(tools, EMAIL, ["demo"])
        moderators.enter(tools, address.rpartition("/")[2], PASSWORD)


def missing(client: FlaskClient) -> tuple[int, list[str], list[str]]:
    answer = client.get("/health/ready")
    told = answer.get_json()
    return answer.status_code, told["missing"], told["degraded"]


def test_two_processes_count_together(pair: tuple[FlaskClient, FlaskClient]) -> None:
    one, other = pair
    assert [comment(c, "192.0.2.1") for c in (one, other, one, other, one)] == [201, 201, 201, 429, 429]
    assert comment(other, "192.0.2.2") == 201


def test_a_store_that_dies_takes_nobody_down_and_is_used_again_when_it_is_back(
    pair: tuple[FlaskClient, FlaskClient], store: Store
) -> None:
    one, other = pair
    assert [comment(one, "192.0.2.1"), comment(other, "192.0.2.1")] == [201, 201]
    assert missing(one) == (200, [], [])

    store.kill()
    for client in pair:  # each counts for itself from here
        assert [comment(client, "192.0.2.1") for _ in range(4)] == [201, 201, 201, 429]
        assert missing(client) == (503, ["limiter-store"], ["limiter-store"])

    store.start()  # empty, as a Redis without a disk comes back
    assert [missing(client) for client in pair] == [(200, [], [])] * 2
    assert [comment(c, "192.0.2.3") for c in (one, other, one, other)] == [201, 201, 201, 429]


def test_the_desk_refuses_logins_while_the_store_is_lost(pair: tuple[FlaskClient, FlaskClient], store: Store) -> None:
    one, other = pair
    choose_password(one)
    assert login(one, "sbagliata sbagliata") == 401

    store.kill()
    answer = other.post("/desk/login", data={"email": EMAIL, "password": PASSWORD})
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Riprova" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in answer.headers
    guesses = [login(client, f"indovino numero {n}") for n in range(6) for client in pair]
    assert set(guesses) == {503}

    store.start()
    assert [missing(client) for client in pair] == [(200, [], [])] * 2
    assert login(other, PASSWORD) == 303


def test_failed_logins_are_counted_for_all_processes_and_good_ones_are_not(
    pair: tuple[FlaskClient, FlaskClient],
) -> None:
    one, other = pair
    choose_password(one)
    assert [login(client, PASSWORD) for client in pair * 3] == [303] * 6
    assert [login(client, "sbagliata sbagliata") for client in pair * 3] == [401, 401, 401, 401, 429, 429]
    assert login(other, PASSWORD) == 429
    assert login(one, PASSWORD, "192.0.2.10") == 303  # the owner elsewhere is not locked out
