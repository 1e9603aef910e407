"""How long a campaign takes: a new article to 10,000 subscribers, on SQLite, with mails written and kept in memory.

    python benchmarks/campaign.py [--subscribers 10000] [--killed]

A real feed is read from a server on this machine, then one process walks and sends without a pace, as fast as it can.
With ``--killed``, ten workers one after another are killed (-9) at random moments before; what they did is written to a
file by each mail, and the mails that are missing or double are counted. Exits 1 where one is missing, or where a
worker left more than the one copy whose fate it took with it.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engagement.app import create_app, make_toolbox
from engagement.domain.mailing.articles import Rhythm
from engagement.domain.notices import LEASE, Delivery, SendOutcome
from engagement.domain.sites import Site
from engagement.services import sites
from engagement.services.mail import deliver_due
from engagement.services.mailing import campaigns, feeds
from engagement.services.ports import Toolbox
from engagement.settings import load
from engagement.storage.db import transaction
from engagement.storage.schema import migrations
from engagement.storage.tables import SubscriptionRow
from tests.archives.blog import blog, rss

KILLS = 10


class FilePostman:
    """Adds a line ``recipient Message-ID`` for each mail; what was added survives the process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def send(self, recipient: str, message: bytes) -> Delivery:
        os.write(self._file, f"{recipient} {message_from_bytes(message)['Message-ID']}\n".encode())
        return Delivery(SendOutcome.SENT)


class Later:
    """A clock that is some leases ahead, so that nobody waits for those of the dead."""

    def __init__(self, leases: int) -> None:
        self._ahead = leases * (LEASE + timedelta(minutes=1))

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead


def make_app(folder: Path, leases: int = 0) -> Flask:
    environ = {
        "ENGAGEMENT_DATABASE__URL": f"sqlite:///{folder}/campaign.sqlite",
        "ENGAGEMENT_SERVER__SECRET_KEY": "a key for the benchmark, of no use elsewhere",
        "ENGAGEMENT_FEEDS__ALLOW_PRIVATE": "true",
        "ENGAGEMENT_MAIL__BULK_PER_MINUTE": "10000000",
        "ENGAGEMENT_MAIL__SENDER": "newsletter@blog.example",
    }
    settings = load(environ=environ)
    tools = replace(make_toolbox(settings, Later(leases)), postman=FilePostman(folder / "sent"))
    return create_app(settings, tools)


def prepare(app: Flask, count: int) -> None:
    """Tables, a site, its subscribers, and one article that nobody was told about."""
    upgrade(directory=str(migrations()))
    tools: Toolbox = app.extensions["engagement"]
    site = sites.save_site(tools, Site(0, "blog", "Il blog", origins=("https://blog.example",)))
    now = tools.clock.now()
    same = {"site_id": site.id, "name": "", "state": "confirmed", "version": 1, "created_at": now, "confirmed_at": now}
    with transaction() as session:
        session.execute(sa.insert(SubscriptionRow), [{"email": f"l{n}@posta.example"} | same for n in range(count)])
    with blog() as server:
        server.put("/feed", rss(("vecchio", "Vecchio")))
        feed, _ = feeds.add_feed(tools, site, f"{server.url}/feed", Rhythm.AT_ONCE, 0)
        server.put("/feed", rss(("nuovo", "Un articolo nuovo"), ("vecchio", "Vecchio")))
        feeds.poll_now(tools, feed)


def work(app: Flask) -> None:
    tools: Toolbox = app.extensions["engagement"]
    with app.app_context():
        while campaigns.advance(tools) or deliver_due(tools, 1000):
            pass


def sent(folder: Path) -> list[str]:
    path = folder / "sent"
    return path.read_text().splitlines() if path.exists() else []


def kill_some(folder: Path, count: int) -> None:
    """Workers that die after a random number of mails, all of them before the campaign is over."""
    for number in range(KILLS):
        worker = subprocess.Popen([sys.executable, __file__, "--work", str(folder), "--leases", str(number)])
        goal = len(sent(folder)) + random.randint(1, max(1, count // (KILLS + 1)))
        while len(sent(folder)) < goal and worker.poll() is None:
            time.sleep(0.005)
        time.sleep(random.random() / 20)  # anywhere in a mail, not just after it was sent
        worker.send_signal(signal.SIGKILL)
        worker.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=10_000)
    parser.add_argument("--killed", action="store_true")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--leases", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(make_app(asked.work, asked.leases))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = make_app(folder)
        with app.app_context():
            prepare(app, asked.subscribers)
        began, processor = time.perf_counter(), time.process_time()
        if asked.killed:
            kill_some(folder, asked.subscribers)
        before = len(sent(folder))
        work(make_app(folder, KILLS + 1) if asked.killed else app)
        seconds, busy = time.perf_counter() - began, time.process_time() - processor
        copies = Counter(sent(folder))
        double = sum(number - 1 for number in copies.values())
        missing = asked.subscribers - len({line.split()[0] for line in copies})
        done = len(sent(folder)) - before
        print(f"{done} mails by the last worker, {1000 * busy / max(1, done):.1f} ms of processor time each")
        print(f"{asked.subscribers} subscribers in {seconds:.0f} s: {missing} missing, {double} double")
        if asked.killed:
            print(f"{KILLS} workers killed; a copy of a mail has the Message-ID of the first: {len(copies)} in all")
        return 1 if missing or double > (KILLS if asked.killed else 0) or len(copies) != asked.subscribers else 0


if __name__ == "__main__":
    sys.exit(main())
