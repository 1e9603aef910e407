"""Databases that nobody migrated yet, as an operator finds them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import POSTGRES, WORKER, missing_service


@pytest.fixture(autouse=True)
def _processes_can_be_seen() -> None:
    if not Path("/proc/self/stat").exists():
        missing_service("no /proc here to look for processes in")


@pytest.fixture
def fresh_sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/fresh.sqlite"


@pytest.fixture
def fresh_postgres() -> Iterator[str]:
    admin = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    name = f"engagement_faults_{WORKER}_{os.getpid()}"
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    except sa.exc.OperationalError:
        missing_service(f"no PostgreSQL answers at {sa.make_url(POSTGRES).host}")
    yield sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("fresh_sqlite" if request.param == "sqlite" else "fresh_postgres"))
