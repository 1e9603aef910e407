"""The real service in a process group of its own, on a configuration file of its own."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.mail.servers import free_port

PATIENCE = 60.0  # seconds until a condition that should come true is given up; never a measure of success
SITE, PAGE = "blog", "https://blog.example/articolo"


def wait_until(true: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first truthy answer; fails with what was waited for."""
    end = time.monotonic() + patience
    while not (found := true()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience:.0f} s for this in vain: {what}")
        time.sleep(0.01)
    return found


@dataclass
class Service:
    """A configuration, and the processes that were started with it."""

    folder: Path
    port: int
    config: Path
    started: list["Running"] = field(default_factory=list)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "engagement.console", "--config", str(self.config), *words]

    def call(self, *words: str, expect: int = 0) -> str:
        """Run a command to its end; standard output and standard error together."""
        done = subprocess.run(
            self.command(*words), cwd=self.folder, env=_environment(), capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, *words: str, ignoring: signal.Signals | None = None) -> "Running":
        """Start in the background; ``ignoring`` as a shell does it for SIGINT with ``&``, or nohup for SIGHUP."""
        before = signal.signal(ignoring, signal.SIG_IGN) if ignoring else None
        try:
            with (self.folder / "log").open("ab") as log:
                process = subprocess.Popen(
                    self.command(*words), cwd=self.folder, env=_environment(), stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
        finally:
            if ignoring:
                signal.signal(ignoring, before)
        running = Running(process, self)
        self.started.append(running)
        return running

    def serve(self, word: str = "run", **options: Any) -> "Running":
        """Start a server and wait until it is ready."""
        running = self.start(word, **options)
        wait_until(lambda: running.died() or self.ready(), f"{word} to be ready")
        assert not running.died(), self.log()
        return running

    def ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/health/ready")[0] == 200
        return False

    def ask(self, method: str, path: str, body: object = None, timeout: float = PATIENCE) -> tuple[int, Any]:
        """One request on a connection of its own, read to its end."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def post(self, text: str, author: str = "Anna") -> tuple[int, Any]:
        body = {"page_url": PAGE, "author": author, "body": text}
        return self.ask("POST", f"/api/v1/sites/{SITE}/comments", body)

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")


@dataclass
class Running:
    """One started command with all its children."""

    process: subprocess.Popen[bytes]
    service: Service

    def died(self) -> bool:
        return self.process.poll() is not None

    def members(self) -> list[int]:
        """The living processes of the group; a zombie that nobody has fetched yet lives no more."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                pid = int(entry.name)
                state, _parent, group = (entry / "stat").read_text().rpartition(") ")[2].split()[:3]
                if int(group) == self.process.pid and state not in "ZX":
                    found.append(pid)
        return found

    def kill(self) -> None:
        """kill -9 for all of it at once, the supervisor and its processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.must_be_gone()

    def tell(self, number: signal.Signals, *, all_of_it: bool = False) -> None:
        """Send a signal: to the process that was started, or to the group, as a terminal does."""
        (os.killpg if all_of_it else os.kill)(self.process.pid, number)

    def ended(self) -> int:
        """Wait for the end; the exit status."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end:\n{self.service.log()}") from None
        self.must_be_gone()
        return status

    def must_be_gone(self) -> None:
        wait_until(lambda: not self.members(), "every process of the group to be gone")


@contextmanager
def service(folder: Path, database_url: str, **settings: Any) -> Iterator[Service]:
    """A service on a database; ``queue__url="workers"`` sets one setting. Whatever still runs is killed at the end."""
    given: dict[str, Any] = {
        "server__port": free_port(),
        "server__secret_key": "a-key-for-tests-" * 3,
        "database__url": database_url,
        "limits__enabled": False,
        "limits__flood_per_minute": 0,
        "limits__flood_per_hour": 0,
        "mail__folder": str(folder / "mails"),
        "mail__sender": "commenti@blog.example",
    } | settings
    config = folder / "engagement.toml"
    config.write_text("".join(_lines(given)), "utf-8")
    made = Service(folder, given["server__port"], config)
    try:
        yield made
    finally:
        for running in made.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait(PATIENCE)


def with_site(made: Service) -> Service:
    """Tables, and one site whose author wants mail."""
    made.call("db", "upgrade")
    made.call("site", "add", SITE, "--origin", "https://blog.example", "--author-email", "autore@blog.example")
    return made


def _lines(settings: dict[str, Any]) -> Iterator[str]:
    for name, value in settings.items():
        section, key = name.split("__")
        yield f"{section}.{key} = {json.dumps(value)}\n"


def _environment() -> dict[str, str]:
    """Without settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")}
