"""``engagement doctor`` and ``engagement openapi``, through the console script."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from engagement.cli.doctor import openapi
from engagement.console import commands
from tests.cli.test_moderators import House


def ask(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENGAGEMENT_SERVER__SECRET_KEY", "dRx8vWq2mT5zLk0pBn7sYc4hJf1gAe9u")
    return tmp_path


def test_a_fresh_folder_lacks_its_tables_and_the_doctor_names_the_command(here: Path) -> None:
    answer = ask("doctor")
    assert answer.exit_code == 1
    assert "wrong  schema" in answer.output
    assert "→ type: engagement db upgrade" in answer.output
    assert ask("db", "upgrade").exit_code == 0
    again = ask("doctor")
    assert again.exit_code == 0
    assert "warn   sites" in again.output


def test_findings_are_there_for_programs(here: Path) -> None:
    found = json.loads(ask("doctor", "--json").stdout)
    assert {tuple(one) for one in found} == {("what", "grade", "told", "advice")}
    assert {one["what"]: one["grade"] for one in found}["schema"] == "wrong"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("ENGAGEMENT_MAIL__COLOUR", "red", "mail.colour"),
        ("ENGAGEMENT_SERVER__SECRET_KEY", "short", "server.secret_key"),
        ("ENGAGEMENT_LIMITS__READS", "often", "limits.reads"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_a_finding(
    here: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str, said: str
) -> None:
    monkeypatch.setenv(key, value)
    (found,) = json.loads(ask("doctor", "--json").stdout)
    assert (found["what"], found["grade"]) == ("configuration", "wrong")
    assert said in found["told"]
    assert ask("doctor").exit_code == 1
    assert ask("site", "list").exit_code == 1


def test_the_printed_document_is_the_served_one(client: FlaskClient) -> None:
    printed = CliRunner().invoke(openapi, obj=House(client.application))
    assert json.loads(printed.stdout) == client.get("/api/openapi.json").get_json()
