"""The commands of ``docs/backups.md``, typed while comments come in: whole copies, and a service that starts from one."""

import re
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import POSTGRES, missing_service
from tests.faults.service import PATIENCE, SITE, Service, service, wait_until, with_site
from tests.mail.servers import free_port

pytestmark = pytest.mark.faults

PAGE = Path(__file__).resolve().parents[2] / "docs/backups.md"
FILE = "/var/lib/engagement/var/engagement.sqlite"
ROUNDS = 5


def commands(heading: str, language: str = "sh") -> list[str]:
    """The blocks of commands below a heading, in their order."""
    section = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found, heading
    return found


def type_in(block: str, places: dict[str, str]) -> None:
    for named, here in places.items():
        block = block.replace(named, here)
    done = subprocess.run(["sh", "-ec", block], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def comments_coming_in(made: Service) -> Iterator[set[str]]:
    """Somebody posts without a pause; what was acknowledged so far."""
    acknowledged: set[str] = set()
    stop = threading.Event()

    def post() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            status, answer = made.post(f"Un parere pacato, il numero {number}.")
            assert status == 201
            acknowledged.add(answer["comment"]["id"])

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield acknowledged
    finally:
        stop.set()
        thread.join()


def listed(made: Service) -> set[str]:
    status, answer = made.ask("GET", f"/api/v1/sites/{SITE}/latest?limit=50")
    assert status == 200
    return {one["id"] for one in answer["comments"]}


def end_waiting_mails(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in commands("Putting one back", "sql")[0].strip().split("\n"):
            connection.exec_driver_sql(statement)
        states = set(connection.execute(sa.text("SELECT state FROM outbox")).scalars())
    engine.dispose()
    assert states <= {"sent", "expired"}


def test_copies_of_sqlite_are_whole_and_one_can_be_put_back(fresh_sqlite: str, tmp_path: Path) -> None:
    if shutil.which("sqlite3") is None:
        pytest.skip("no sqlite3 here")
    places = {FILE: fresh_sqlite.removeprefix("sqlite:///"), "/backups": str(tmp_path)}
    with service(tmp_path, fresh_sqlite, mail__transport="memory") as made:
        running = with_site(made).serve("run")
        with comments_coming_in(made) as acknowledged:
            for number in range(1, ROUNDS + 1):
                wait_until(lambda due=number * 5: len(acknowledged) >= due, "comments to come in")
                before = set(acknowledged)
                type_in(commands("SQLite")[0], places)
                with closing(sqlite3.connect(tmp_path / "engagement.sqlite")) as copy:
                    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                    assert before <= {one for (one,) in copy.execute("SELECT id FROM comments")}
                    assert copy.execute("SELECT count(*) FROM day_keys").fetchone() == (0,)
        running.process.terminate()
        assert running.ended() == 0
        with closing(sqlite3.connect(tmp_path / "engagement.sqlite")) as copy:
            kept = {one for (one,) in copy.execute("SELECT id FROM comments ORDER BY id DESC LIMIT 50")}
        type_in(commands("Putting one back")[0], places)
        end_waiting_mails(fresh_sqlite)
        made.call("db", "upgrade")
        made.serve("run")
        assert listed(made) == kept
        assert made.post("Eccoci di nuovo.")[0] == 201


def test_a_dump_of_postgresql_is_whole_and_can_be_put_back(fresh_postgres: str, tmp_path: Path) -> None:
    if shutil.which("pg_dump") is None:
        missing_service("no pg_dump here")
    ours = sa.make_url(fresh_postgres).set(drivername="postgresql")
    restored = f"{ours.database}_restored"
    places = {
        "engagement_restored": restored,
        f"--dbname={restored}": f"--dbname='{_shown(ours.set(database=restored))}'",
        "--dbname=engagement\n": f"--dbname='{_shown(ours)}'\n",
        "--dbname=postgres": f"--dbname='{_shown(ours.set(database='postgres'))}'",
        "/backups": str(tmp_path),
    }
    with service(tmp_path, fresh_postgres, mail__transport="memory") as made:
        running = with_site(made).serve("run")
        with comments_coming_in(made) as acknowledged:
            wait_until(lambda: len(acknowledged) >= 10, "comments to come in")
            before = set(acknowledged)
            type_in(commands("PostgreSQL")[0], places)
        running.process.terminate()
        assert running.ended() == 0
        try:
            type_in(commands("Putting one back")[1], places)
            url = sa.make_url(fresh_postgres).set(database=restored).render_as_string(hide_password=False)
            end_waiting_mails(url)
            made.configure(database__url=url, server__port=free_port())
            made.call("db", "upgrade")
            again = made.serve("run")
            assert before <= listed(made) or len(before) > 50
            assert made.post("Eccoci di nuovo.")[0] == 201
            again.process.terminate()
            assert again.ended() == 0
        finally:
            admin = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{restored}" WITH (FORCE)')
            admin.dispose()


def _shown(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)
