"""The schema's version, and its migrations."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import DateTime, func, inspect, select, text
from sqlalchemy.orm import Session

_HERE = Path(__file__).resolve().parent.parent


def migrations() -> Path:
    """The folder of the migrations: the checkout's, or the copy inside an installed package."""
    checkout = _HERE.parent / "migrations"
    return checkout if (checkout / "env.py").is_file() else _HERE / "_installed" / "migrations"


@lru_cache(maxsize=1)
def newest() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(migrations()))
    return ScriptDirectory.from_config(config).get_current_head()


def is_current(session: Session) -> bool:
    """Whether the database has the schema that this program was written for."""
    return version(session) == newest()


def server_time(session: Session) -> datetime | None:
    """The clock of the database's server; None where the database is a file of this machine."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    return session.scalar(select(func.clock_timestamp(type_=DateTime(timezone=True))))


def version(session: Session) -> str | None:
    """The schema's version in the database; None where it has none yet."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    found = session.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)
