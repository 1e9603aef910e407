"""One database of each kind, emptied between tests; an application on each."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from engagement.app import create_app, make_toolbox
from engagement.domain.sites import Site
from engagement.mail.postmen import MemoryPostman
from engagement.services import sites
from engagement.services.ports import Toolbox
from engagement.settings import load
from engagement.storage.db import db
from engagement.storage.schema import migrations
from tests.fakes import FixedScreener, StoppedClock

POSTGRES = os.environ.get("ENGAGEMENT_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
REQUIRED = os.environ.get("ENGAGEMENT_REQUIRE_SERVICES") == "1"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")


def missing_service(why: str) -> None:
    """Skip with a plain reason, or fail where services are required."""
    if REQUIRED:
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _migrated(f"sqlite:///{tmp_path_factory.mktemp('db')}/test.sqlite")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    admin = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    name = f"engagement_test_{WORKER}_{os.getpid()}"
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    except sa.exc.OperationalError:
        missing_service(f"no PostgreSQL answers at {sa.make_url(POSTGRES).host}")
    yield _migrated(sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False))
    with admin.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def screener() -> FixedScreener:
    return FixedScreener()


@pytest.fixture
def make_app(
    database_url: str, clock: StoppedClock, screener: FixedScreener, tmp_path: Path
) -> Iterator[Callable[..., Flask]]:
    """Build an application; ``limits__comments="2 per minute"`` sets one setting."""
    made: list[Flask] = []

    def build(**overrides: Any) -> Flask:
        environ = {"ENGAGEMENT_" + key.upper(): str(value) for key, value in _defaults(tmp_path).items()}
        environ |= {"ENGAGEMENT_" + key.upper(): str(value) for key, value in overrides.items()}
        environ["ENGAGEMENT_DATABASE__URL"] = database_url
        settings = load(environ=environ)
        tools = replace(make_toolbox(settings, clock), screener=screener, postman=MemoryPostman())
        app = create_app(settings, tools)
        app.testing = True
        made.append(app)
        if len(made) == 1:
            _empty(app)
            with app.app_context():
                sites.save_site(app.extensions["engagement"], demo_site())
        return app

    yield build
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    app = make_app()
    with app.app_context():
        yield app


@pytest.fixture
def tools(app: Flask) -> Toolbox:
    tools: Toolbox = app.extensions["engagement"]
    return tools


@pytest.fixture
def site(app: Flask) -> Site:
    return sites.find_site("demo")


@pytest.fixture
def make_client(make_app: Callable[..., Flask]) -> Callable[..., FlaskClient]:
    return lambda **overrides: make_app(**overrides).test_client()


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> FlaskClient:
    return make_app().test_client()


def demo_site() -> Site:
    return Site(
        id=0,
        key="demo",
        name="Il blog di prova",
        origins=("http://localhost", "http://127.0.0.1:8000", "https://blog.example"),
        author_email="autore@demo.example",
    )


def _defaults(tmp_path: Path) -> dict[str, str]:
    return {
        "server__secret_key": "a-key-for-tests-" * 3,
        "limits__enabled": "false",
        "limits__flood_per_minute": "0",
        "limits__flood_per_hour": "0",
        "mail__folder": str(tmp_path / "mails"),
        "mail__sender": "commenti@blog.example",
    }


def _migrated(url: str) -> str:
    settings = load(environ={"ENGAGEMENT_DATABASE__URL": url, "ENGAGEMENT_SERVER__SECRET_KEY": "k" * 40})
    app = create_app(settings)
    with app.app_context():
        upgrade(directory=str(migrations()))
        db.engine.dispose()
    return url


def _empty(app: Flask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        for table in reversed(db.Model.metadata.sorted_tables):
            connection.execute(table.delete())
