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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask_migrate import upgrade

from engagement.app import create_app
from engagement.domain.comments import Submission
from engagement.services import comments, sites
from engagement.services.ports import Toolbox
from engagement.settings import load
from engagement.storage.db import db
from engagement.storage.schema import migrations
from tests.conftest import demo_site
from tests.fakes import FixedScreener
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
    settings: dict[str, Any]
    started: list["Running"] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.settings["server__port"])

    @property
    def config(self) -> Path:
        return self.folder / "engagement.toml"

    def configure(self, **settings: Any) -> None:
        """Write the configuration for what is started next; ``queue__url="workers"`` sets one setting."""
        self.settings |= settings
        lines = (f"{name.replace('__', '.')} = {json.dumps(value)}\n" for name, value in self.settings.items())
        self.config.write_text("".join(lines), "utf-8")

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

    def start(self, *words: str, ignoring: signal.Signals | None = None, log: str = "log") -> "Running":
        """Start in the background; ``ignoring`` as a shell does it for SIGINT with ``&``, or nohup for SIGHUP.

        ``log``: where its output goes, from the folder.
        """
        before = signal.signal(ignoring, signal.SIG_IGN) if ignoring else None
        try:
            with (self.folder / log).open("ab", buffering=0) as output:
                process = subprocess.Popen(
                    self.command(*words), cwd=self.folder, env=_environment(), stdin=subprocess.DEVNULL,
                    stdout=output, stderr=output, start_new_session=True,
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
    """A service on a database, with settings of its own. Whatever still runs is killed at the end."""
    usual: dict[str, Any] = {
        "server__port": free_port(),
        "server__secret_key": "a-key-for-tests-" * 3,
        "database__url": database_url,
        "limits__enabled": False,
        "limits__flood_per_minute": 0,
        "limits__flood_per_hour": 0,
        "mail__folder": str(folder / "mails"),
        "mail__sender": "commenti@blog.example",
    }
    made = Service(folder, usual)
    made.configure(**settings)
    try:
        yield made
    finally:
        for running in made.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait(PATIENCE)


def smtp(port: int) -> dict[str, Any]:
    """Settings that send through a server on this machine."""
    return {"mail__transport": "smtp", "mail__host": "127.0.0.1", "mail__port": port, "mail__tls": "none"}


@contextmanager
def inside(made: Service) -> Iterator[Toolbox]:
    """An application of this process on the same configuration, for what a test needs beforehand."""
    app = create_app(load(environ={"ENGAGEMENT_CONFIG": str(made.config)}))
    with app.app_context():
        yield app.extensions["engagement"]
        db.engine.dispose()


def with_site(made: Service) -> Service:
    """Tables, and one site whose author wants mail."""
    with inside(made) as tools:
        upgrade(directory=str(migrations()))
        sites.save_site(tools, replace(demo_site(), key=SITE))
    return made


def with_mails(made: Service, count: int) -> None:
    """So many published comments, each with its mail waiting in the outbox."""
    with inside(made) as tools:
        polite, site = replace(tools, screener=FixedScreener()), sites.find_site(SITE)
        for number in range(count):
            comments.submit_comment(polite, site, Submission(PAGE, "Anna", f"Un parere pacato, il numero {number}."))


def _environment() -> dict[str, str]:
    """Without settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")}
