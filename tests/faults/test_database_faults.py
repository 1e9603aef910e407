"""A database that is locked, full, read-only or restarted: refused in words, nothing half kept, and over when it is."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from engagement.domain.errors import Unavailable
from engagement.storage.db import BUSY_SECONDS, db, transaction
from engagement.worker import Background
from tests.conftest import POSTGRES

pytestmark = pytest.mark.faults

COMMENTS, PAGE = "/api/v1/sites/demo/comments", "https://blog.example/a"


class Blog:
    """An application, what it acknowledged, and how it answers."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self.acknowledged: set[str] = set()
        self._sent = 0

    def post(self, filler: str = "") -> TestResponse:
        self._sent += 1
        body = {"page_url": PAGE, "author": "Anna", "body": f"Un articolo chiaro, il numero {self._sent}. {filler}"}
        answer = self.client.post(COMMENTS, json=body)
        if answer.status_code == 201:
            self.acknowledged.add(answer.get_json()["comment"]["id"])
        return answer

    def listed(self) -> set[str]:
        answer = self.client.get(COMMENTS, query_string={"page_url": PAGE, "limit": 200})
        assert answer.status_code == 200
        return {one["id"] for one in answer.get_json()["comments"]}

    def refuses(self, filler: str = "") -> None:
        """A comment is answered 503, with when to come again; readers and the live check notice nothing."""
        answer = self.post(filler)
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert answer.get_json()["type"].endswith("/problems/unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert self.listed() == self.acknowledged
        assert self.client.get("/health/live").status_code == 200

    def works(self) -> None:
        assert self.post().status_code == 201
        assert self.listed() == self.acknowledged


@pytest.fixture
def blog(app: Flask) -> Blog:
    made = Blog(app)
    made.works()
    return made


@pytest.fixture
def on_sqlite(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("a fault of SQLite's")


@pytest.fixture
def on_postgresql(app: Flask) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("a fault of PostgreSQL's")


@pytest.fixture
def pragma(app: Flask) -> Iterator[Callable[[str], Any]]:
    """Set something on every connection of the application from now on."""
    told: list[str] = []

    def on_checkout(connection: Any, _record: Any, _proxy: Any) -> None:
        for one in told:
            connection.execute(f"PRAGMA {one}")

    sa.event.listen(db.engine, "checkout", on_checkout)
    yield told.append
    sa.event.remove(db.engine, "checkout", on_checkout)


@pytest.mark.usefixtures("on_sqlite")
def test_a_lock_that_is_held_too_long_is_503_and_a_short_one_is_waited_for(
    blog: Blog, pragma: Callable[[str], Any]
) -> None:
    other = sa.create_engine(db.engine.url)
    with other.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        pragma("busy_timeout=50")  # instead of five seconds
        blog.refuses()
        pragma(f"busy_timeout={BUSY_SECONDS * 1000:.0f}")
        lets_go = threading.Timer(0.2, holder.rollback)
        lets_go.start()
        blog.works()
        lets_go.join()
    other.dispose()


@pytest.mark.usefixtures("on_sqlite")
def test_a_full_disk_refuses_comments_answers_readers_and_loses_nothing(
    blog: Blog, pragma: Callable[[str], Any]
) -> None:
    with db.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    pragma(f"max_page_count={pages + 4}")
    filler = "Parole che occupano spazio, tutte diverse o quasi. " * 200
    while (answer := blog.post(filler)).status_code in {201, 202}:
        pass  # some wait for a person: they are much alike
    assert answer.status_code == 503
    blog.refuses(filler)
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    pragma("max_page_count=1000000")
    blog.works()


def test_a_database_that_became_read_only_refuses_comments_and_answers_readers(
    app: Flask, blog: Blog, pragma: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    switch = pragma if db.engine.dialect.name == "sqlite" else _set
    switch(_read_only(True))
    try:
        blog.refuses()
        Background(app, 1).once()  # no job can write, and none ends the others
        assert "the job deliver_due failed; it is tried again at the next sweep" in caplog.text
        assert "the job tidy failed" in caplog.text
    finally:
        switch(_read_only(False))
    blog.works()


def _read_only(on: bool) -> str:
    if db.engine.dialect.name == "sqlite":
        return f"query_only={'ON' if on else 'OFF'}"
    return f'ALTER DATABASE "{db.engine.url.database}" SET default_transaction_read_only = {"on" if on else "off"}'


def _set(statement: str) -> None:
    """As an operator, from outside; the application's connections are made anew, as after a switch to a standby."""
    admin = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(statement)
    admin.dispose()
    db.engine.dispose()


@pytest.mark.usefixtures("on_postgresql")
def test_a_database_that_was_restarted_costs_no_comment(blog: Blog) -> None:
    """Every connection is cut, as ``pg_ctl restart -m immediate`` does it; the next request uses a fresh one."""
    for _ in range(3):
        _cut_all()
        blog.works()


@pytest.mark.usefixtures("on_postgresql")
def test_a_connection_that_is_cut_in_a_transaction_is_unavailable_and_nothing_is_kept(blog: Blog) -> None:
    def cut_short() -> None:
        with transaction() as session:
            session.execute(sa.text("UPDATE sites SET name = 'half'"))
            _cut_all()
            session.execute(sa.text("SELECT 1"))

    with pytest.raises(Unavailable):
        cut_short()
    with db.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM sites WHERE name = 'half'")) == 0
    blog.works()


def _cut_all() -> None:
    admin = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        found = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        cut = connection.execute(found, {"name": db.engine.url.database}).all()
    admin.dispose()
    assert cut


def test_a_pool_without_a_free_connection_is_unavailable(app: Flask) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite's pool has no end that matters")
    pool: Any = db.engine.pool
    pool._timeout = 0.05
    with ExitStack() as held:

        def hold_one_more() -> None:
            held.enter_context(transaction()).execute(sa.text("SELECT 1"))

        for _ in range(pool.size() + pool._max_overflow):
            hold_one_more()
        with pytest.raises(Unavailable) as refused:
            hold_one_more()
    assert refused.value.detail == "every connection to the database is in use"
