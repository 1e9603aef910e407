"""The schema's version, and its migrations."""

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import DateTime, func, inspect, select, text
from sqlalchemy.orm import Session

_HERE = Path(__file__).resolve().parent.parent


class Standing(StrEnum):
    """How a database's schema stands to the one that this program was written for."""

    CURRENT = "current"
    EMPTY = "empty"
    OLDER = "older"
    FOREIGN = "foreign"  # made by a newer version, or by another program


def migrations() -> Path:
    """The folder of the migrations: the checkout's, or the copy inside an installed package."""
    checkout = _HERE.parent / "migrations"
    return checkout if (checkout / "env.py").is_file() else _HERE / "_installed" / "migrations"


@lru_cache(maxsize=1)
def _known() -> tuple[str, ...]:
    """Every revision that this program has a migration for, the newest first."""
    config = Config()
    config.set_main_option("script_location", str(migrations()))
    return tuple(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())


def newest() -> str:
    return _known()[0]


def version(session: Session) -> str | None:
    """The revision of the database; None where it was never migrated."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def standing(session: Session) -> Standing:
    """May this program work on the database?"""
    found = version(session)
    if found is None:
        return Standing.EMPTY
    if found == newest():
        return Standing.CURRENT
    return Standing.OLDER if found in _known() else Standing.FOREIGN


def is_current(session: Session) -> bool:
    """Whether the database has the schema that this program was written for."""
    return standing(session) is Standing.CURRENT


def server_time(session: Session) -> datetime | None:
    """The clock of the database's server; None where the database is a file of this machine."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    return session.scalar(select(func.clock_timestamp(type_=DateTime(timezone=True))))
