"""One transaction a write, one short session a read; an answer is sent only after a durable commit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ColumnElement, DateTime, Engine, TypeDecorator, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from engagement.domain.errors import Unavailable

# A host that vanishes says no goodbye, and TCP alone believes in it for a quarter of an hour. Seconds; the last in ms.
_NOTICE_A_DEAD_HOST = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_WRITE, _CHANGED = "engagement_write", "engagement_changed"
BUSY_SECONDS = 5.0
_READ_ONLY = "25006"  # PostgreSQL's state while it takes no writes, as a standby does before it is promoted


class Base(DeclarativeBase):
    """All tables."""


class UtcTime(TypeDecorator[datetime]):
    """An instant. SQLite keeps no zone, so it goes in as UTC and comes back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time needs its zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


db = SQLAlchemy(model_class=Base)


def lately(time: Any, now: datetime, window: timedelta) -> ColumnElement[bool]:
    """Whether a column's ``time`` lies in the last ``window``, for counting what is limited.

    What lies further ahead was written before the clock was set back, and must not count until it shows that again.
    """
    found: ColumnElement[bool] = (time > now - window) & (time <= now + window)
    return found


@contextmanager
def transaction() -> Iterator[Session]:
    """A write: all of it or nothing, durable when the block ends.

    Raises ``Unavailable`` when the database is locked, gone, full or read-only; nothing was kept then.
    """
    with _answering(), Session(db.engine, expire_on_commit=False) as session:
        session.connection(execution_options={_WRITE: True})
        yield session
        session.commit()


@contextmanager
def reading() -> Iterator[Session]:
    """A read; the connection goes back to the pool when the block ends."""
    with _answering(), Session(db.engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Unavailable(detail=type(error.orig).__name__ + ": " + str(error.orig)[:200]) from error
    except PoolTimeout as error:
        raise Unavailable(detail="every connection to the database is in use") from error
    except DBAPIError as error:
        if error.connection_invalidated or getattr(error.orig, "sqlstate", None) == _READ_ONLY:
            raise Unavailable(detail=str(error.orig)[:200]) from error
        raise


def insert(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An ``INSERT`` that knows ``on_conflict_do_…``: the two databases share the words, not the class."""
    own = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return own(table)


def engine_options(url: str) -> dict[str, Any]:
    """Flask-SQLAlchemy's engine options for a database address."""
    if url.startswith("sqlite"):
        return {"hide_parameters": True, "connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    settings = "-c synchronous_commit=on -c statement_timeout=10000 -c lock_timeout=5000"
    return {
        "hide_parameters": True,  # what readers wrote stays out of the words of errors
        "pool_pre_ping": True,
        "pool_timeout": 5,
        "connect_args": {"options": settings, "connect_timeout": 5} | _NOTICE_A_DEAD_HOST,
    }


def prepare(engine: Engine) -> None:
    """Teach SQLite to be durable and to lock at the start of a write. PostgreSQL needs no teaching."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def tell_of_changes(engine: Engine, listener: Callable[[Session, int], None]) -> None:
    """Call ``listener(session, page_id)`` inside each transaction that changes what a page's thread shows."""
    engine.update_execution_options(**{_CHANGED: listener})


def listener(session: Session) -> Callable[[Session, int], None]:
    """Who is told of changes on the session's database; by default nobody."""
    told: Callable[[Session, int], None] = session.get_bind().get_execution_options().get(_CHANGED, _nobody)
    return told


def empty_log() -> bool:
    """Move SQLite's log into its file and cut it: what was deleted can be read there until then.

    False where it could not be done at once; nobody is kept waiting for it.
    """
    if db.engine.dialect.name != "sqlite":
        return True
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=100")
        busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        cursor.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
        cursor.close()
        return not busy
    finally:
        connection.close()


def _nobody(_session: Session, _page_id: int) -> None:
    pass


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and too weak
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # A write takes its lock now: upgrading a read lock later fails at once instead of waiting.
    write = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
