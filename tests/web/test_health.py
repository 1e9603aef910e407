"""What ``/health/ready`` says is missing, and that readers are answered meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from engagement.app import create_app
from engagement.domain.screening import NotScreened
from engagement.screening.guarded import MissingScreener
from engagement.services.mail import deliver_due
from engagement.services.operations.health import ModelWatch
from engagement.settings import Database
from engagement.storage.db import db
from tests.fakes import FixedScreener, StoppedClock

COMMENTS = "/api/v1/sites/demo/comments"


def ready(client: FlaskClient) -> tuple[int, Any]:
    client.application.extensions["engagement-model-watch"] = ModelWatch()
    answer = client.get("/health/ready")
    return answer.status_code, answer.get_json()


def comment(client: FlaskClient, body: str) -> int:
    sent = {"page_url": "https://blog.example/a", "author": "Anna", "body": body}
    return client.post(COMMENTS, json=sent).status_code


def test_nothing_is_missing(client: FlaskClient) -> None:
    assert ready(client) == (200, {"ready": True, "missing": [], "degraded": [], "model": "fixed@1"})


@pytest.mark.parametrize("why", ["missing", "broken", "slow"])
def test_a_model_that_does_not_answer_is_missing(client: FlaskClient, screener: FixedScreener, why: Any) -> None:
    screener.toxicity = NotScreened(why, "fixed@1")
    assert ready(client) == (503, {"ready": False, "missing": ["model"], "degraded": ["model"], "model": "fixed@1"})
    assert comment(client, "Un articolo chiaro.") == 202
    screener.toxicity = 0.01
    assert ready(client)[0] == 200


def test_a_service_that_chose_to_have_no_model_lacks_none(make_app: Callable[..., Flask]) -> None:
    app = make_app(screening__model="none")
    app.extensions["engagement"] = replace(app.extensions["engagement"], screener=MissingScreener("none", ""))
    assert ready(app.test_client())[0] == 200


def test_the_model_is_asked_by_one_of_many_callers(client: FlaskClient, screener: FixedScreener) -> None:
    assert {client.get("/health/ready").status_code for _ in range(5)} == {200}
    assert len(screener.seen) < 5


def test_work_that_nobody_takes_up_means_that_the_queue_is_missing(client: FlaskClient, clock: StoppedClock) -> None:
    assert comment(client, "Un articolo chiaro.") == 201  # a mail to the author is due
    clock.move(minutes=4)
    assert ready(client)[0] == 200
    clock.move(minutes=2)
    assert ready(client) == (503, {"ready": False, "missing": ["queue"], "degraded": ["queue"], "model": "fixed@1"})
    with client.application.app_context():
        assert deliver_due(client.application.extensions["engagement"]) == 1
    assert ready(client)[0] == 200


def test_comments_that_nobody_screens_again_mean_the_same(
    client: FlaskClient, clock: StoppedClock, screener: FixedScreener
) -> None:
    screener.toxicity = NotScreened("slow")
    assert comment(client, "Un articolo chiaro.") == 202
    screener.toxicity = 0.01
    with client.application.app_context():
        deliver_due(client.application.extensions["engagement"])
    clock.move(minutes=6)
    assert ready(client)[1]["missing"] == ["queue"]


def test_an_old_schema_is_missing(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    with app.app_context(), db.engine.begin() as connection:
        newest = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001_comments'"))
    try:
        status, told = ready(app.test_client())
        assert (status, told["missing"], told["degraded"]) == (503, ["schema"], [])
    finally:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": newest})


def test_a_database_that_is_gone_is_missing(make_app: Callable[..., Flask]) -> None:
    tools = make_app().extensions["engagement"]
    gone = Database(url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    lost = create_app(replace(tools.settings, database=gone), tools).test_client()
    status, told = ready(lost)
    assert (status, told["missing"], told["degraded"]) == (503, ["database"], [])
    assert lost.get("/health/live").status_code == 200
