"""How long a thread of 5,000 comments takes to read: ready answers against answers made anew.

    python benchmarks/reading.py [--comments 5000] [--rounds 30]

Starts two web tiers on one SQLite database, ``cache.megabytes`` 32 and 0, and asks them in turn on one connection
each, so that a busy machine slows both. The yardstick is ``/health/live``. The last lines play readers who come back
with the tag they have, while every 100th call votes and so changes the thread: the share of 304, and what a call costs.
Exits 1 where the two do not give the same bytes.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from engagement.app import create_app
from engagement.domain.comments import comment_id
from engagement.markup import render
from engagement.services import sites
from engagement.settings import load
from engagement.storage.db import db
from engagement.storage.tables import CommentRow, PageRow

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0  # seconds for a server to start or an answer to come
PAGE, FULL = "https://blog.example/articolo", 200
READERS, READS, VOTE_EVERY = 20, 1_000, 100
TEXT = (
    "Ho letto l'articolo con **molto** interesse: anche io ho un vecchio portatile in cantina e questa domenica "
    "proverò a farne un piccolo server.\n\n> Un server di casa deve essere noioso.\n\nIl mio è il numero"
)


class Reader:
    """One connection to one web tier."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._port = port

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str, bytes]:
        """Status, tag and body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body, named)
        answer = self._connection.getresponse()
        return answer.status, answer.headers.get("ETag", ""), answer.read()

    def thread(self, encoding: str = "identity", tag: str = "", **query: object) -> tuple[int, str, bytes]:
        known = {"If_None_Match": tag} if tag else {}
        path = f"/api/v1/sites/blog/comments?{urlencode({'page_url': PAGE} | query)}"
        return self.ask("GET", path, Accept_Encoding=encoding, **known)

    def whole(self) -> bytes:
        """Every page of the thread, one after the other."""
        found, after = b"", {}
        while True:
            status, _, body = self.thread(limit=FULL, **after)
            assert status == 200, body
            found += body
            cursor = json.loads(body)["next"]
            if cursor is None:
                return found
            after = {"after": cursor}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--comments", type=int, default=5_000)
    options.add_argument("--rounds", type=int, default=30)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as open_things:
        environ = environment(Path(folder))
        ids = seed(environ, chosen.comments)
        ready, anew = (Reader(open_things.enter_context(web(environ, room, Path(folder)))) for room in (32, 0))
        same = ready.whole() == anew.whole()
        print(f"a thread of {chosen.comments} comments, {os.cpu_count()} cores; first quartile of {chosen.rounds}, ms")
        print(f"{'':34}{'ready':>9}{'anew':>9}{'ratio':>8}")
        yardstick = compare(ready, anew, chosen.rounds, lambda r: r.ask("GET", "/health/live"))
        line("/health/live (yardstick)", yardstick)
        for name, call in scenes(ready).items():
            line(name, compare(ready, anew, chosen.rounds if name != "all of it" else 9, call))
        sizes = [len(ready.thread(encoding)[2]) for encoding in ("identity", "gzip")]
        print(f"bytes of the first page: {sizes[0]} plain, {sizes[1]} gzip ({sizes[0] / sizes[1]:.1f} to 1)")
        returning(ready, anew, ids)
    print("both gave the same bytes" if same else "THE TWO DIFFER")
    return int(not same)


def scenes(reader: Reader) -> dict[str, Callable[[Reader], object]]:
    tag = reader.thread()[1]
    middle = "oldest." + json.loads(reader.thread(limit=FULL, sort="oldest")[2])["comments"][-1]["id"]
    cursor = json.loads(reader.thread(limit=FULL, sort="popular")[2])["next"]
    return {
        "first page of 50": lambda r: r.thread(),
        "first page of 50, gzip": lambda r: r.thread("gzip"),
        "newest 50, gzip": lambda r: r.thread("gzip", sort="newest"),
        "popular 200 behind a cursor": lambda r: r.thread(sort="popular", limit=FULL, after=cursor),
        "200 in the middle": lambda r: r.thread(limit=FULL, after=middle),
        "304": lambda r: r.thread(tag=tag),
        "all of it": lambda r: r.whole(),
    }


def compare(ready: Reader, anew: Reader, rounds: int, call: Callable[[Reader], object]) -> tuple[float, float]:
    """Milliseconds of each, called in turn: the first quartile, for other work on the machine only ever adds."""
    times: dict[Reader, list[float]] = {ready: [], anew: []}
    for number in range(rounds + 1):
        for reader, found in times.items():
            started = time.perf_counter()
            call(reader)
            if number:
                found.append((time.perf_counter() - started) * 1000)
    return quantiles(times[ready])[0], quantiles(times[anew])[0]


def line(name: str, found: tuple[float, float]) -> None:
    print(f"{name:34}{found[0]:9.2f}{found[1]:9.2f}{found[1] / found[0]:8.1f}")


def returning(ready: Reader, anew: Reader, ids: list[str]) -> None:
    """Readers who keep what they got, one after the other, and votes between; the share of 304 and the mean time."""
    means = []
    for number, reader in enumerate((ready, anew)):
        tags, spent, unchanged = [""] * READERS, 0.0, 0
        for turn in range(READS):
            if turn % VOTE_EVERY == 0:
                path = f"/api/v1/sites/blog/comments/{ids[turn + number]}/vote"
                status, _, body = reader.ask("PUT", path, '{"value": 1}', Content_Type="application/json")
                assert status == 200, body
            started = time.perf_counter()
            status, tag, _ = reader.thread("gzip", tags[turn % READERS])
            spent += (time.perf_counter() - started) * 1000
            tags[turn % READERS], unchanged = tag, unchanged + (status == 304)
        means.append(spent / READS)
    line(f"{READERS} readers coming back (mean)", (means[0], means[1]))
    print(f"share of 304 among them: {unchanged / READS:.0%}, with a change every {VOTE_EVERY} reads")


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")}
    return kept | {
        "ENGAGEMENT_DATABASE__URL": f"sqlite:///{folder}/reading.sqlite",
        "ENGAGEMENT_SERVER__SECRET_KEY": "a-key-for-a-benchmark-" * 2,
        "ENGAGEMENT_LIMITS__ENABLED": "false",
        "ENGAGEMENT_SCREENING__MODEL": "none",
    }


def seed(environ: dict[str, str], many: int) -> list[str]:
    """The database with one long thread; the ids of its comments."""
    for words in (["db", "upgrade"], ["site", "add", "blog", "--origin", "https://blog.example"]):
        run = [sys.executable, "-m", "engagement.console", *words]
        subprocess.run(run, env=environ, cwd=ROOT, check=True, capture_output=True)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    app = create_app(load(environ=environ))
    with app.app_context(), db.engine.begin() as connection:
        site = sites.find_site("blog").id
        page = {"site_id": site, "url": PAGE, "title": "L'articolo", "open": True, "version": 1, "count": many}
        page_id = connection.execute(sa.insert(PageRow).values(**page, created_at=start)).inserted_primary_key[0]
        rows = [comment(n, start + timedelta(minutes=n), site, page_id) for n in range(many)]
        connection.execute(sa.insert(CommentRow), rows)
    return [row["id"] for row in rows]


def comment(number: int, at: datetime, site: int, page: int) -> dict[str, Any]:
    body = f"{TEXT} {number}."
    known = {"id": comment_id(at, number), "site_id": site, "page_id": page, "body": body, "body_html": render(body)}
    texts = {
        "author": f"Lettrice {number}",
        "email": "",
        "website": "",
        "client_hash": "",
        "text_hash": "",
        "learnt": "",
    }
    zeros = dict.fromkeys(("votes", "ups", "downs", "replies", "screen_attempts"), 0)
    nothing = dict.fromkeys(("parent", "edited_at", "edit_id", "screen_at"))
    rest = {"status": "published", "created_at": at, "rank": number % 50, "version": 1, "risk": 0.0}
    return {**known, **texts, **zeros, **nothing, **rest, "notify_replies": False, "screen_lease": ""}


@contextmanager
def web(environ: dict[str, str], megabytes: int, folder: Path) -> Iterator[int]:
    """A running web tier: its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"ENGAGEMENT_SERVER__PORT": str(port), "ENGAGEMENT_CACHE__MEGABYTES": str(megabytes)}
    with (folder / f"log-{megabytes}").open("wb") as log:
        run = [sys.executable, "-m", "engagement.console", "web"]
        server = subprocess.Popen(run, env=environ | settings, cwd=ROOT, stdout=log, stderr=log)
    try:
        until_it_answers(port, server)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE)


def until_it_answers(port: int, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and server.poll() is None:
        try:
            if Reader(port).ask("GET", "/health/live")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web tier did not start")


if __name__ == "__main__":
    sys.exit(main())
