"""SIGTERM and Ctrl-C: nothing new is accepted, what was accepted is finished, exit status 0, no process is left."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import SMTP, Envelope, Session

from engagement.storage.tables import CommentRow, OutboxRow
from tests.faults.service import (
    PAGE,
    PATIENCE,
    SITE,
    Running,
    Service,
    service,
    smtp,
    wait_until,
    with_mails,
    with_site,
)
from tests.mail.servers import Script, smtp_server

pytestmark = pytest.mark.faults


def by_sigterm(running: Running) -> None:
    running.tell(signal.SIGTERM)


def by_sigint(running: Running) -> None:
    running.tell(signal.SIGINT)


def by_control_c(running: Running) -> None:
    """As a terminal does it: every process hears it, and the supervisor tells the others once more."""
    running.tell(signal.SIGINT, all_of_it=True)


def by_systemd(running: Running) -> None:
    running.tell(signal.SIGTERM, all_of_it=True)


def by_an_impatient_person(running: Running) -> None:
    for _ in range(3):
        by_control_c(running)


# A shell that is not interactive starts what ends in & with SIGINT ignored, and nohup ignores SIGHUP.
WAYS = {
    "SIGTERM": (by_sigterm, None),
    "Ctrl-C": (by_control_c, None),
    "SIGTERM to all": (by_systemd, None),
    "Ctrl-C thrice": (by_an_impatient_person, None),
    "SIGINT in the background": (by_sigint, signal.SIGINT),
    "SIGTERM under nohup": (by_sigterm, signal.SIGHUP),
}
CASES = [*(("run", way) for way in WAYS), ("web", "SIGTERM"), ("web", "Ctrl-C")]


class SlowScript(Script):
    """A mail server that takes its time to answer for the content of a mail."""

    def __init__(self) -> None:
        super().__init__()
        self.holding, self.go_on = threading.Event(), threading.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.holding.set()
        await asyncio.to_thread(self.go_on.wait, PATIENCE)
        return await super().handle_DATA(server, session, envelope)


def half_a_comment(port: int, text: str) -> contextlib.AbstractContextManager[Callable[[], tuple[int, Any]]]:
    return half_a_request(port, f"/api/v1/sites/{SITE}/comments", {"page_url": PAGE, "author": "Anna", "body": text})


@contextlib.contextmanager
def half_a_request(port: int, path: str, sent: object) -> Iterator[Callable[[], tuple[int, Any]]]:
    """A request of which the server has begun to read the body; the call sends the rest and gives the answer."""
    body = json.dumps(sent).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nExpect: 100-continue\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection, connection.makefile("rb") as stream:
        connection.sendall(head.encode())
        # This line comes when the application asks for the body, and not before: the request is in its hands.
        assert stream.readline().split()[1] == b"100"
        assert stream.readline() == b"\r\n"
        connection.sendall(body[:10])

        def finish() -> tuple[int, Any]:
            connection.sendall(body[10:])
            head, _, answer = stream.read().partition(b"\r\n\r\n")
            return int(head.split()[1]), json.loads(answer)

        yield finish


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def stored(url: str) -> list[str]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = list(connection.scalars(sa.select(CommentRow.body).order_by(CommentRow.id)))
    engine.dispose()
    return found


def outbox(url: str) -> list[str]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = list(connection.scalars(sa.select(OutboxRow.state).order_by(OutboxRow.id)))
    engine.dispose()
    return found


@pytest.mark.parametrize(("word", "way"), CASES)
def test_a_request_in_flight_gets_its_answer_and_no_other_is_accepted(
    fresh_sqlite: str, tmp_path: Path, word: str, way: str
) -> None:
    stop, ignoring = WAYS[way]
    with service(tmp_path, fresh_sqlite) as made:
        running = with_site(made).serve(word, ignoring=ignoring)
        assert made.post("Prima della fine.")[0] == 201
        with half_a_comment(made.port, "Durante la fine.") as finish:
            stop(running)
            wait_until(lambda: refuses(made.port), "new connections to be refused")
            assert not running.died()
            status, answer = finish()
        assert running.ended() == 0, made.log()
    assert (status, answer["comment"]["status"]) == (201, "published")
    assert stored(fresh_sqlite) == ["Prima della fine.", "Durante la fine."]


@pytest.mark.parametrize("way", ["SIGTERM", "Ctrl-C thrice", "SIGINT in the background"])
def test_an_idle_worker_ends_at_once(fresh_sqlite: str, tmp_path: Path, way: str) -> None:
    stop, ignoring = WAYS[way]
    with service(tmp_path, fresh_sqlite, queue__url="workers", queue__sweep_seconds=1) as made:
        with_mails(with_site(made), 1)
        running = made.start("worker", ignoring=ignoring)
        wait_until(lambda: running.died() or outbox(fresh_sqlite) == ["sent"], "the worker to have worked")
        stop(running)
        assert running.ended() == 0, made.log()


@pytest.mark.parametrize(("word", "way"), [("run", "SIGTERM to all"), ("worker", "SIGTERM"), ("worker", "Ctrl-C")])
def test_the_mail_in_hand_is_finished_and_the_next_is_not_begun(
    fresh_sqlite: str, tmp_path: Path, word: str, way: str
) -> None:
    stop, _ = WAYS[way]
    script = SlowScript()
    with smtp_server(script) as port, service(tmp_path, fresh_sqlite, queue__sweep_seconds=1, **smtp(port)) as made:
        with_mails(with_site(made), 5)
        running = made.start(word)
        assert script.holding.wait(PATIENCE), made.log()
        stop(running)
        if word == "run":  # no listener any more: it is stopping, and waits for the mail
            wait_until(lambda: refuses(made.port), "new connections to be refused")
        assert not running.died()
        script.go_on.set()
        assert running.ended() == 0, made.log()
    assert len(script.taken) == 1
    assert outbox(fresh_sqlite) == ["sent", *["queued"] * 4]


def test_a_stop_while_the_serving_process_still_loads_is_heard(fresh_sqlite: str, tmp_path: Path) -> None:
    with service(tmp_path, fresh_sqlite) as made:
        running = with_site(made).start("run")
        wait_until(lambda: running.died() or "Spawning worker" in made.log(), "the serving process to be started")
        by_sigterm(running)
        assert running.ended() == 0, made.log()


def test_a_serving_process_does_not_outlive_its_supervisor(fresh_sqlite: str, tmp_path: Path) -> None:
    with service(tmp_path, fresh_sqlite) as made:
        running = with_site(made).serve("run")
        assert len(running.members()) == 2
        os.kill(running.process.pid, signal.SIGKILL)
        assert running.ended() == -signal.SIGKILL
        assert refuses(made.port)


ANALYZER_WAYS = ["SIGTERM", "Ctrl-C", "SIGTERM to all", "Ctrl-C thrice", "SIGINT in the background"]
ASKED = {"comment": {"text": "Un parere pacato."}, "requestedAttributes": {"TOXICITY": {}}}


@contextlib.contextmanager
def an_analyzer(folder: Path) -> Iterator[Service]:
    with service(folder, f"sqlite:///{folder}/none.sqlite", analyzer__open=True, screening__model="embedded") as made:
        made.configure(analyzer__port=made.port)
        yield made


@pytest.mark.parametrize("way", ANALYZER_WAYS)
def test_an_analyzer_answers_what_it_was_asked_and_leaves_nobody_behind(tmp_path: Path, way: str) -> None:
    stop, ignoring = WAYS[way]
    with an_analyzer(tmp_path) as made:
        running = made.serve("analyzer", ignoring=ignoring)
        with half_a_request(made.port, "/v1alpha1/comments:analyze", ASKED) as finish:
            stop(running)
            wait_until(lambda: refuses(made.port), "new connections to be refused")
            assert not running.died()
            status, answer = finish()
        assert running.ended() == 0, made.log()
    assert (status, list(answer["attributeScores"])) == (200, ["TOXICITY"])


def test_an_analyzer_s_process_does_not_outlive_its_supervisor_and_logs_json(tmp_path: Path) -> None:
    with an_analyzer(tmp_path) as made:
        running = made.serve("analyzer")
        assert len(running.members()) == 2
        os.kill(running.process.pid, signal.SIGKILL)
        assert running.ended() == -signal.SIGKILL
        assert refuses(made.port)
        assert all(json.loads(line)["logger"] for line in made.log().splitlines())
