"""The analyzer dies under load: readers are answered all the same, their comments wait, and none is lost."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.faults

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds; only a test that fails waits so long
WORDS = "Una ricetta semplice che ho provato ieri con la mia famiglia, numero"


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return int(free.getsockname()[1])


def wait_for(what: str, condition: Callable[[], Any]) -> Any:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE:g} s in vain: {what}")


class House:
    """One installation on SQLite: commands, and processes that are all ended at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.web, self.analyzer = free_port(), free_port()
        self.url = f"sqlite:///{folder}/house.sqlite"
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")} | {
            "ENGAGEMENT_DATABASE__URL": self.url,
            "ENGAGEMENT_SERVER__SECRET_KEY": "a-key-for-tests-" * 3,
            "ENGAGEMENT_SERVER__PORT": str(self.web),
            "ENGAGEMENT_ANALYZER__PORT": str(self.analyzer),
            "ENGAGEMENT_MAIL__FOLDER": str(folder / "mails"),
            "ENGAGEMENT_LIMITS__ENABLED": "false",
            "ENGAGEMENT_LIMITS__FLOOD_PER_MINUTE": "0",
            "ENGAGEMENT_LIMITS__FLOOD_PER_HOUR": "0",
            "ENGAGEMENT_QUEUE__SWEEP_SECONDS": "1",
        }
        self.started: list[subprocess.Popen[bytes]] = []

    def command(self, *words: str) -> str:
        run = [sys.executable, "-m", "engagement.console", *words]
        found = subprocess.run(
            run, env=self.environ, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE
        )
        return found.stdout.strip().splitlines()[-1] if found.stdout.strip() else ""

    def start(self, command: str, port: int, **environ: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "engagement.console", command],
                env=self.environ | environ,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        wait_for(f"{command} to live", lambda: alive(port) or process.poll() is not None)
        assert process.poll() is None, (self.folder / f"{command}.log").read_text("utf-8")
        return process

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(PATIENCE)

    def statuses(self) -> dict[str, str]:
        """Body → status of every comment."""
        engine = sa.create_engine(self.url)
        with engine.connect() as connection:
            found = {row.body: row.status for row in connection.execute(sa.text("SELECT body, status FROM comments"))}
        engine.dispose()
        return found

    def let_time_pass(self) -> None:
        """Comments that wait for their next try are due now."""
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE comments SET screen_at = '2020-01-01 00:00:00.000000' WHERE screen_at IS NOT NULL")
            )
        engine.dispose()


def alive(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def comment(port: int, number: int) -> int:
    body = {"page_url": "https://blog.example/a", "author": "Anna", "body": f"{WORDS} {number}."}
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/api/v1/sites/blog/comments", json.dumps(body), headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    found.command("db", "upgrade")
    found.command("site", "add", "blog", "--name", "Blog", "--origin", "https://blog.example")
    try:
        yield found
    finally:
        found.end()


def test_comments_wait_while_the_analyzer_is_dead_and_none_is_lost(house: House) -> None:
    key = house.command("key", "add", "web", "--site", "blog", "--scope", "analyze")
    analyzer = house.start("analyzer", house.analyzer)
    house.start(
        "web",
        house.web,
        ENGAGEMENT_SCREENING__MODEL="remote",
        ENGAGEMENT_SCREENING__REMOTE_URL=f"http://127.0.0.1:{house.analyzer}",
        ENGAGEMENT_SCREENING__REMOTE_KEY=key,
    )
    answered: dict[int, int] = {}
    enough, total = threading.Event(), 60

    def send(number: int) -> None:
        answered[number] = comment(house.web, number)
        if len(answered) >= total // 3:
            enough.set()

    with ThreadPoolExecutor(4) as readers:
        sent = [readers.submit(send, number) for number in range(total)]
        assert enough.wait(PATIENCE)
        os.killpg(analyzer.pid, signal.SIGKILL)
        for each in sent:
            each.result(PATIENCE)
    assert answered[0] == 201
    assert set(answered.values()) == {201, 202}
    kept = house.statuses()
    assert set(kept) == {f"{WORDS} {number}." for number in range(total)}
    wanted = {201: "published", 202: "held"}
    assert {kept[f"{WORDS} {number}."] == wanted[status] for number, status in answered.items()} == {True}

    house.start("analyzer", house.analyzer)
    house.let_time_pass()
    wait_for("every comment to be screened again", lambda: set(house.statuses().values()) == {"published"})
    assert len(house.statuses()) == total
