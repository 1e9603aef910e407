"""The migrations lead to the tables that the program knows, and back again, on both databases."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade

from engagement.app import create_app
from engagement.settings import load
from engagement.storage.db import db
from engagement.storage.schema import migrations
from tests.conftest import POSTGRES, WORKER, missing_service


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application on a database without any table."""
    if request.param == "sqlite":
        yield from _application(f"sqlite:///{tmp_path}/empty.sqlite")
        return
    admin = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    name = f"engagement_migrations_{WORKER}_{os.getpid()}"
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    except sa.exc.OperationalError:
        missing_service(f"no PostgreSQL answers at {sa.make_url(POSTGRES).host}")
    yield from _application(sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False))
    with admin.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    admin.dispose()


def _application(url: str) -> Iterator[Flask]:
    app = create_app(load(environ={"ENGAGEMENT_DATABASE__URL": url, "ENGAGEMENT_SERVER__SECRET_KEY": "k" * 40}))
    with app.app_context():
        yield app
        db.engine.dispose()


def differences() -> list[object]:
    """What Alembic would write into a migration now."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, db.Model.metadata))


def tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names())


def test_the_migrations_make_the_tables_that_the_program_knows(empty: Flask) -> None:
    assert len(differences()) >= len(db.Model.metadata.tables), "what is missing is found"
    upgrade(directory=str(migrations()))
    assert differences() == []


def test_every_migration_can_be_taken_back_and_made_again(empty: Flask) -> None:
    folder = str(migrations())
    upgrade(directory=folder)
    downgrade(directory=folder, revision="base")
    assert tables() == {"alembic_version"}
    upgrade(directory=folder)
    assert tables() == {"alembic_version", *db.Model.metadata.tables}
    assert differences() == []
